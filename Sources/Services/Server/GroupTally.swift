import Telemetry

/// How many groups there will be, and how wide, of columns that come one after the other: without fitting anything anew.
///
/// Types share a group as long as they have the same columns in it; once they do not, each of them has its own. Whether a
/// column varies is not looked at, so that there may be fewer in the end; nor are scales, by which there may be more, but not
/// more than a thousand in all where there are fewer.
struct GroupTally {
    /// What a type has in a group.
    private struct Place {
        var group: MetricGroup
        var type: String
        var columns: Set<String>
    }

    private let rules: GroupRules
    private var columns: [MetricGroup: [String: Set<String>]] = [:]
    /// Types by what they have in a group.
    private var shapes: [MetricGroup: [Set<String>: Int]] = [:]
    /// Groups so far.
    private(set) var count = 0

    init(rules: GroupRules) { self.rules = rules }

    /// Adds columns, by type, unless something speaks against it.
    ///
    /// - Parameter objection: to so many groups, the widest of those that change with so many columns.
    /// - Returns: the objection, after which everything is as before.
    mutating func add(
        _ new: [String: some Sequence<String>], unless objection: (_ groups: Int, _ widest: Int) -> String?
    ) -> String? {
        var before: [Place] = []
        var widest = 0
        for (type, names) in new {
            for (group, names) in Dictionary(grouping: names, by: { rules.group(for: $0) }) {
                let old = columns[group]?[type] ?? []
                before.append(Place(group: group, type: type, columns: old))
                let all = old.union(names)
                widest = max(widest, all.count)
                set(Place(group: group, type: type, columns: all))
            }
        }
        guard let reason = objection(count, widest) else { return nil }
        for place in before.reversed() { set(place) }
        return reason
    }

    private mutating func set(_ place: Place) {
        let group = place.group
        count -= groups(of: group)
        if let old = columns[group]?[place.type], let types = shapes[group]?[old] {
            shapes[group]?[old] = types > 1 ? types - 1 : nil
        }
        if place.columns.isEmpty {
            columns[group]?[place.type] = nil
        } else {
            shapes[group, default: [:]][place.columns, default: 0] += 1
            columns[group, default: [:]][place.type] = place.columns
        }
        count += groups(of: group)
    }

    private func groups(of group: MetricGroup) -> Int {
        let different = shapes[group]?.count ?? 0
        return different > 1 ? columns[group]?.count ?? 0 : different
    }
}
