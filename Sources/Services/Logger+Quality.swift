package import Platform
package import Telemetry

extension Logger {
    /// One line of what is wrong with the watching.
    package func write(_ finding: DataQualityFinding, of site: String) {
        var fields = ["kind": finding.kind.rawValue, "source": finding.source, "what": finding.detail]
        if let entity = finding.entity { fields["entity"] = "\(site)/\(entity)" }
        if finding.count > 1 { fields["count"] = "\(finding.count)" }
        if !finding.subjects.isEmpty {
            let few = finding.subjects.prefix(4).joined(separator: ", ")
            fields["subjects"] = few + (finding.count > 4 ? ", …" : "")
        }
        if finding.isRaised { warning("data quality", fields) } else { info("data quality restored", fields) }
    }
}
