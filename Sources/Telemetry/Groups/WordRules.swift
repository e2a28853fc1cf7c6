/// Knows groups by the words in metrics' names, whoever wrote them: `mem_used_percent`, `system.memory.usage`,
/// `\Memory\Available Bytes` and `MemAvailable` are memory. Words are compared whole, so `members` is none.
///
/// A name's words stand between anything that is no letter or digit, before a number, and where a capital follows a small
/// letter or ends a run of capitals. What an entry of several words looks for is these words one after the other; in each `*`
/// stands for any run of characters. Of the resources the first counts with an entry that the name has, and of the layers the
/// first with such a word.
public struct WordRules: Hashable, Sendable, Codable {
    /// A layer, and words that say that a metric is of it.
    public struct Layer: Hashable, Sendable, Codable {
        /// The layer.
        public var layer: String
        /// Words, any of which is enough.
        public var words: [String]
    }

    /// A resource, and what in a name says that a metric is of it.
    public struct Resource: Hashable, Sendable, Codable {
        /// The resource.
        public var resource: String
        /// Words, or words one after the other, any of which is enough.
        public var words: [String]
    }

    /// The layers, in order; what is of none of them is `physical`.
    public var layers: [Layer] = []
    /// The resources, in order.
    public var resources: [Resource] = []

    /// No rules.
    public init() {}

    private enum CodingKeys: String, CodingKey { case layers, resources }

    /// Reads rules; both parts may be missing.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        layers = try container.decodeIfPresent([Layer].self, forKey: .layers) ?? []
        resources = try container.decodeIfPresent([Resource].self, forKey: .resources) ?? []
    }

    /// The layer of what no word says a layer of.
    static let usualLayer = "physical"

    /// Words of a name that are looked at.
    private static let mostWords = 24

    /// These rules with others before them.
    func extended(by other: WordRules) -> WordRules {
        var result = self
        result.layers = other.layers + layers
        result.resources = other.resources + resources
        return result
    }

    /// The groups that the rules can give, with the part of them that a message may name.
    var groupNames: [String] {
        resources.map { "\(Self.usualLayer).\($0.resource)" } + layers.map { "\($0.layer).x" }
    }

    /// The group of a metric; `nil` when no word of its name says one. O(words of the name × words of the rules).
    func group(for metric: String) -> MetricGroup? {
        guard !resources.isEmpty else { return nil }
        let words = Self.words(of: metric)
        guard let resource = resources.first(where: { $0.words.contains { Self.stands($0, in: words) } }) else {
            return nil
        }
        let layer = layers.first { $0.words.contains { Self.stands($0, in: words) } }
        return MetricGroup(layer: layer?.layer ?? Self.usualLayer, resource: resource.resource)
    }

    /// Whether the words of an entry stand one after the other among those of a name.
    private static func stands(_ entry: String, in words: [[UInt8]]) -> Bool {
        guard entry.utf8.contains(0x20) else { return words.contains { GroupRules.matches(entry, $0) } }
        let wanted = entry.split(separator: " ")
        guard !wanted.isEmpty, words.count >= wanted.count else { return false }
        return (0...words.count - wanted.count).contains { start in
            wanted.indices.allSatisfy { GroupRules.matches(String(wanted[$0]), words[start + $0]) }
        }
    }

    /// The words of a name in lower case, without its labels (`{…}`), what a Zabbix key is asked for (`[…]`) and the computer
    /// of a Windows counter (`\\computer\`).
    static func words(of metric: String) -> [[UInt8]] {
        func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
        func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        var name = Array(metric.utf8.prefix { $0 != 0x7B && $0 != 0x5B })
        if name.starts(with: [0x5C, 0x5C]), let end = name.dropFirst(2).firstIndex(of: 0x5C) { name.removeFirst(end) }
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        for (index, byte) in name.enumerated() {
            guard isUpper(byte) || isLower(byte) || isDigit(byte) || byte >= 0x80 else {
                if !word.isEmpty { words.append(word) }
                word = []
                continue
            }
            if let last = index > 0 ? name[index - 1] : nil, !word.isEmpty {
                let next = index + 1 < name.count ? name[index + 1] : 0
                let isCapital = isUpper(byte) && (isLower(last) || (isUpper(last) && isLower(next)))
                if isCapital || (isDigit(byte) && !isDigit(last)) {
                    words.append(word)
                    word = []
                }
            }
            guard words.count < mostWords else { return words }
            word.append(isUpper(byte) ? byte | 0x20 : byte)
        }
        if !word.isEmpty { words.append(word) }
        return words
    }
}
