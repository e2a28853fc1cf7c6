import Platform

/// Decides what a series is: whose it is, which column it belongs to, and how its values count there.
///
/// A decision is made once for each series and kept by whoever asks; nothing here depends on values or time.
package struct SeriesResolver: Sendable {
    /// How a series' values count.
    package enum Role: Hashable, Sendable {
        /// As they are.
        case level
        /// As what was added since.
        case counter
        /// As observations of a histogram up to a bound.
        case bucket(upTo: Double)
        /// As the number of a histogram's or summary's observations.
        case observations
        /// As the sum of a histogram's or summary's observations.
        case total
        /// As whether the target could be reached: 0 or 1.
        case up
    }

    /// Where a series goes.
    package struct Place: Hashable, Sendable {
        /// The entity.
        package var entity: String
        /// Its type.
        package var type: String
        /// The column, without the endings that a histogram's columns have.
        package var column: String
        /// How its values count.
        package var role: Role
        /// How several series of the column become one value; `nil`: it has one.
        package var fold: Preset.FamilyRule.Fold?
        /// Whether its endpoint or a preset says that it is a level, whatever its name is like.
        package var isDeclaredLevel = false
        /// Whether it is a quantile of a summary: NaN says that nothing was observed.
        package var isQuantile = false

        /// What is wrong with its names, in words; `nil` for good ones. A histogram's columns have endings, for which there is
        /// room.
        var flaw: String? {
            let names = [
                ("metric", column, NameRule.longestColumn - 64), ("entity", entity, NameRule.longestPart),
                ("type", type, NameRule.longestPart),
            ]
            for (kind, name, limit) in names {
                guard let flaw = NameRule.flaw(in: name, limit: limit) else { continue }
                return
                    "\(kind) '\(PrintableText.line(name, limit: 80))': found \(flaw.found), expected \(flaw.expected)"
            }
            return nil
        }
    }

    /// What is known of a target, or of a source without targets.
    package struct Target: Hashable, Sendable {
        /// The entity that series belong to which no rule gives another.
        package var entity: String
        /// Its type; `nil`: what the preset or the series' job says.
        package var type: String?
        /// Labels that each series of the target has: what its endpoint does not say of itself.
        package var labels: [MetricSeries.Label]

        /// A target with every field given.
        package init(entity: String, type: String? = nil, labels: [MetricSeries.Label] = []) {
            self.entity = entity
            self.type = type
            self.labels = labels
        }
    }

    /// The preset.
    package let preset: Preset

    /// Labels that say where a series comes from, not what it measures.
    private static let originLabels: Set<String> = ["job", "instance", "monitor", "prometheus", "prometheus_replica"]

    /// What a process says of itself, by its client library.
    private static let ownFamilies = ["go_", "process_"]
    /// Whether the target is an exporter: what it says of itself is not of the thing that it tells of.
    private let isExporter: Bool
    /// What more than half of the target's families begin with, such as `mysql`; `nil`: nothing does.
    private let kind: String?

    /// A resolver by a preset.
    ///
    /// - Parameter families: those of the target, by which an exporter is known.
    package init(preset: Preset, families: Set<String> = []) {
        self.preset = preset
        isExporter = families.contains { $0.hasSuffix("_exporter_build_info") }
        kind = Self.kind(of: families)
    }

    /// Families below which what most of them begin with says nothing.
    private static let fewFamilies = 5

    private static func kind(of families: Set<String>) -> String? {
        let others = ownFamilies + ["promhttp_", "scrape_"]
        let words = families.compactMap { family -> Substring? in
            guard !others.contains(where: { family.hasPrefix($0) }) else { return nil }
            let word = family.prefix { $0 != "_" && $0 != ":" }
            return word.count < family.count ? word : nil
        }
        let counts = Dictionary(words.map { ($0, 1) }, uniquingKeysWith: +)
        guard words.count >= fewFamilies, let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
            2 * most.value > words.count
        else { return nil }
        return String(most.key)
    }

    /// Where a series goes; `nil`: it is left out.
    ///
    /// - Parameter kinds: what the endpoint says of its families.
    package func place(
        of series: MetricSeries, on target: Target, kinds: [String: MetricSeries.Kind]
    ) -> Place? {
        let full = series.adding(target.labels)
        guard let (family, suggested) = Self.role(of: series, kinds: kinds) else { return nil }
        let name = GroupRules.bareName(series.name)
        if suggested == .up {
            let (entity, type) = ownEntity(full, target)
            return Place(entity: entity, type: type, column: "up", role: .up, fold: nil)
        }
        func fits(_ patterns: [String]?) -> Bool {
            patterns.map { $0.contains { GroupRules.matches($0, name) } } ?? true
        }
        for exclusion in preset.leaveOut ?? [] where fits(exclusion.families) {
            guard let value = full[exclusion.label] else { continue }
            let bytes = Array(value.lowercased().utf8)
            if exclusion.values.contains(where: { GroupRules.matches($0, bytes) }) { return nil }
        }
        let rule = preset.families.first { fits($0.families) }
        guard rule.map({ $0.leaveOut != true }) ?? (preset.takesOthers ?? true) else { return nil }
        // A preset that names them wants them.
        if rule == nil, isExporter, Self.ownFamilies.contains(where: { family.hasPrefix($0) }) { return nil }
        var role = suggested
        switch (rule?.kind, role) {
        case (.counter, .level): role = .counter
        case (.gauge, .counter): role = .level
        default: break
        }
        let owner = preset.entities.first { rule in
            fits(rule.families) && !rule.labels.isEmpty && rule.labels.allSatisfy { full[$0] != nil }
        }
        let entity: String
        let type: String
        var dropped = Self.originLabels.union(target.labels.map(\.name))
        if let owner {
            entity = owner.labels.compactMap { full[$0] }.joined(separator: ".")
            type = Self.type(owner.type, of: full)
            dropped.formUnion(owner.labels)
            dropped.formUnion(owner.dropped ?? [])
        } else {
            (entity, type) = ownEntity(full, target)
        }
        if case .bucket = role { dropped.insert("le") }
        let kept = series.labels.filter { label in
            !dropped.contains(label.name) && (rule?.keep.map { $0.contains(label.name) } ?? true)
        }
        let base = rule?.name ?? (isPartOfFamily(role) ? family : series.name)
        let isDeclared = rule?.kind == .gauge || Self.isDeclaredLevel(kinds[series.name])
        return Place(
            entity: entity, type: type, column: MetricSeries.text(name: base, labels: kept), role: role,
            fold: rule?.keep == nil ? nil : rule?.fold ?? .sum, isDeclaredLevel: isDeclared && role == .level,
            isQuantile: role == .level && series["quantile"] != nil)
    }

    private static func isDeclaredLevel(_ kind: MetricSeries.Kind?) -> Bool {
        switch kind {
        case .gauge, .stateSet: true
        case .counter, .histogram, .summary, .info, .unknown, nil: false
        }
    }

    private func isPartOfFamily(_ role: Role) -> Bool {
        switch role {
        case .bucket, .observations, .total: true
        case .level, .counter, .up: false
        }
    }

    private func ownEntity(_ series: MetricSeries, _ target: Target) -> (String, String) {
        let entity = target.entity.isEmpty ? series["instance"] ?? "target" : target.entity
        let type = target.type ?? preset.targetType ?? series["job"] ?? kind ?? "target"
        return (entity, Self.sanitised(type))
    }

    /// The type that a rule's pattern makes of a series: `{workload}`, `{label}` or plain text.
    private static func type(_ pattern: String, of series: MetricSeries) -> String {
        guard pattern.hasPrefix("{"), pattern.hasSuffix("}") else { return sanitised(pattern) }
        let label = String(pattern.dropFirst().dropLast())
        if label == "workload" { return sanitised(series["pod"].map { Workload.name(ofPod: $0) } ?? "pod") }
        return sanitised(series[label] ?? "target")
    }

    /// A type's name as groups can have it: letters, digits, `-` and `_`.
    private static func sanitised(_ type: String) -> String {
        let bytes = type.utf8.prefix(64).map { byte in
            MetricSeries.isNameByte(byte) && byte != 0x3A || byte == 0x2D ? byte : 0x2D
        }
        return bytes.isEmpty ? "target" : String(decoding: bytes, as: UTF8.self)
    }

    /// What a series measures, by what its endpoint says of the family, or else by its name; `nil`: nothing.
    private static func role(
        of series: MetricSeries, kinds: [String: MetricSeries.Kind]
    ) -> (family: String, role: Role)? {
        let name = series.name
        func base(_ ending: String) -> String? { name.hasSuffix(ending) ? String(name.dropLast(ending.count)) : nil }
        switch kinds[name] {
        case .counter: return (name, .counter)
        case .gauge, .stateSet: return name.hasSuffix("_info") ? nil : (name, .level)
        case .summary: return series["quantile"] == nil ? nil : (name, .level)
        case .info, .histogram: return nil
        case .unknown, nil: break
        }
        if let family = base("_total"), kinds[family] == .counter { return (family, .counter) }
        if let family = base("_created"), kinds[family] != nil { return nil }
        if let family = base("_info"), kinds[family] == .info || kinds[family] == nil { return nil }
        if let family = base("_bucket"), let text = series["le"],
            kinds[family] == .histogram || kinds[family] == nil
        {
            return Exposition.number(Array(text.utf8)[...]).map { (family, .bucket(upTo: $0)) }
        }
        for (ending, role) in [("_count", Role.observations), ("_sum", Role.total)] {
            if let family = base(ending), kinds[family] == .histogram || kinds[family] == .summary {
                return (family, role)
            }
        }
        if name == "up" { return (name, .up) }
        if name.hasPrefix("scrape_") || name == "ALERTS" || name == "ALERTS_FOR_STATE" { return nil }
        return (name, name.hasSuffix("_total") ? .counter : .level)
    }
}
