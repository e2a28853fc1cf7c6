import Platform

/// Makes series of an OTLP metrics export (opentelemetry-proto 1.x, `ExportMetricsServiceRequest`), as Prometheus names
/// them: dots become `_`, the service is the job, the service's instance or host the instance.
///
/// Sums that are told as differences are added up here, so that what comes out counts like any counter.
package struct OpenTelemetryMetrics: Sendable {
    private var sums: [String: Double] = [:]
    /// The series that the last point of a histogram or summary with a value had, by the first of them.
    private var parts: [String: [MetricSeries]] = [:]

    /// Series whose differences are added up, at most.
    private static let mostSums = 100_000

    /// Histograms and summaries whose series are remembered, at most.
    private static let mostParts = 10_000

    /// Nothing has been added up.
    package init() {}

    /// What Prometheus writes where a series has no value.
    private static let noValue = Double(bitPattern: EntitySampler.staleMark)

    private struct Point {
        var labels: [MetricSeries.Label] = []
        var time = 0.0
        var value: Double?
        var count: Double?
        var sum: Double?
        var bucketCounts: [Double] = []
        var bounds: [Double] = []
        var quantiles: [(Double, Double)] = []
        var exponential = ExponentialBuckets()
        var flags = 0
        /// What the sender says where it knows no value; whatever else stands in the point is none.
        var hasNoValue: Bool { flags & 1 != 0 }
    }

    private struct Metric {
        enum Shape { case gauge, sum, histogram, summary, exponential }
        var name = ""
        var shape: Shape?
        var isDelta = false
        var isMonotonic = false
        var points: [Point] = []
    }

    // MARK: Protobuf

    /// Reads an export in its protobuf form.
    ///
    /// - Throws: `ProtobufReader.Malformed` where it is none.
    package mutating func read(protobuf bytes: [UInt8]) throws(ProtobufReader.Malformed) -> PushedSamples {
        var result = PushedSamples()
        var request = ProtobufReader(bytes[...])
        while let (field, value) = try request.next() {
            guard field == 1, let resource = value.bytes else { continue }
            var labels: [MetricSeries.Label] = []
            var metrics: [Metric] = []
            var reader = ProtobufReader(resource)
            while let (field, value) = try reader.next() {
                guard let part = value.bytes else { continue }
                if field == 1 {
                    labels = try Self.attributes(part, field: 1)
                } else if field == 2 {
                    var scope = ProtobufReader(part)
                    while let (field, value) = try scope.next() {
                        if field == 2, let part = value.bytes { metrics.append(try Self.metric(part)) }
                    }
                }
            }
            add(metrics, resource: labels, to: &result)
        }
        return result
    }

    private static func attributes(
        _ bytes: ArraySlice<UInt8>, field wanted: Int
    ) throws(ProtobufReader.Malformed) -> [MetricSeries.Label] {
        var labels: [MetricSeries.Label] = []
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            if field == wanted, let part = value.bytes { labels.append(try attribute(part)) }
        }
        return labels
    }

    private static func attribute(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) -> MetricSeries.Label {
        var label = MetricSeries.Label("", "")
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard let part = value.bytes else { continue }
            if field == 1 {
                label.name = String(decoding: part, as: UTF8.self)
            } else if field == 2 {
                var any = ProtobufReader(part)
                while let (field, value) = try any.next() {
                    switch field {
                    case 1: label.value = value.text ?? ""
                    case 2: label.value = value.integer == 0 ? "false" : "true"
                    case 3: label.value = value.integer.map { "\($0)" } ?? ""
                    case 4: label.value = value.double.map { "\($0)" } ?? ""
                    default: break
                    }
                }
            }
        }
        return label
    }

    private static func metric(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) -> Metric {
        var metric = Metric()
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard let part = value.bytes else { continue }
            switch field {
            case 1: metric.name = String(decoding: part, as: UTF8.self)
            case 5, 7, 9, 10, 11:
                let shapes: [Int: Metric.Shape] = [5: .gauge, 7: .sum, 9: .histogram, 10: .exponential, 11: .summary]
                metric.shape = shapes[field]
                var data = ProtobufReader(part)
                while let (field, value) = try data.next() {
                    switch field {
                    case 1: if let part = value.bytes { metric.points.append(try point(part, metric.shape)) }
                    case 2: metric.isDelta = value.integer == 1
                    case 3: metric.isMonotonic = value.integer == 1
                    default: break
                    }
                }
            default: break
            }
        }
        return metric
    }

    private static func point(
        _ bytes: ArraySlice<UInt8>, _ shape: Metric.Shape?
    ) throws(ProtobufReader.Malformed) -> Point {
        var point = Point()
        let isNumber = shape == .gauge || shape == .sum
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, isNumber, shape) {
            case (3, _, _): point.time = Double(UInt64(bitPattern: value.integer ?? 0)) / 1e9
            case (7, true, _), (9, false, .histogram), (7, false, .summary), (1, false, .exponential):
                if let part = value.bytes { point.labels.append(try attribute(part)) }
            case (8, true, _), (8, false, .summary), (10, false, .histogram), (10, false, .exponential):
                point.flags = Int(truncatingIfNeeded: value.integer ?? 0)
            case (4, true, _): point.value = value.double
            case (6, true, _): point.value = value.integer.map { Double($0) }
            case (4, false, _): point.count = value.integer.map { Double(UInt64(bitPattern: $0)) }
            case (5, false, _): point.sum = value.double
            case (6, false, .histogram):
                if let part = value.bytes {
                    point.bucketCounts += ProtobufReader.packed(part).map { Double($0) }
                } else if let count = value.integer {
                    point.bucketCounts.append(Double(count))
                }
            case (7, false, .histogram):
                if let part = value.bytes {
                    point.bounds += ProtobufReader.packed(part).map { Double(bitPattern: $0) }
                } else if let bound = value.double {
                    point.bounds.append(bound)
                }
            case (6...9, false, .exponential): try point.exponential.take(field: field, value)
            case (6, false, .summary):
                guard let part = value.bytes else { break }
                var pair = (0.0, 0.0)
                var quantile = ProtobufReader(part)
                while let (field, value) = try quantile.next() {
                    if field == 1 { pair.0 = value.double ?? 0 } else if field == 2 { pair.1 = value.double ?? 0 }
                }
                point.quantiles.append(pair)
            default: break
            }
        }
        return point
    }

    // MARK: JSON

    /// JSON that is no export.
    package struct NoExport: Error, Hashable, Sendable {
        /// What would have been one.
        package let expected: String
    }

    /// Reads an export in its JSON form.
    ///
    /// - Throws: `ParsedJSON.SyntaxError` where it is no JSON, ``NoExport`` where it is JSON of something else.
    package mutating func read(json bytes: [UInt8]) throws -> PushedSamples {
        let parsed = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(ParsedJSON.SyntaxError) in try ParsedJSON(parsing: buffer) }
        }
        let request = try parsed.get()
        guard case .object = request else { throw NoExport(expected: "an object") }
        for resource in try Self.objects("resourceMetrics", in: request) {
            for scope in try Self.objects("scopeMetrics", in: resource) { _ = try Self.objects("metrics", in: scope) }
        }
        return read(parsed: request)
    }

    /// A member that is a list of objects; none where it is not there, or `null`, which is the same in protobuf's JSON.
    private static func objects(
        _ name: String, in object: ParsedJSON
    ) throws(NoExport) -> [ParsedJSON] {
        switch object[name] {
        case .null: return []
        case .array(let elements) where elements.allSatisfy({ if case .object = $0 { true } else { false } }):
            return elements
        default: throw NoExport(expected: "\(name): a list of objects")
        }
    }

    /// The samples of an export that has been parsed.
    mutating func read(parsed request: ParsedJSON) -> PushedSamples {
        var result = PushedSamples()
        for resource in request["resourceMetrics"].elements {
            let labels = Self.attributes(resource["resource"]["attributes"])
            let metrics = resource["scopeMetrics"].elements.flatMap { $0["metrics"].elements }.map(Self.metric)
            add(metrics, resource: labels, to: &result)
        }
        return result
    }

    private static func attributes(_ json: ParsedJSON) -> [MetricSeries.Label] {
        json.elements.map { pair in
            let value = pair["value"]
            let text =
                value["stringValue"].text ?? value["intValue"].text
                ?? value["intValue"].number.map { $0 == $0.rounded() ? "\(Int64(clampingTo: $0))" : "\($0)" }
                ?? value["doubleValue"].number.map { "\($0)" }
            if case .bool(let flag) = value["boolValue"] {
                return MetricSeries.Label(pair["key"].text ?? "", "\(flag)")
            }
            return MetricSeries.Label(pair["key"].text ?? "", text ?? "")
        }
    }

    private static func metric(_ json: ParsedJSON) -> Metric {
        var metric = Metric()
        metric.name = json["name"].text ?? ""
        for (key, shape) in [
            ("gauge", Metric.Shape.gauge), ("sum", .sum), ("histogram", .histogram), ("summary", .summary),
            ("exponentialHistogram", .exponential),
        ] {
            guard case .object = json[key] else { continue }
            let data = json[key]
            metric.shape = shape
            let temporality = data["aggregationTemporality"]
            metric.isDelta = temporality.number == 1 || temporality.text == "AGGREGATION_TEMPORALITY_DELTA"
            if case .bool(true) = data["isMonotonic"] { metric.isMonotonic = true }
            metric.points = data["dataPoints"].elements.map { json in
                var point = Point()
                point.labels = attributes(json["attributes"])
                point.time = (json["timeUnixNano"].anyNumber ?? 0) / 1e9
                point.flags = Int(exactly: json["flags"].anyNumber ?? 0) ?? 0
                point.value = json["asDouble"].anyNumber ?? json["asInt"].anyNumber
                point.count = json["count"].anyNumber
                point.sum = json["sum"].anyNumber
                point.bucketCounts = json["bucketCounts"].elements.compactMap(\.anyNumber)
                point.bounds = json["explicitBounds"].elements.compactMap(\.anyNumber)
                point.quantiles = json["quantileValues"].elements.map {
                    ($0["quantile"].anyNumber ?? 0, $0["value"].anyNumber ?? 0)
                }
                if shape == .exponential { point.exponential = ExponentialBuckets(json) }
                return point
            }
        }
        return metric
    }

    // MARK: Series

    private static func prometheusName(_ name: String) -> String {
        let bytes = name.utf8.map { MetricSeries.isNameByte($0) ? $0 : 0x5F }
        guard let first = bytes.first else { return "" }
        return (first >= 0x30 && first <= 0x39 ? "_" : "") + String(decoding: bytes, as: UTF8.self)
    }

    private mutating func add(_ metrics: [Metric], resource: [MetricSeries.Label], to result: inout PushedSamples) {
        func attribute(_ name: String) -> String? { resource.first { $0.name == name && !$0.value.isEmpty }?.value }
        let service = attribute("service.name")
        let job = attribute("service.namespace").flatMap { space in service.map { "\(space)/\($0)" } } ?? service
        let instance = attribute("service.instance.id") ?? attribute("host.name") ?? service
        let origin = [MetricSeries.Label("job", job ?? ""), MetricSeries.Label("instance", instance ?? "")]
        for metric in metrics {
            let name = Self.prometheusName(metric.name)
            guard let shape = metric.shape, !name.isEmpty else {
                result.unnamed += max(1, metric.points.count)
                continue
            }
            switch shape {
            case .gauge: result.kinds[name] = .gauge
            case .sum: result.kinds[name] = metric.isMonotonic ? .counter : .gauge
            case .histogram, .exponential: result.kinds[name] = .histogram
            case .summary: result.kinds[name] = .summary
            }
            for point in metric.points where point.time > 0 {
                let labels =
                    point.labels.map { MetricSeries.Label(Self.prometheusName($0.name), $0.value) } + origin
                func put(_ ending: String, _ value: Double?, _ more: [MetricSeries.Label] = [], counts: Bool) {
                    guard let value else { return }
                    let series = MetricSeries(name: name + ending, labels: labels + more)
                    let told = counts && metric.isDelta ? sum(value, of: series.text) : value
                    guard let told else { return }
                    result.series.append(PushedSamples.Series(series: series, samples: [(point.time, told)]))
                }
                if point.hasNoValue {
                    let isOne = shape == .gauge || shape == .sum
                    let first = MetricSeries(name: isOne ? name : name + "_count", labels: labels)
                    for series in isOne ? [first] : parts[first.text] ?? [] {
                        result.series.append(
                            PushedSamples.Series(series: series, samples: [(point.time, Self.noValue)]))
                    }
                    continue
                }
                let place = result.series.count
                defer { remember(result.series[place...]) }
                switch shape {
                case .gauge: put("", point.value, counts: false)
                case .sum: put("", point.value, counts: true)
                case .histogram:
                    put("_count", point.count, counts: true)
                    put("_sum", point.sum, counts: true)
                    var upTo = 0.0
                    for (index, count) in point.bucketCounts.enumerated() {
                        upTo += count
                        let bound = index < point.bounds.count ? "\(point.bounds[index])" : "+Inf"
                        put("_bucket", upTo, [MetricSeries.Label("le", bound)], counts: true)
                    }
                case .exponential:
                    put("_count", point.count, counts: true)
                    put("_sum", point.sum, counts: true)
                    guard let cumulative = point.exponential.cumulative(count: point.count) else {
                        result.unsupported += 1
                        break
                    }
                    for (bound, count) in cumulative {
                        put("_bucket", count, [MetricSeries.Label("le", bound)], counts: true)
                    }
                case .summary:
                    put("_count", point.count, counts: true)
                    put("_sum", point.sum, counts: true)
                    for (quantile, value) in point.quantiles {
                        put("", value, [MetricSeries.Label("quantile", "\(quantile)")], counts: false)
                    }
                }
            }
        }
    }

    /// Remembers which series belong together, so that all of them end with a point that has no value.
    private mutating func remember(_ series: ArraySlice<PushedSamples.Series>) {
        guard series.count > 1, let first = series.first?.series.text, let last = series.last?.series,
            parts[first] != nil || parts.count < Self.mostParts
        else { return }
        if let known = parts[first], known.count == series.count, known.last == last { return }
        parts[first] = series.map(\.series)
    }

    private mutating func sum(_ difference: Double, of series: String) -> Double? {
        guard sums[series] != nil || sums.count < Self.mostSums else { return nil }
        sums[series, default: 0] += difference
        return sums[series]
    }
}

extension Int64 {
    /// The nearest whole number that fits.
    init(clampingTo value: Double) { self = value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : Int64(value) }
}

extension ParsedJSON {
    /// The value of a member; `null` where there is none.
    subscript(_ key: String) -> ParsedJSON {
        if case .object(let members) = self { members.first { $0.key == key }?.value ?? .null } else { .null }
    }
    /// The elements of a list; none of anything else.
    var elements: [ParsedJSON] { if case .array(let elements) = self { elements } else { [] } }
    /// The text, if it is one.
    var text: String? { if case .string(let text) = self { text } else { nil } }
    /// The number, if it is one.
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    /// The number, also where it is written as a text.
    var anyNumber: Double? { number ?? text.flatMap { Exposition.number(Array($0.utf8)[...]) } }
}
