import Platform

/// What one answer of a metrics endpoint says: text format 0.0.4 of Prometheus, or OpenMetrics 1.0.
///
/// A line that the format does not allow costs that line and is counted; Prometheus would drop the whole answer. Nothing
/// in the text makes reading slower than linear in its bytes, or larger than the bounds given.
package struct Exposition: Sendable, Equatable {
    /// One sample.
    package struct Sample: Sendable, Equatable {
        /// The series as it is written, `name{label="value"}`.
        package var series: String
        /// The value; may be NaN or infinite.
        package var value: Double
        /// Its own time, seconds since 1970; `nil`: when it was read.
        package var time: Double?
    }

    /// What a text may be at most.
    package struct Limits: Sendable, Equatable {
        /// Samples.
        package var samples = 200_000
        /// Bytes of a line.
        package var lineBytes = 16_384
        /// The defaults.
        package init() {}
    }

    /// The samples, in their order.
    package private(set) var samples: [Sample] = []
    /// The kind of each family that names one.
    package private(set) var kinds: [String: MetricSeries.Kind] = [:]
    /// Lines that could not be read.
    package private(set) var badLines = 0
    /// The first of them.
    package private(set) var firstBad: BadLine?
    /// Samples beyond the bound, left out.
    package private(set) var leftOut = 0
    /// Whether an OpenMetrics text ended with its `# EOF`; a text without was cut off.
    package private(set) var hasEnd = false

    /// A line that could not be read.
    package struct BadLine: Sendable, Hashable {
        /// Its number, from 1.
        package var line: Int
        /// What is wrong with it.
        package var what: String
    }

    /// Reads an answer.
    ///
    /// - Parameter isOpenMetrics: whether its content type is `application/openmetrics-text`: times are then seconds, and
    ///   `_created` series are no metrics.
    package init(parsing bytes: [UInt8], isOpenMetrics: Bool = false, limits: Limits = Limits()) {
        var start = 0
        var line = 0
        while start < bytes.count, !hasEnd {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            line += 1
            if end - start > limits.lineBytes {
                refuse(line, "a line of \(end - start) bytes")
            } else if let flaw = read(bytes, start, end, isOpenMetrics: isOpenMetrics, limit: limits.samples) {
                refuse(line, flaw)
            }
            start = end + 1
        }
    }

    private mutating func refuse(_ line: Int, _ what: String) {
        firstBad = firstBad ?? BadLine(line: line, what: what)
        badLines += 1
    }

    /// Reads one line; returns what is wrong with it.
    private mutating func read(
        _ bytes: [UInt8], _ start: Int, _ lineEnd: Int, isOpenMetrics: Bool, limit: Int
    ) -> String? {
        var end = lineEnd
        while end > start, Self.isBlank(bytes[end - 1]) { end -= 1 }
        var cursor = start
        while cursor < end, Self.isBlank(bytes[cursor]) { cursor += 1 }
        guard cursor < end else { return nil }
        if bytes[cursor] == 0x23 { return comment(bytes[cursor..<end]) }
        guard samples.count < limit else {
            leftOut += 1
            return nil
        }
        let seriesStart = cursor
        while cursor < end, bytes[cursor] != 0x7B, !Self.isBlank(bytes[cursor]) { cursor += 1 }
        var brace = cursor
        while brace < end, Self.isBlank(bytes[brace]) { brace += 1 }
        if brace < end, bytes[brace] == 0x7B {
            cursor = brace
            var isQuoted = false
            while cursor < end, isQuoted || bytes[cursor] != 0x7D {
                if bytes[cursor] == 0x5C, isQuoted { cursor += 1 } else if bytes[cursor] == 0x22 { isQuoted.toggle() }
                cursor += 1
            }
            guard cursor < end else { return "labels without an end" }
            cursor += 1
        }
        guard cursor > seriesStart else { return "no metric's name" }
        guard let series = String(validating: bytes[seriesStart..<cursor], as: UTF8.self) else {
            return "invalid UTF-8"
        }
        let fields = Self.fields(bytes, cursor, end)
        guard let first = fields.first, let value = Self.number(bytes[first]) else {
            return fields.isEmpty ? "a series without a value" : "a value that is no number"
        }
        var time: Double?
        // What begins with # is an exemplar.
        if fields.count > 1, bytes[fields[1].lowerBound] != 0x23 {
            guard let stamp = Self.number(bytes[fields[1]]), stamp.isFinite, fields.count == 2 || isOpenMetrics else {
                return "a time that is no number"
            }
            time = isOpenMetrics ? stamp : stamp / 1_000
        }
        samples.append(Sample(series: series, value: value, time: time))
        return nil
    }

    private mutating func comment(_ line: ArraySlice<UInt8>) -> String? {
        let words = line.split(maxSplits: 4, whereSeparator: Self.isBlank)
        if words.count == 2, words[1].elementsEqual("EOF".utf8) { hasEnd = true }
        guard words.count >= 4, words[1].elementsEqual("TYPE".utf8) else { return nil }
        let name = String(decoding: words[2], as: UTF8.self)
        switch String(decoding: words[3], as: UTF8.self) {
        case "counter": kinds[name] = .counter
        case "gauge": kinds[name] = .gauge
        case "histogram": kinds[name] = .histogram
        // What is in the buckets now, and no count of what ever was.
        case "gaugehistogram": for part in ["_bucket", "_gcount", "_gsum"] { kinds[name + part] = .gauge }
        case "summary": kinds[name] = .summary
        case "info": kinds[name] = .info
        case "stateset": kinds[name] = .stateSet
        case "untyped", "unknown": kinds[name] = .unknown
        default: return "a type that there is not"
        }
        return nil
    }

    private static func fields(_ bytes: [UInt8], _ start: Int, _ end: Int) -> [Range<Int>] {
        var fields: [Range<Int>] = []
        var cursor = start
        while cursor < end, fields.count < 3 {
            while cursor < end, isBlank(bytes[cursor]) { cursor += 1 }
            let first = cursor
            while cursor < end, !isBlank(bytes[cursor]) { cursor += 1 }
            if cursor > first { fields.append(first..<cursor) }
        }
        return fields
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    /// A number as Go writes it: decimal, or a word for what is none.
    static func number(_ bytes: ArraySlice<UInt8>) -> Double? {
        let parsed = bytes.withUnsafeBufferPointer { DecimalParser.parse($0) }
        if let parsed { return parsed.count == bytes.count ? parsed.value : nil }
        switch String(decoding: bytes, as: UTF8.self).lowercased() {
        case "nan": return .nan
        case "+inf", "inf", "+infinity", "infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: return nil
        }
    }

    /// Both say the same; NaN equals NaN.
    package static func == (a: Exposition, b: Exposition) -> Bool {
        a.kinds == b.kinds && a.badLines == b.badLines && a.leftOut == b.leftOut && a.hasEnd == b.hasEnd
            && a.samples.count == b.samples.count
            && zip(a.samples, b.samples).allSatisfy {
                $0.series == $1.series && $0.time == $1.time
                    && ($0.value == $1.value || ($0.value.isNaN && $1.value.isNaN))
            }
    }
}
