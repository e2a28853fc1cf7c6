import Foundation
import Platform

/// What the series of a kind of endpoint mean: which labels make an entity, how series of one family are folded, what is
/// left out. A preset is data: those that ship, and a user's file beside them.
package struct Preset: Codable, Hashable, Sendable {
    /// Which series belong to one entity.
    package struct EntityRule: Codable, Hashable, Sendable {
        /// Type of the entities; `{workload}` stands for what a pod's name says of its workload, `{label}` for a label.
        package var type: String
        /// Labels whose values name the entity, joined by `/`; the rule fits a series that has them all.
        package var labels: [String]
        /// Patterns over families that the rule is for; `nil`: all.
        package var families: [String]?
        /// Labels that say nothing more once the entity is known, and leave the metric's name.
        package var dropped: [String]?
    }

    /// How the series of families become columns.
    package struct FamilyRule: Codable, Hashable, Sendable {
        /// How several series become one value.
        package enum Fold: String, Codable, Hashable, Sendable {
            /// Their sum.
            case sum
            /// Their mean.
            case mean
            /// The largest.
            case maximum
        }

        /// Patterns over family names: `*` any characters, `#` digits.
        package var families: [String]
        /// What they measure where the endpoint does not say, or says it wrongly.
        package var kind: MetricSeries.Kind?
        /// Labels that keep series apart; all others are folded. `nil`: every label keeps them apart.
        package var keep: [String]?
        /// How those that are not kept apart become one; sum when not given.
        package var fold: Fold?
        /// Whether the families are left out.
        package var leaveOut: Bool?
        /// The column's name, in place of the family's.
        package var name: String?
    }

    /// Series that are left out for the value of a label.
    package struct Exclusion: Codable, Hashable, Sendable {
        /// Patterns over families; `nil`: all.
        package var families: [String]?
        /// The label.
        package var label: String
        /// Patterns over its values.
        package var values: [String]
    }

    /// Its name.
    package var name: String
    /// What it is for, in a line.
    package var summary: String?
    /// Patterns over families; an endpoint that has a family for each is taken to be of this kind.
    package var recognisedBy: [String]
    /// Type of the entity that a whole target is; the series' job when not given.
    package var targetType: String?
    /// The entities, the first rule that fits a series wins; a series that none fits is the target's own.
    package var entities: [EntityRule]
    /// The families, the first rule that fits wins.
    package var families: [FamilyRule]
    /// What is left out.
    package var leaveOut: [Exclusion]?
    /// Whether families that no rule names are taken as they are; otherwise they are left out.
    package var takesOthers: Bool?
    /// Most metrics of one entity.
    package var maximumMetrics: Int?

    /// What is made of an endpoint without a preset: every numeric series of a target is a metric of its own.
    package static let everything = Preset(
        name: "none", summary: "every numeric series, up to the bound", recognisedBy: [], targetType: nil, entities: [],
        families: [],
        leaveOut: nil, takesOthers: true, maximumMetrics: nil)

    /// Most metrics of an entity where the preset sets no bound.
    package static let defaultMaximumMetrics = 2_000
}

/// The presets there are.
package struct PresetCatalog: Sendable {
    /// In the order in which they are tried.
    package private(set) var presets: [Preset]

    /// Those that ship.
    ///
    /// - Throws: ``TelemetryError``; only if the program is damaged.
    package static func builtIn() throws -> PresetCatalog {
        try PresetCatalog(decoding: Data(PackageResources.presets_json), path: "the built-in presets.json")
    }

    /// Those in a file: one preset, or a list of them.
    ///
    /// - Throws: ``TelemetryError`` that names what is wrong.
    package init(file path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw TelemetryError(
                .unreadable, path: path, found: "no readable file", expected: "a JSON file with a preset")
        }
        try self.init(decoding: data, path: path)
    }

    private init(decoding data: Data, path: String) throws {
        do {
            presets =
                data.first(where: { $0 > 0x20 }) == 0x5B
                ? try JSONDecoder().decode([Preset].self, from: data)
                : [try JSONDecoder().decode(Preset.self, from: data)]
        } catch {
            throw TelemetryError(
                .malformed, path: path, found: "JSON that is no preset (\(Self.reason(error)))",
                expected: #"{"name": …, "recognisedBy": […], "entities": […], "families": […]}; see docs/live.md"#)
        }
        if let key = ParsedJSON.repeatedKey(in: data) {
            throw TelemetryError(
                .malformed, path: path, field: key, found: "the key twice in one object", expected: "each key once")
        }
        for preset in presets {
            guard !preset.name.isEmpty, preset.maximumMetrics.map({ (1...100_000).contains($0) }) ?? true else {
                throw TelemetryError(
                    .malformed, path: path, field: preset.name, found: "an empty name or a bound that cannot be",
                    expected: "a name, and maximumMetrics from 1 to 100000")
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "no \"\(key.stringValue)\""
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            context.codingPath.isEmpty
                ? "syntax error" : "wrong value at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        default: "syntax error"
        }
    }

    /// A user's presets before these.
    package func extended(by other: PresetCatalog) -> PresetCatalog {
        var result = self
        result.presets = other.presets + presets
        return result
    }

    /// The preset of a name; `none` is ``Preset/everything``.
    package func preset(named name: String) -> Preset? {
        name == Preset.everything.name ? .everything : presets.first { $0.name == name }
    }

    /// The first preset that knows an endpoint by its families; ``Preset/everything`` when none does.
    package func recognise(_ families: some Collection<String>) -> Preset {
        let names = families.map { GroupRules.bareName($0) }
        return presets.first { preset in
            !preset.recognisedBy.isEmpty
                && preset.recognisedBy.allSatisfy { pattern in names.contains { GroupRules.matches(pattern, $0) } }
        } ?? .everything
    }
}
