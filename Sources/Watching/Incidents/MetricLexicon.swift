import Foundation
import Telemetry

/// Knows kinds of metrics by the words in their names: `PodClientLatencyP90(s)` has `client` and `latency`,
/// `node_memory_MemAvailable_bytes` has `node`, `memory` and `available`. The words are data (`metric-kinds.json`).
package struct MetricLexicon: Sendable {
    private struct File: Decodable {
        struct Rule: Decodable {
            var resource: String
            var role: MetricKind.Role
            var words: [String]
        }
        var scopes: [String: [String]]
        var sides: [String: [String]]
        var reversed: [String]
        var rules: [Rule]
    }

    /// Words, some of them beginnings of words.
    private struct Words: Sendable {
        private let whole: Set<String>
        private let beginnings: [String]

        init(_ words: [String]) {
            whole = Set(words.filter { !$0.hasSuffix("*") })
            beginnings = words.filter { $0.hasSuffix("*") }.map { String($0.dropLast()) }
        }

        func contain(_ word: String) -> Bool { whole.contains(word) || beginnings.contains(where: word.hasPrefix) }
    }

    private let host: Words
    private let sides: [(side: MetricKind.Side, words: Words)]
    private let reversed: Words
    private let rules: [(resource: String, role: MetricKind.Role, words: Words)]

    /// The lexicon that ships. A built-in file that cannot be read is a defect of the build; then nothing has a kind but
    /// by its name.
    package static let builtIn: MetricLexicon = {
        let file = try? JSONDecoder().decode(File.self, from: Data(PackageResources.metric_kinds_json))
        return MetricLexicon(file ?? File(scopes: [:], sides: [:], reversed: [], rules: []))
    }()

    private init(_ file: File) {
        host = Words(file.scopes["host"] ?? [])
        sides = [MetricKind.Side.inbound, .outbound].map { ($0, Words(file.sides[$0.rawValue] ?? [])) }
        reversed = Words(file.reversed)
        rules = file.rules.map { ($0.resource, $0.role, Words($0.words)) }
    }

    /// The kind of each of an entity's metrics. Where all are of a host, the entity is the host, and they are its own.
    ///
    /// - Parameter groups: the resource group of each metric, by which a name without known words may still be known.
    package func kinds(of metrics: [String], groups: [String]) -> [MetricKind] {
        precondition(metrics.count == groups.count, "one group for each metric")
        let kinds = zip(metrics, groups).map { kind(of: $0, group: $1) }
        guard kinds.allSatisfy(\.isHost) else { return kinds }
        return kinds.map {
            MetricKind(resource: $0.resource, side: $0.side, role: $0.role, isReversed: $0.isReversed)
        }
    }

    private func kind(of metric: String, group: String) -> MetricKind {
        let words = Self.words(of: metric)
        let isHost = words.contains(where: host.contain)
        let rule = rules.first { rule in words.contains(where: rule.words.contain) }
        guard let rule else {
            let resource = MetricGroup(name: group).resource
            let isKnown = !resource.isEmpty && resource != MetricGroup.other.resource
            let known = isKnown ? rules.first { $0.words.contain(resource) } : nil
            return MetricKind(
                resource: known?.resource ?? (isKnown ? resource : metric.lowercased()), isHost: isHost,
                role: known?.role ?? .own, isReversed: words.contains(where: reversed.contain))
        }
        let hasSides = rule.role == .latency || rule.role == .load || rule.resource == "disk"
        let side = hasSides ? sides.first { words.contains(where: $0.words.contain) }?.side : nil
        return MetricKind(
            resource: rule.resource, side: side ?? (rule.role == .latency ? .inbound : .none), isHost: isHost,
            role: rule.role, isReversed: words.contains(where: reversed.contain))
    }

    /// The words of a name in lower case: parted by anything that is no letter or digit, before a number,
    /// and where a capital follows a small letter or ends a run of capitals.
    static func words(of name: String) -> [String] {
        var words: [String] = []
        var word: [UInt8] = []
        func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
        func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        func end() {
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
            word = []
        }
        let bytes = Array(name.utf8)
        for (index, byte) in bytes.enumerated() {
            guard isUpper(byte) || isLower(byte) || isDigit(byte) || byte >= 0x80 else {
                end()
                continue
            }
            if let previous = index > 0 ? bytes[index - 1] : nil {
                let next = index + 1 < bytes.count ? bytes[index + 1] : 0
                let isCapital = isUpper(byte) && (isLower(previous) || (isUpper(previous) && isLower(next)))
                // `load1` are two words, `5xx` is one.
                if isCapital || (isDigit(byte) && !isDigit(previous)) { end() }
            }
            word.append(isUpper(byte) ? byte | 0x20 : byte)
        }
        end()
        return words
    }
}
