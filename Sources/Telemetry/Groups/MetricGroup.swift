/// A resource group: the metrics of one kind in one layer that one model watches.
public struct MetricGroup: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// `physical`, `virtual`, `network-function`, `access`; empty for what matches no rule.
    public let layer: String
    /// `cpu`, `memory`, `network`, …; `other` for what matches no rule.
    public let resource: String
    /// The entity type, where types of the layer have different metrics in the group.
    public let type: String?

    /// A group with its parts given.
    public init(layer: String, resource: String, type: String? = nil) {
        self.layer = layer
        self.resource = resource
        self.type = type
    }

    /// What matches no rule.
    public static let other = MetricGroup(layer: "", resource: "other")

    /// `<layer>.<group>`, `<layer>.<group>@<type>`, `other` or `other@<type>`.
    public var name: String {
        (layer.isEmpty ? resource : "\(layer).\(resource)") + (type.map { "@\($0)" } ?? "")
    }

    /// The group that a name stands for.
    public init(name: String) {
        let halves = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        type = halves.count == 2 ? String(halves[1]) : nil
        let parts = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        layer = parts.count == 2 ? String(parts[0]) : ""
        resource = String(parts[parts.count - 1])
    }

    /// The group's name.
    public var description: String { name }

    /// Groups sort by name.
    public static func < (a: MetricGroup, b: MetricGroup) -> Bool { a.name < b.name }

    /// The same group for one entity type.
    public func specialised(_ type: String) -> MetricGroup { MetricGroup(layer: layer, resource: resource, type: type) }

    /// Reads the name.
    public init(from decoder: any Decoder) throws {
        self.init(name: try decoder.singleValueContainer().decode(String.self))
    }

    /// Writes the name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
