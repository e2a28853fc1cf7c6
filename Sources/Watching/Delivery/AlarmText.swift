import Platform

/// What forwarders say of an alarm to people.
package enum AlarmText {
    /// One line: `site1/enb0: major, cpu_user ↑ 75 %, node_load1 ↓ 8 %; like disk-stall (86 %)`.
    package static func summary(of event: AlarmEvent) -> String {
        let what = event.fingerprint.prefix(3).map { cause in
            let share = Int(exactly: (cause.share * 100).rounded()).map { "\($0) %" } ?? ""
            return "\(PrintableText.line(cause.metric, limit: 80)) \(cause.deviation < 0 ? "↓" : "↑") \(share)"
        }.joined(separator: ", ")
        var text = "\(PrintableText.line("\(event.site)/\(event.entity)", limit: 200)): "
        text += event.state == .cleared ? "over" : event.severity.rawValue
        if !what.isEmpty { text += ", " + what }
        if let fault = event.fault, fault.name != AlarmEvent.Fault.unknown {
            let likeness = Int(exactly: (fault.similarity * 100).rounded()) ?? 0
            text += "; like \(PrintableText.line(fault.name, limit: 64)) (\(likeness) %)"
        }
        return text
    }
}
