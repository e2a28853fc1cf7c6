import Platform

/// Series as plotting libraries and monitoring tools write them: a name, and its points as pairs or as two lists.
extension JSONDocument {
    private static let seriesNames = [
        "name", "metric", "metricName", "metricId", "metric_name", "title", "label", "target", "legend", "key", "id",
    ]
    private static let labelMembers = ["labels", "tags", "dimensionMap", "dimensions", "attributes", "metric"]
    private static let pointLists = [
        "data", "values", "points", "datapoints", "dataPoints", "data_points", "samples", "dps",
    ]
    private static let timeLists = ["x", "timestamps", "times", "time", "timestamp", "ts", "t", "dates", "date"]
    private static let valueLists = ["y", "values", "data", "value", "v"]

    /// The series of such an object: `{"name":"cpu","data":[[time,value],…]}`, `{"x":[…],"y":[…]}`,
    /// `{"metricId":"cpu","data":[{"timestamps":[…],"values":[…]}]}`; `nil` for an object of another kind.
    func charted(_ members: [ParsedJSON.Member], depth: Int = 0) throws -> [ExportedSeries]? {
        let name = Self.seriesNames.lazy.compactMap { Self.member($0, members).flatMap(Self.text) }.first ?? ""
        var labels: [(name: String, value: String)] = []
        for case .object(let own)? in Self.labelMembers.map({ Self.member($0, members) }) {
            labels += own.compactMap { label in
                // Dynatrace's `dt.entity.host` is the host.
                Self.text(label.value).map { (String(label.key.trimmingPrefix("dt.entity.")), $0) }
            }
        }
        func array(_ name: String) -> [ParsedJSON]? {
            if case .array(let elements)? = Self.member(name, members), !elements.isEmpty { elements } else { nil }
        }
        for member in Self.timeLists {
            guard let times = array(member), times.allSatisfy(Self.isMoment),
                let values = Self.valueLists.lazy.compactMap(array).first(where: { $0.count == times.count })
            else { continue }
            return [
                ExportedSeries(labels: labels, name: name, times: try times.map(time), values: values.map(Self.number))
            ]
        }
        for list in Self.pointLists.lazy.compactMap(array) {
            if let points = Self.pairs(list) {
                let (times, values) = (try points.map { try time($0.time) }, points.map { Self.number($0.value) })
                return [ExportedSeries(labels: labels, name: name, times: times, values: values)]
            }
            guard depth < 2, !name.isEmpty, let objects = Self.objects(.array(list)) else { continue }
            var series: [ExportedSeries] = []
            for object in objects {
                guard let inner = try charted(object, depth: depth + 1) else { return nil }
                series += inner.map { one in
                    var one = one
                    one.name = one.name.isEmpty ? name : name + "." + one.name
                    one.labels = labels + one.labels
                    return one
                }
            }
            return series
        }
        return nil
    }

    /// Whether a value is a time since 1970: a number as large as that, or a text.
    private static func isMoment(_ value: ParsedJSON) -> Bool {
        if case .string(let text) = value, FlatRecord.number(value) == nil { return isTime(text) }
        return FlatRecord.number(value).map { (1e8..<1e20).contains($0) } ?? false
    }

    /// Pairs of a time and a value, or of a value and a time; `nil` for lists of other things.
    private static func pairs(_ list: [ParsedJSON]) -> [(time: ParsedJSON, value: ParsedJSON)]? {
        var pairs: [(ParsedJSON, ParsedJSON)] = []
        for element in list {
            guard case .array(let pair) = element, pair.count == 2 else { return nil }
            pairs.append((pair[0], pair[1]))
        }
        if pairs.allSatisfy({ isMoment($0.0) }) { return pairs.map { ($0.0, $0.1) } }
        return pairs.allSatisfy { isMoment($0.1) } ? pairs.map { ($0.1, $0.0) } : nil
    }

    /// Lists of values over one list of times, as Chart.js (`labels`, `datasets`) and ECharts (`xAxis`, `series`) have them.
    func categories(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        func array(_ name: String, _ members: [ParsedJSON.Member]?) -> [ParsedJSON]? {
            if case .array(let elements)? = members.flatMap({ Self.member(name, $0) }) { elements } else { nil }
        }
        let axis = Self.object(Self.member("xAxis", members))
        guard
            let times = array("labels", members) ?? array("categories", members) ?? array("data", axis)
                ?? array("categories", axis),
            times.count > 1, times.allSatisfy(Self.isMoment),
            let sets = Self.objects(Self.member("datasets", members) ?? Self.member("series", members))
        else { return nil }
        let moments = try times.map(time)
        return sets.compactMap { set in
            guard let values = array("data", set), values.count == moments.count else { return nil }
            let name = ["label", "name"].lazy.compactMap { Self.member($0, set).flatMap(Self.text) }.first ?? ""
            return ExportedSeries(labels: [], name: name, times: moments, values: values.map(Self.number))
        }
    }

    /// What Checkmk answers of a graph: `{"time_range":{"start":…},"step":…,"metrics":[{"title":…,"data_points":[…]}]}`.
    func evenSeries(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        let members = Self.object(Self.member("result", members)) ?? members
        let range = Self.object(Self.member("time_range", members)) ?? []
        let start = Self.member("start", range) ?? Self.member("start_time", members)
        guard let start = start.map(Self.number), let step = Self.member("step", members).map(Self.number),
            start.isFinite, step > 0,
            let list = Self.objects(Self.member("metrics", members) ?? Self.member("curves", members))
        else { return nil }
        return list.compactMap { metric in
            guard case .array(let values)? = Self.member("data_points", metric) ?? Self.member("rrddata", metric) else {
                return nil
            }
            let name = Self.member("title", metric).flatMap(Self.text) ?? ""
            let times = values.indices.map { start + Double($0) * step }
            return ExportedSeries(labels: [], name: name, times: times, values: values.map(Self.number))
        }
    }
}
