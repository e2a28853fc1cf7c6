import CommandLine
import Platform
import Services

extension ServerCommand {
    /// Options that may change while the server runs. Of a certificate the files may have changed as well.
    private static let changeable: Set<String> = ["forwarders", "certificate", "certificate-key"]

    /// Lets SIGHUP read the configuration again.
    static func reload(_ arguments: Arguments, _ parts: ServerReload, at signal: ReloadSignal, log: Logger) {
        let configuration = ConfigurationReload(arguments, changeable: changeable, log: log)
        signal.take {
            configuration.perform { before, now in
                let settings = try settings(now)
                try ServerService.check(settings)
                let hadCertificate = !before[certificate].isEmpty
                guard (settings.certificate != nil) == hadCertificate else {
                    throw CommandLineError(
                        .configuration,
                        "certificate: found \(hadCertificate ? "none" : "one") where there was "
                            + "\(hadCertificate ? "one" : "none"), which needs a restart")
                }
                return try parts.takeUp(
                    settings, changed: now[forwarders].changes(since: before[forwarders]))
            }
        }
    }
}
