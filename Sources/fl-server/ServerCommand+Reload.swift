import CommandLine
import Platform
import Services

extension ServerCommand {
    /// Options that change at once when the configuration is read again. Of a certificate the files may have changed as well.
    static let changeableAtOnce: [any AnyOption] = [forwarders, calendars, certificate, certificateKey]

    /// Lets SIGHUP read the configuration again.
    static func reload(
        _ arguments: Arguments, _ parts: ServerReload, _ runtime: RuntimeConfiguration, at signal: ReloadSignal,
        _ notification: ServiceNotification, log: Logger
    ) {
        let changeable = Set((changeableAtOnce + changeableInRounds).map(\.name))
        let configuration = ConfigurationReload(
            arguments, changeable: changeable, log: log, notification: notification)
        signal.take {
            configuration.perform { before, now in
                let settings = try settings(now)
                try ServerService.check(settings)
                let hadCertificate = !(before.file(certificate) ?? "").isEmpty
                guard (settings.certificate != nil) == hadCertificate else {
                    throw CommandLineError(
                        .configuration,
                        "certificate: found \(hadCertificate ? "none" : "one") where there was "
                            + "\(hadCertificate ? "one" : "none"), which needs a restart")
                }
                try runtime.restarted(now) { try parts.tune($0) }
                var said = try parts.takeUp(
                    settings, changed: now[forwarders].changes(since: before[forwarders]),
                    changedCalendars: now[calendars] != before[calendars])
                if let differences = runtime.differences { said["changedWhileRunning"] = differences }
                return said
            }
        }
    }
}
