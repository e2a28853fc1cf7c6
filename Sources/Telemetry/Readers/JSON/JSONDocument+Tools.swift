import Platform

/// Documents of single tools, whose points lie deeper than in a list of series or of rows.
extension JSONDocument {
    /// The table of such a document; `nil` for any other.
    ///
    /// - Throws: ``TelemetryError`` for one whose times cannot be read.
    func toolTable(_ members: [ParsedJSON.Member]) throws -> AssembledTable? {
        let readers: [(String, ([ParsedJSON.Member]) throws -> [ExportedSeries]?)] = [
            ("Grafana's data frames", frames), ("Azure Monitor", azureMetrics), ("Google Cloud Monitoring", timeSeries),
            ("iperf3", intervals), ("Checkmk", evenSeries), ("a chart", categories),
            ("a series with its points", single),
        ]
        for (name, read) in readers {
            guard let series = try read(members), series.contains(where: { !$0.times.isEmpty }) else { continue }
            var assembly = SeriesAssembly(path: path)
            for one in series where !one.times.isEmpty { try one.add(to: &assembly, path: path) }
            return try assembly.table(layout: SourceLayout.series(notes: notes + [name]), path: path)
        }
        return nil
    }

    static func objects(_ value: ParsedJSON?) -> [[ParsedJSON.Member]]? {
        guard case .array(let elements)? = value else { return nil }
        var result: [[ParsedJSON.Member]] = []
        for case .object(let members) in elements { result.append(members) }
        return result.count == elements.count ? result : nil
    }

    static func object(_ value: ParsedJSON?) -> [ParsedJSON.Member]? {
        if case .object(let members)? = value { members } else { nil }
    }

    /// A document that is one series.
    private func single(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        Self.hasTime(members) && Self.object(Self.member("metric", members)) == nil ? nil : try charted(members)
    }

    /// `{"results":{"A":{"frames":[{"schema":{"fields":[…]},"data":{"values":[[…],[…]]}}]}}}`, as a panel's inspector shows it.
    private func frames(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        guard let results = Self.object(Self.member("results", members)) else { return nil }
        var series: [ExportedSeries] = []
        for result in results {
            guard let answer = Self.object(result.value), let frames = Self.objects(Self.member("frames", answer))
            else {
                return nil
            }
            for frame in frames {
                guard let schema = Self.object(Self.member("schema", frame)),
                    let fields = Self.objects(Self.member("fields", schema)),
                    let data = Self.object(Self.member("data", frame)),
                    case .array(let columns)? = Self.member("values", data), columns.count == fields.count,
                    let place = fields.firstIndex(where: { Self.member("type", $0) == .string("time") }),
                    case .array(let times) = columns[place]
                else { continue }
                let title = Self.member("name", schema).flatMap(Self.text)
                for (field, column) in zip(fields, columns) where Self.member("type", field) == .string("number") {
                    guard case .array(let values) = column else { continue }
                    let labels = Self.object(Self.member("labels", field)) ?? []
                    var one = Self.series(labels, times: times, values: values)
                    let name = Self.member("name", field).flatMap(Self.text) ?? ""
                    if one.name.isEmpty { one.name = name.lowercased() == "value" ? title ?? name : name }
                    series.append(one)
                }
            }
        }
        return series
    }

    /// What `az monitor metrics list` prints: `{"value":[{"name":{"value":…},"timeseries":[{"data":[{"timeStamp":…}]}]}]}`.
    private func azureMetrics(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        guard let metrics = Self.objects(Self.member("value", members)) else { return nil }
        var series: [ExportedSeries] = []
        for metric in metrics {
            guard
                let name = Self.object(Self.member("name", metric)).flatMap({ Self.member("value", $0) }).flatMap(
                    Self.text),
                let lists = Self.objects(Self.member("timeseries", metric))
            else { return nil }
            for list in lists {
                var labels: [(name: String, value: String)] = []
                for value in Self.objects(Self.member("metadatavalues", list)) ?? [] {
                    let key = Self.object(Self.member("name", value)).flatMap { Self.member("value", $0) }
                    guard let key = key.flatMap(Self.text), let text = Self.member("value", value).flatMap(Self.text)
                    else { continue }
                    labels.append((key, text))
                }
                let points = Self.objects(Self.member("data", list)) ?? []
                var kinds: [String] = []
                for point in points {
                    for member in point where member.key != "timeStamp" && !kinds.contains(member.key) {
                        kinds.append(member.key)
                    }
                }
                let times = try points.map { try time(Self.member("timeStamp", $0) ?? .null) }
                for kind in kinds {
                    series.append(
                        ExportedSeries(
                            labels: labels, name: kinds.count == 1 ? name : "\(name) \(kind)", times: times,
                            values: points.map { Self.member(kind, $0).map(Self.number) ?? .nan }))
                }
            }
        }
        return series
    }

    /// `{"timeSeries":[{"metric":{"type":…,"labels":{…}},"resource":…,"points":[{"interval":…,"value":…}]}]}`.
    private func timeSeries(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        guard let lists = Self.objects(Self.member("timeSeries", members)) else { return nil }
        return try lists.map { list in
            let metric = Self.object(Self.member("metric", list)) ?? []
            let resource = Self.object(Self.member("resource", list)) ?? []
            let labels = [metric, resource].flatMap { Self.object(Self.member("labels", $0)) ?? [] }
            let points = Self.objects(Self.member("points", list)) ?? []
            let times = try points.map { point in
                let interval = Self.object(Self.member("interval", point)) ?? []
                return try time(Self.member("endTime", interval) ?? .null)
            }
            return ExportedSeries(
                labels: labels.compactMap { label in Self.text(label.value).map { (label.key, $0) } },
                name: Self.member("type", metric).flatMap(Self.text) ?? "", times: times,
                values: points.map { point in
                    Self.object(Self.member("value", point))?.first.map { Self.number($0.value) } ?? .nan
                })
        }
    }

    /// What `iperf3 --json` prints: sums of each interval, counted from when the test began.
    private func intervals(_ members: [ParsedJSON.Member]) throws -> [ExportedSeries]? {
        guard let list = Self.objects(Self.member("intervals", members)),
            let start = Self.object(Self.member("start", members)),
            let begin = Self.object(Self.member("timestamp", start)).flatMap({ Self.member("timesecs", $0) }),
            let epoch = FlatRecord.number(begin), epoch.isFinite
        else { return nil }
        let sums = list.compactMap { Self.object(Self.member("sum", $0)) }
        var order: [String] = []
        var series: [String: ExportedSeries] = [:]
        for sum in sums {
            guard let end = Self.member("end", sum).map(Self.number), end.isFinite else { continue }
            for member in sum where !["start", "end", "seconds", "omitted", "sender"].contains(member.key) {
                if series[member.key] == nil {
                    order.append(member.key)
                    series[member.key] = ExportedSeries(labels: [], name: member.key, times: [], values: [])
                }
                series[member.key]?.times.append(epoch + end)
                series[member.key]?.values.append(Self.number(member.value))
            }
        }
        return order.compactMap { series[$0] }
    }
}
