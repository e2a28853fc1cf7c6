import Foundation
import Platform

/// Assigns metrics to resource groups by their names. Rules are data: those that ship, and a user's before them.
///
/// A rule's pattern is compared with the metric's name without its labels (`{…}`), ignoring case; `*` stands for any
/// run of characters, `#` for one or more digits. The first rule that matches wins; where none does, the words of the name
/// tell (``WordRules``).
public struct GroupRules: Hashable, Sendable, Codable {
    /// One rule: names that match any of the patterns belong to the group.
    public struct Rule: Hashable, Sendable, Codable {
        /// The group, `<layer>.<group>`, or `other`.
        public var group: String
        /// Patterns over metric names.
        public var metrics: [String]

        /// A rule with every field given.
        public init(group: String, metrics: [String]) {
            self.group = group
            self.metrics = metrics
        }
    }

    /// The rules, in order.
    public var rules: [Rule]
    /// What words in names tell where no rule matches.
    public var words: WordRules
    /// Patterns over names of metrics that only grow until they are reset.
    public var counters: [String]
    /// Patterns over names of metrics that are none, whatever ``counters`` and their values say.
    public var notCounters: [String]
    /// Patterns over names of what says nothing of the entity: what an exporter measures of its own scrapes, the time.
    public var leaveOut: [String]
    /// What says nothing of the entity where other columns show what says it.
    public var leaveOutBeside: [Beside]

    /// Columns that are left out where others stand beside them: what an exporter says of itself, which in another program is
    /// the entity's own.
    public struct Beside: Hashable, Sendable, Codable {
        /// Patterns over names, of which one fits a column.
        public var beside: [String]
        /// Patterns over names of what is left out then.
        public var metrics: [String]

        /// A rule with every field given.
        public init(beside: [String], metrics: [String]) {
            self.beside = beside
            self.metrics = metrics
        }
    }

    /// Rules with every field given.
    public init(
        rules: [Rule], words: WordRules = WordRules(), counters: [String] = [], notCounters: [String] = [],
        leaveOut: [String] = [], leaveOutBeside: [Beside] = []
    ) {
        self.rules = rules
        self.words = words
        self.counters = counters
        self.notCounters = notCounters
        self.leaveOut = leaveOut
        self.leaveOutBeside = leaveOutBeside
    }

    private enum CodingKeys: String, CodingKey { case rules, words, counters, notCounters, leaveOut, leaveOutBeside }

    /// Reads rules; all but `rules` may be missing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        rules = try container.decode([Rule].self, forKey: .rules)
        words = try container.decodeIfPresent(WordRules.self, forKey: .words) ?? WordRules()
        counters = try container.decodeIfPresent([String].self, forKey: .counters) ?? []
        notCounters = try container.decodeIfPresent([String].self, forKey: .notCounters) ?? []
        leaveOut = try container.decodeIfPresent([String].self, forKey: .leaveOut) ?? []
        leaveOutBeside = try container.decodeIfPresent([Beside].self, forKey: .leaveOutBeside) ?? []
    }

    /// The rules that ship: names of node_exporter, cAdvisor, 5G3E, SMD, sysstat, and the words that others use.
    public static func builtIn() throws -> GroupRules {
        try decode(Data(PackageResources.groups_json), path: "the built-in groups.json")
    }

    /// The rules that ship with a user's before them.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read or is not what it should be.
    public static func load(extending path: String?) throws -> GroupRules {
        let builtIn = try builtIn()
        guard let path else { return builtIn }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TelemetryError(
                .unreadable, path: path, found: "no readable file", expected: "a JSON file with group rules")
        }
        return builtIn.extended(by: try decode(data, path: path))
    }

    /// These rules with others before them.
    public func extended(by other: GroupRules) -> GroupRules {
        GroupRules(
            rules: other.rules + rules, words: words.extended(by: other.words), counters: other.counters + counters,
            notCounters: other.notCounters + notCounters, leaveOut: other.leaveOut + leaveOut,
            leaveOutBeside: other.leaveOutBeside + leaveOutBeside)
    }

    private static func decode(_ data: Data, path: String) throws -> GroupRules {
        let rules: GroupRules
        do {
            rules = try JSONDecoder().decode(GroupRules.self, from: data)
        } catch {
            throw TelemetryError(
                .malformed, path: path, found: "JSON that is not a set of rules (\(Self.reason(error)))",
                expected: #"{"rules": [{"group": "physical.cpu", "metrics": ["cpu_#", "node_load*"]}, …]}"#)
        }
        if let key = ParsedJSON.repeatedKey(in: data) {
            throw TelemetryError(
                .malformed, path: path, field: key, found: "the key twice in one object", expected: "each key once")
        }
        for group in rules.rules.map(\.group) + rules.words.groupNames where !isGroupName(group) {
            throw TelemetryError(
                .malformed, path: path, field: group, found: "a group with this name",
                expected: "<layer>.<group> in letters, digits and '-', at most \(NameRule.longestKind) bytes, or other")
        }
        return rules
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            context.codingPath.isEmpty
                ? "a value of another kind"
                : "wrong type at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        default: "syntax error"
        }
    }

    static func isGroupName(_ name: String) -> Bool {
        if name == "other" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 2 && name.utf8.count <= NameRule.longestKind
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy {
                        $0 == 0x2D || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39)
                    }
            }
    }

    /// The group of a metric; ``MetricGroup/other`` when no rule matches.
    public func group(for metric: String) -> MetricGroup {
        let name = Self.bareName(metric)
        for rule in rules where rule.metrics.contains(where: { Self.matches($0, name) }) {
            return MetricGroup(name: rule.group)
        }
        return words.group(for: metric) ?? .other
    }

    /// Whether models leave the metric out, by ``leaveOut``.
    public func leavesOut(_ metric: String) -> Bool {
        let name = Self.bareName(metric)
        return leaveOut.contains { Self.matches($0, name) }
    }

    /// Which columns of an entity models leave out, by ``leaveOut`` and ``leaveOutBeside``.
    public func leftOut(of columns: some Collection<String>) -> Set<String> {
        let names = columns.map(Self.bareName)
        let more = leaveOutBeside.filter { rule in
            names.contains { name in rule.beside.contains { Self.matches($0, name) } }
        }.flatMap(\.metrics)
        let patterns = leaveOut + more
        return Set(
            zip(columns, names).filter { _, name in patterns.contains { Self.matches($0, name) } }.map(\.0))
    }

    /// What a name says of how its values count.
    package enum Naming: Hashable, Sendable {
        /// A counter, unless its values say otherwise.
        case counter
        /// A level, whatever its values say.
        case level
        /// Nothing: that is for its values.
        case unknown
    }

    /// What a metric's name says of how its values count.
    package func naming(of metric: String) -> Naming {
        let name = Self.bareName(metric)
        if notCounters.contains(where: { Self.matches($0, name) }) { return .level }
        return counters.contains { Self.matches($0, name) } ? .counter : .unknown
    }

    /// Whether the metric is a counter by its name.
    public func isCounter(_ metric: String) -> Bool { naming(of: metric) == .counter }

    private static func lowered(_ symbol: UInt8) -> UInt8 { symbol >= 0x41 && symbol <= 0x5A ? symbol | 0x20 : symbol }

    /// The name in lower case without labels and blanks around it.
    package static func bareName(_ metric: String) -> [UInt8] {
        let bytes = metric.utf8.prefix { $0 != 0x7B }.map(lowered)
        return bytes.trimmingBlanks()
    }

    /// Whether a pattern matches the whole of a name in lower case. O(pattern × name), and of the common letters at the start
    /// where these differ, or of those at the end behind a single `*`.
    package static func matches(_ pattern: String, _ name: [UInt8]) -> Bool {
        var symbols = pattern.utf8[...]
        var start = 0
        while let symbol = symbols.first, symbol != 0x2A, symbol != 0x23 {
            guard start < name.count, name[start] == lowered(symbol) else { return false }
            start += 1
            symbols = symbols.dropFirst()
        }
        guard let first = symbols.first else { return start == name.count }
        let ending = symbols.dropFirst()
        if first == 0x2A, !ending.contains(where: { $0 == 0x2A || $0 == 0x23 }) {
            return name.count - start >= ending.count
                && zip(ending.reversed(), name.reversed()).allSatisfy { lowered($0) == $1 }
        }
        // reachable[i]: the pattern so far matches the first i bytes of the name.
        var reachable = [Bool](repeating: false, count: name.count + 1)
        reachable[start] = true
        for symbol in symbols.map(lowered) {
            var next = [Bool](repeating: false, count: name.count + 1)
            switch symbol {
            case 0x2A:
                var seen = false
                for index in 0...name.count {
                    seen = seen || reachable[index]
                    next[index] = seen
                }
            case 0x23:
                for index in name.indices where name[index] >= 0x30 && name[index] <= 0x39 {
                    next[index + 1] = reachable[index] || next[index]
                }
            default:
                for index in name.indices where name[index] == symbol { next[index + 1] = reachable[index] }
            }
            reachable = next
        }
        return reachable[name.count]
    }
}

extension [UInt8] {
    /// The bytes without blanks and tabs at both ends.
    func trimmingBlanks() -> [UInt8] {
        guard let first = firstIndex(where: { $0 != 0x20 && $0 != 0x09 }),
            let last = lastIndex(where: { $0 != 0x20 && $0 != 0x09 })
        else { return [] }
        return Array(self[first...last])
    }
}
