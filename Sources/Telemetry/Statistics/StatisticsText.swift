import Numerics
import Platform

extension TelemetryStatistics {
    /// Reads statistics, written by whom ever.
    ///
    /// Thousands of workers send them in one round, as ``DeterministicJSON`` writes them: that form is read directly, and any
    /// other one that is JSON by a decoder for any value.
    ///
    /// - Throws: `DecodingError` for what is not statistics.
    package init(reading bytes: [UInt8]) throws {
        var text = StatisticsText(bytes)
        if let known = try? text.statistics() {
            self = known
        } else {
            self = try DeterministicJSON.decode(TelemetryStatistics.self, from: bytes)
        }
    }

    /// Whether they are in the form in which they are written, and no other decoder is needed.
    package static func isReadDirectly(_ bytes: [UInt8]) -> Bool {
        var text = StatisticsText(bytes)
        return (try? text.statistics()) != nil
    }
}

/// A reader of statistics in the form in which they are written. Whatever it does not expect, it leaves to others: it never
/// takes what a general decoder would refuse or read as something else.
struct StatisticsText {
    /// It is not in that form, or not statistics.
    struct Unexpected: Error {}

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func statistics() throws(Unexpected) -> TelemetryStatistics {
        var result: [String: TelemetryStatistics.EntityType]?
        try object { (key, text) throws(Unexpected) in
            guard key == "types", result == nil else { throw Unexpected() }
            result = try text.dictionary { (text) throws(Unexpected) in try text.type() }
        }
        guard let result, place == bytes.count else { throw Unexpected() }
        var statistics = TelemetryStatistics()
        statistics.types = result
        return statistics
    }

    private mutating func type() throws(Unexpected) -> TelemetryStatistics.EntityType {
        var clocks: [String: ClockFindings]?
        var columns: [String: ColumnStatistics]?
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "clocks": try Self.set(&clocks, text.dictionary { (text) throws(Unexpected) in try text.clock() })
            case "columns": try Self.set(&columns, text.dictionary { (text) throws(Unexpected) in try text.column() })
            default: throw Unexpected()
            }
        }
        var type = TelemetryStatistics.EntityType()
        type.clocks = try Self.required(clocks)
        type.columns = try Self.required(columns)
        return type
    }

    private mutating func clock() throws(Unexpected) -> ClockFindings {
        var (rows, duplicates, backwardSteps): (UInt64?, UInt64?, UInt64?)
        var steps: QuantileSketch?
        var (first, last): (Double?, Double?)
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "rows": try Self.set(&rows, text.count())
            case "duplicates": try Self.set(&duplicates, text.count())
            case "backwardSteps": try Self.set(&backwardSteps, text.count())
            case "steps": try Self.set(&steps, text.sketch())
            case "firstTime": try Self.set(&first, text.number())
            case "lastTime": try Self.set(&last, text.number())
            default: throw Unexpected()
            }
        }
        var clock = ClockFindings()
        clock.rows = try Self.required(rows)
        clock.duplicates = try Self.required(duplicates)
        clock.backwardSteps = try Self.required(backwardSteps)
        clock.steps = try Self.required(steps)
        clock.firstTime = first
        clock.lastTime = last
        return clock
    }

    private mutating func column() throws(Unexpected) -> ColumnStatistics {
        var (level, rate): (MetricStatistics?, MetricStatistics?)
        var (levelRanges, rateRanges): ([String: ColumnStatistics.Range]?, [String: ColumnStatistics.Range]?)
        var (increases, decreases, resets, fractions, position): (UInt64?, UInt64?, UInt64?, UInt64?, UInt64?)
        var namedCounter: Bool?
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "level": try Self.set(&level, text.metric())
            case "rate": try Self.set(&rate, text.metric())
            case "levelRanges":
                try Self.set(&levelRanges, text.dictionary { (text) throws(Unexpected) in try text.range() })
            case "rateRanges":
                try Self.set(&rateRanges, text.dictionary { (text) throws(Unexpected) in try text.range() })
            case "increases": try Self.set(&increases, text.count())
            case "decreases": try Self.set(&decreases, text.count())
            case "resets": try Self.set(&resets, text.count())
            case "fractions": try Self.set(&fractions, text.count())
            case "position": try Self.set(&position, text.count())
            case "namedCounter": try Self.set(&namedCounter, text.truth())
            default: throw Unexpected()
            }
        }
        guard let index = Int(exactly: try Self.required(position)) else { throw Unexpected() }
        var column = ColumnStatistics(position: index, namedCounter: try Self.required(namedCounter))
        column.level = try Self.required(level)
        column.rate = rate
        column.levelRanges = try Self.required(levelRanges)
        column.rateRanges = try Self.required(rateRanges)
        column.increases = try Self.required(increases)
        column.decreases = try Self.required(decreases)
        column.resets = resets ?? 0
        column.fractions = try Self.required(fractions)
        return column
    }

    private mutating func metric() throws(Unexpected) -> MetricStatistics {
        var (count, missing): (UInt64?, UInt64?)
        var (sum, squares): (ExactSum?, ExactSum?)
        var (low, high): (Double?, Double?)
        var sketch: QuantileSketch?
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "count": try Self.set(&count, text.count())
            case "missing": try Self.set(&missing, text.count())
            case "sum": try Self.set(&sum, text.sum())
            case "sumOfSquares": try Self.set(&squares, text.sum())
            case "minimum": try Self.set(&low, text.number())
            case "maximum": try Self.set(&high, text.number())
            case "sketch": try Self.set(&sketch, text.sketch())
            default: throw Unexpected()
            }
        }
        var metric = MetricStatistics()
        metric.count = try Self.required(count)
        metric.missing = try Self.required(missing)
        metric.sum = try Self.required(sum)
        metric.sumOfSquares = try Self.required(squares)
        metric.minimum = low
        metric.maximum = high
        metric.sketch = try Self.required(sketch)
        return metric
    }

    private mutating func range() throws(Unexpected) -> ColumnStatistics.Range {
        var (low, high): (Double?, Double?)
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "low": try Self.set(&low, text.number())
            case "high": try Self.set(&high, text.number())
            default: throw Unexpected()
            }
        }
        return ColumnStatistics.Range(low: try Self.required(low), high: try Self.required(high))
    }

    private mutating func sum() throws(Unexpected) -> ExactSum {
        var first: UInt64?
        var digits: [Int64]?
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "first": try Self.set(&first, text.count())
            case "digits": try Self.set(&digits, text.list { (text) throws(Unexpected) in try text.integer() })
            // Sums that are not finite are rare.
            default: throw Unexpected()
            }
        }
        guard let first = Int(exactly: try Self.required(first)),
            let sum = ExactSum(first: first, digits: try Self.required(digits))
        else { throw Unexpected() }
        return sum
    }

    private mutating func sketch() throws(Unexpected) -> QuantileSketch {
        var dropped: UInt64?
        var keys: [Int64]?
        var weights: [UInt64]?
        try object { (key, text) throws(Unexpected) in
            switch key {
            case "droppedBits": try Self.set(&dropped, text.count())
            case "keys": try Self.set(&keys, text.list { (text) throws(Unexpected) in try text.integer() })
            case "weights": try Self.set(&weights, text.list { (text) throws(Unexpected) in try text.count() })
            default: throw Unexpected()
            }
        }
        guard let dropped = Int(exactly: try Self.required(dropped)),
            let sketch = QuantileSketch(
                droppedBits: dropped, keys: try Self.required(keys), weights: try Self.required(weights))
        else { throw Unexpected() }
        return sketch
    }

    // MARK: Values

    private static func set<Value>(_ place: inout Value?, _ value: Value) throws(Unexpected) {
        guard place == nil else { throw Unexpected() }
        place = value
    }

    private static func required<Value>(_ value: Value?) throws(Unexpected) -> Value {
        guard let value else { throw Unexpected() }
        return value
    }

    /// The byte that comes next; 0 behind the end.
    private var next: UInt8 { place < bytes.count ? bytes[place] : 0 }

    private mutating func skip(_ byte: UInt8) throws(Unexpected) {
        guard next == byte else { throw Unexpected() }
        place += 1
    }

    /// Whether there is another element behind the one that was read; otherwise it passes over the end.
    private mutating func goesOn(until end: UInt8) throws(Unexpected) -> Bool {
        if next == UInt8(ascii: ",") {
            place += 1
            return true
        }
        try skip(end)
        return false
    }

    private mutating func object(
        _ member: (_ key: String, inout StatisticsText) throws(Unexpected) -> Void
    ) throws(Unexpected) {
        try skip(UInt8(ascii: "{"))
        if next == UInt8(ascii: "}") {
            place += 1
            return
        }
        repeat {
            let key = try string()
            try skip(UInt8(ascii: ":"))
            try member(key, &self)
        } while try goesOn(until: UInt8(ascii: "}"))
    }

    private mutating func dictionary<Value>(
        _ value: (inout StatisticsText) throws(Unexpected) -> Value
    ) throws(Unexpected) -> [String: Value] {
        var result: [String: Value] = [:]
        try object { (key, text) throws(Unexpected) in
            guard result.updateValue(try value(&text), forKey: key) == nil else { throw Unexpected() }
        }
        return result
    }

    private mutating func list<Value>(
        _ value: (inout StatisticsText) throws(Unexpected) -> Value
    ) throws(Unexpected) -> [Value] {
        try skip(UInt8(ascii: "["))
        if next == UInt8(ascii: "]") {
            place += 1
            return []
        }
        var result: [Value] = []
        repeat { result.append(try value(&self)) } while try goesOn(until: UInt8(ascii: "]"))
        return result
    }

    /// A text; of escapes only that of the slash, which stands in every entity's name.
    private mutating func string() throws(Unexpected) -> String {
        try skip(UInt8(ascii: "\""))
        let start = place
        var escapes = false
        while next != UInt8(ascii: "\"") {
            guard next >= 0x20 else { throw Unexpected() }
            if next == UInt8(ascii: "\\") {
                place += 1
                guard next == UInt8(ascii: "/") else { throw Unexpected() }
                escapes = true
            }
            place += 1
        }
        let found = bytes[start..<place]
        place += 1
        let text =
            escapes
            ? String(validating: found.filter { $0 != UInt8(ascii: "\\") }, as: UTF8.self)
            : String(validating: found, as: UTF8.self)
        guard let text else { throw Unexpected() }
        return text
    }

    private mutating func truth() throws(Unexpected) -> Bool {
        for (word, value) in [("true", true), ("false", false)] where bytes[place...].starts(with: word.utf8) {
            place += word.utf8.count
            return value
        }
        throw Unexpected()
    }

    /// A whole number that is not negative.
    private mutating func count() throws(Unexpected) -> UInt64 {
        let start = place
        var value: UInt64 = 0
        while next &- UInt8(ascii: "0") < 10 {
            let digit = next &- UInt8(ascii: "0")
            let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tenfold.addingReportingOverflow(UInt64(digit))
            guard !overflow, !carry else { throw Unexpected() }
            value = sum
            place += 1
        }
        let length = place - start
        guard length > 0, length == 1 || bytes[start] != UInt8(ascii: "0") else { throw Unexpected() }
        return value
    }

    private mutating func integer() throws(Unexpected) -> Int64 {
        guard next == UInt8(ascii: "-") else {
            guard let value = Int64(exactly: try count()) else { throw Unexpected() }
            return value
        }
        place += 1
        let magnitude = try count()
        guard magnitude > 0, magnitude <= UInt64(Int64.max) else { throw Unexpected() }
        return -Int64(magnitude)
    }

    private mutating func number() throws(Unexpected) -> Double {
        let start = place
        if next == UInt8(ascii: "-") { place += 1 }
        if next == UInt8(ascii: "0") { place += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            place += 1
            try digits()
        }
        if next | 0x20 == UInt8(ascii: "e") {
            place += 1
            if next == UInt8(ascii: "-") || next == UInt8(ascii: "+") { place += 1 }
            try digits()
        }
        guard let value = Double(Substring(decoding: bytes[start..<place], as: UTF8.self)), value.isFinite else {
            throw Unexpected()
        }
        return value
    }

    private mutating func digits() throws(Unexpected) {
        let start = place
        while next &- UInt8(ascii: "0") < 10 { place += 1 }
        guard place > start else { throw Unexpected() }
    }
}
