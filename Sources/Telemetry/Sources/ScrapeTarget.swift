import Foundation
import Platform

/// An endpoint to scrape: its address, and the labels that its series get.
package struct ScrapeTarget: Hashable, Sendable {
    /// The whole address.
    package var url: String
    /// What the entity is called: the address' host and port, or what a label `instance` says.
    package var instance: String
    /// Labels for its series.
    package var labels: [MetricSeries.Label]

    /// Reads an address, `http://host:9100/metrics` or `host:9100`; credentials in it are refused, they belong into a
    /// file.
    package init?(_ text: String, scheme: String = "http", path: String = "/metrics", labels: [MetricSeries.Label] = [])
    {
        let full = text.contains("://") ? text : "\(scheme)://\(text)"
        guard text.utf8.count <= 2_048, !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }),
            let parts = URLComponents(string: full),
            let word = parts.scheme?.lowercased(), word == "http" || word == "https", let host = parts.host,
            !host.isEmpty, parts.user == nil, parts.port.map({ (1...65_535).contains($0) }) ?? true
        else { return nil }
        url = parts.path.isEmpty ? full + path : full
        let bracketed = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        let port = parts.port ?? (word == "https" ? 443 : 80)
        instance = labels.first { $0.name == "instance" }?.value ?? "\(bracketed):\(port)"
        self.labels = labels
    }

    /// Reads a list of targets as Prometheus' `file_sd_configs` has it in JSON:
    /// `[{"targets": ["host:9100"], "labels": {"job": "node"}}]`; `__scheme__` and `__metrics_path__` are honoured.
    ///
    /// - Throws: ``TelemetryError`` that names what is wrong.
    package static func list(fileContents bytes: [UInt8], path: String) throws -> [ScrapeTarget] {
        let expected = #"[{"targets": ["host:9100"], "labels": {"job": "node"}}], as Prometheus' file_sd reads it"#
        let parsed = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(ParsedJSON.SyntaxError) in try ParsedJSON(parsing: buffer) }
        }
        guard case .success(let json) = parsed, case .array(let groups) = json else {
            throw TelemetryError(.malformed, path: path, found: "no JSON list of targets", expected: expected)
        }
        var result: [ScrapeTarget] = []
        for group in groups {
            guard case .array(let addresses) = group["targets"] else {
                throw TelemetryError(.malformed, path: path, found: "a group without targets", expected: expected)
            }
            var labels: [MetricSeries.Label] = []
            if case .object(let members) = group["labels"] {
                labels = members.compactMap { member in member.value.text.map { .init(member.key, $0) } }
            }
            func hidden(_ name: String) -> String? { labels.first { $0.name == name }?.value }
            for address in addresses {
                guard let text = address.text,
                    let target = ScrapeTarget(
                        text, scheme: hidden("__scheme__") ?? "http", path: hidden("__metrics_path__") ?? "/metrics",
                        labels: labels.filter { !$0.name.hasPrefix("__") })
                else {
                    throw TelemetryError(
                        .malformed, path: path,
                        found: "the target \(address.text.map { "'\($0)'" } ?? "without a text")",
                        expected: "host:port")
                }
                result.append(target)
            }
        }
        return result
    }
}
