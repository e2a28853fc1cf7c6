/// Decides transforms, groups and roles from merged statistics.
struct PipelineFit {
    private(set) var types: [String: CleaningPipeline.EntityType] = [:]
    private(set) var groups: [CleaningPipeline.Group] = []

    /// A column that has its transform, but not yet its group's final name and its role.
    private struct Draft {
        let name: String
        let transform: CleaningPipeline.Column.Transform
    }

    init(statistics: TelemetryStatistics, rules: GroupRules, gapFactor: Double) {
        let typeNames = statistics.types.keys.sorted()
        var drafts: [String: [(group: MetricGroup, column: Draft)]] = [:]
        var members: [MetricGroup: [String: [Draft]]] = [:]
        var leftOut: [String: [String]] = [:]
        for type in typeNames {
            guard let entry = statistics.types[type] else { continue }
            let unwanted = rules.leftOut(of: entry.columnNames)
            leftOut[type] = unwanted.sorted()
            for name in entry.columnNames where !unwanted.contains(name) {
                let rated = entry.columns[name]?.isCounter ?? false
                let draft = Draft(name: name, transform: rated ? .rate : .level)
                let group = rules.group(for: name)
                drafts[type, default: []].append((group, draft))
                members[group, default: [:]][type, default: []].append(draft)
            }
        }
        // Which types share a group: those with the same columns in it, of about the same scale.
        let alone = Self.alone(members, statistics)
        var finalGroup: [MetricGroup: [String: MetricGroup]] = [:]
        for (group, byType) in members {
            for type in byType.keys {
                let isAlone = alone[group]?.contains(type) ?? false
                finalGroup[group, default: [:]][type] = isAlone ? group.specialised(type) : group
            }
        }
        var roles: [MetricGroup: [String: CleaningPipeline.Column.Role]] = [:]
        var order: [MetricGroup: [String]] = [:]
        var groupTypes: [MetricGroup: [String]] = [:]
        for type in typeNames {
            for (group, draft) in drafts[type] ?? [] {
                guard let final = finalGroup[group]?[type], let column = statistics.types[type]?.columns[draft.name]
                else { continue }
                let role = Self.role(of: column)
                if let known = roles[final]?[draft.name] {
                    roles[final]?[draft.name] = Self.joined(known, role)
                } else {
                    roles[final, default: [:]][draft.name] = role
                    order[final, default: []].append(draft.name)
                }
                if groupTypes[final]?.last != type { groupTypes[final, default: []].append(type) }
            }
        }
        for type in typeNames {
            guard let entry = statistics.types[type] else { continue }
            let columns = (drafts[type] ?? []).compactMap { group, draft -> CleaningPipeline.Column? in
                guard let final = finalGroup[group]?[type], let role = roles[final]?[draft.name],
                    let column = entry.columns[draft.name]
                else { return nil }
                return CleaningPipeline.Column(
                    name: draft.name, group: final, transform: draft.transform, role: role,
                    standIn: column.cleaned.quantile(0.5) ?? 0,
                    expected: role == .constant ? column.cleanedRanges.mapValues(\.low) : [:])
            }
            var all = ClockFindings()
            for clock in entry.clocks.values { all.merge(clock) }
            types[type] = CleaningPipeline.EntityType(
                columns: columns, step: Self.step(of: all, gapFactor) ?? 1,
                steps: entry.clocks.compactMapValues { Self.step(of: $0, gapFactor) },
                leftOut: leftOut[type].flatMap { $0.isEmpty ? nil : $0 })
        }
        groups = order.keys.sorted().map { group in
            let names = order[group] ?? []
            return CleaningPipeline.Group(
                group: group, types: groupTypes[group] ?? [],
                metrics: names.filter { roles[group]?[$0] == .metric },
                constantMetrics: names.filter { roles[group]?[$0] != .metric })
        }
    }

    /// The types that have a group of their own, by group: all where their columns are not the same, and those of another scale,
    /// unless there were too many groups then.
    private static func alone(
        _ members: [MetricGroup: [String: [Draft]]], _ statistics: TelemetryStatistics
    ) -> [MetricGroup: Set<String>] {
        var (different, odd): ([MetricGroup: Set<String>], [MetricGroup: Set<String>]) = ([:], [:])
        for (group, byType) in members {
            let shapes = Set(byType.values.map { Set($0.map { "\($0.transform.rawValue) \($0.name)" }) })
            if shapes.count > 1 {
                different[group] = Set(byType.keys)
            } else {
                odd[group] = Self.odd(among: byType, statistics)
            }
        }
        let both = different.merging(odd) { one, _ in one }
        let count = both.values.reduce(members.count) { $0 + $1.count }
        return count <= TypeScales.mostGroups ? both : different
    }

    private static func odd(among types: [String: [Draft]], _ statistics: TelemetryStatistics) -> Set<String> {
        guard types.count > 1 else { return [] }
        var metrics: [String: [String: MetricStatistics]] = [:]
        for (type, drafts) in types {
            for draft in drafts {
                metrics[type, default: [:]][draft.name] = statistics.types[type]?.columns[draft.name]?.cleaned
            }
        }
        return TypeScales.odd(among: metrics)
    }

    /// The step of a clock that goes on; the middle of a wide bin may be 0.
    private static func step(of clock: ClockFindings, _ gapFactor: Double) -> Double? {
        clock.gapStep(factor: gapFactor).flatMap { $0 > 0 ? $0 : nil }
    }

    private static func role(of column: ColumnStatistics) -> CleaningPipeline.Column.Role {
        if column.cleanedRanges.isEmpty { return .absent }
        return column.cleanedRanges.values.allSatisfy { $0.low == $0.high } ? .constant : .metric
    }

    private static func joined(
        _ a: CleaningPipeline.Column.Role, _ b: CleaningPipeline.Column.Role
    ) -> CleaningPipeline.Column.Role {
        if a == .metric || b == .metric { return .metric }
        return a == .constant || b == .constant ? .constant : .absent
    }
}
