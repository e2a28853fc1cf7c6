import Platform

/// An answer of Prometheus' HTTP API, version 1, to a range query.
package struct PrometheusAnswer: Sendable {
    /// What was found.
    package private(set) var samples = PushedSamples()

    /// Why an answer cannot be used.
    package struct Refused: Error, CustomStringConvertible {
        /// In words, the peer's own where it has some.
        package var description: String

        /// A refusal in these words.
        package init(description: String) { self.description = description }
    }

    private static func data(_ bytes: [UInt8], type: String? = nil) throws(Refused) -> ParsedJSON {
        let parsed = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(ParsedJSON.SyntaxError) in try ParsedJSON(parsing: buffer) }
        }
        guard case .success(let json) = parsed else {
            throw Refused(description: "no JSON: is that the address of a Prometheus?")
        }
        guard json["status"].text == "success" else {
            throw Refused(description: json["error"].text ?? "an answer without status")
        }
        let data = json["data"]
        if let type, data["resultType"].text != type {
            throw Refused(description: "a result of type \(data["resultType"].text ?? "?") in place of a \(type)")
        }
        return data
    }

    /// The series in an answer to an instant query.
    ///
    /// - Throws: ``Refused`` where it is an error, or of another form.
    package static func series(_ bytes: [UInt8]) throws(Refused) -> [MetricSeries] {
        try data(bytes, type: "vector")["result"].elements.compactMap { series($0) }
    }

    /// A series by its labels; `nil` without a name.
    private static func series(_ result: ParsedJSON) -> MetricSeries? {
        guard case .object(let members) = result["metric"] else { return nil }
        var name = ""
        var labels: [MetricSeries.Label] = []
        for member in members {
            let value = member.value.text ?? ""
            if member.key == "__name__" { name = value } else { labels.append(.init(member.key, value)) }
        }
        return name.isEmpty ? nil : MetricSeries(name: name, labels: labels)
    }

    /// What the families measure, by an answer to a question for metadata.
    ///
    /// - Throws: ``Refused`` where it is an error, or of another form.
    package static func kinds(_ bytes: [UInt8]) throws(Refused) -> [String: MetricSeries.Kind] {
        guard case .object(let members) = try data(bytes) else { return [:] }
        var kinds: [String: MetricSeries.Kind] = [:]
        for member in members {
            kinds[member.key] = member.value.elements.first?["type"].text.flatMap { MetricSeries.Kind(rawValue: $0) }
        }
        return kinds
    }

    /// Reads an answer to a range query.
    ///
    /// - Throws: ``Refused`` where it is an error, or of another form.
    package init(decoding bytes: [UInt8]) throws(Refused) {
        for result in try Self.data(bytes, type: "matrix")["result"].elements {
            guard let series = Self.series(result) else { continue }
            let values = result["values"].elements.compactMap { pair -> (time: Double, value: Double)? in
                let elements = pair.elements
                guard elements.count == 2, let time = elements[0].number, let value = elements[1].anyNumber else {
                    return nil
                }
                return (time, value)
            }
            if !values.isEmpty { samples.series.append(.init(series: series, samples: values)) }
        }
    }
}

/// Cuts a span of time into range queries that an endpoint answers: at most 11,000 points of each series.
package struct RangeQueries: Sendable, Equatable {
    /// One query.
    package struct Query: Sendable, Equatable {
        /// Seconds since 1970; both ends are asked for.
        package var start: Double
        /// Seconds since 1970.
        package var end: Double
        /// Seconds between two points.
        package var step: Double
    }

    /// Points of a series that Prometheus answers at most.
    package static let mostPoints = 11_000

    /// The queries for what lies after `start`, up to `end`, in order; starts are whole multiples of the step, so that
    /// what was asked in pieces, or again after a restart, falls on the same points.
    ///
    /// - Parameters:
    ///   - points: at most so many of a series in one query.
    package static func cover(from start: Double, to end: Double, step: Double, points: Int = 2_000) -> [Query] {
        precondition(step > 0 && points > 1, "a step and points")
        let most = Double(min(points, mostPoints) - 1)
        var queries: [Query] = []
        var next = (start / step).rounded(.up) * step
        while next <= end, queries.count < 1_000_000 {
            let last = min(next + most * step, (end / step).rounded(.down) * step)
            guard last >= next else { break }
            queries.append(Query(start: next, end: last, step: step))
            next = last + step
        }
        return queries
    }
}
