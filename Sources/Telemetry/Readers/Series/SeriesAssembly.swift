/// Points of many series, put together to one table for each entity.
///
/// Series that share their times become columns of one table. Where each series has times of its own (every one is
/// polled at another moment), a row is a step of the fastest series, and takes the last value within the step; a slower
/// series is missing in the steps between. Of two points of a series at the same time the first counts.
struct SeriesAssembly {
    private struct Series {
        let name: String
        /// The name with what is usually left out of it, where others have the same without.
        let fullName: String
        var times: [Double] = []
        var values: [Double] = []
    }

    private struct Entity {
        let name: String
        var series: [Series] = []
        var index: [String: Int] = [:]
    }

    /// A series of an entity.
    struct Handle: Hashable {
        fileprivate let entity: Int
        fileprivate let series: Int
    }

    private var entities: [Entity] = []
    private var index: [String: Int] = [:]
    private(set) var points = 0
    private let path: String

    init(path: String) { self.path = path }

    /// Most points of a file that are held at once.
    static let maximumPoints = 1 << 27
    /// A table that is mostly empty has at most so many cells for each value in it, or so many in all: few bytes must not
    /// become many.
    private static let mostCells = (perValue: 256, always: 1 << 20)

    /// The series of a name; it is opened if it is new.
    ///
    /// - Parameter fullName: what tells it from others of the same name; `nil`: there are none.
    mutating func handle(entity: String, column: String, fullName: String? = nil) -> Handle {
        let fullName = fullName ?? column
        let place: Int
        if let known = index[entity] {
            place = known
        } else {
            place = entities.count
            index[entity] = place
            entities.append(Entity(name: entity))
        }
        if let series = entities[place].index[fullName] { return Handle(entity: place, series: series) }
        let series = entities[place].series.count
        entities[place].index[fullName] = series
        entities[place].series.append(Series(name: column, fullName: fullName))
        return Handle(entity: place, series: series)
    }

    /// Adds a point.
    ///
    /// - Throws: ``TelemetryError`` when there are more than can be held.
    mutating func add(_ handle: Handle, time: Double, value: Double) throws {
        points += 1
        guard points <= Self.maximumPoints else { throw Self.tooLarge(path) }
        entities[handle.entity].series[handle.series].times.append(time)
        entities[handle.entity].series[handle.series].values.append(value)
    }

    static func tooLarge(_ path: String) -> TelemetryError {
        TelemetryError(
            .limitExceeded, path: path, found: "more than \(maximumPoints) values to be put in order",
            expected: "smaller files: one a host or a day")
    }

    /// The tables, in the order in which their entities were met; series that never had a number are left out.
    ///
    /// - Throws: ``TelemetryError`` when a table would be too large.
    func tables() throws -> [AssembledTable.Entity] {
        try entities.compactMap { entity in
            let filled = entity.series.filter { $0.values.contains { !$0.isNaN } }
            let series = filled.isEmpty ? entity.series.filter { !$0.times.isEmpty } : filled
            guard !series.isEmpty else { return nil }
            return try table(entity.name, series)
        }
    }

    private func table(_ name: String, _ series: [Series]) throws -> AssembledTable.Entity {
        var union = Set<Double>()
        var longest = 0
        for one in series {
            union.formUnion(one.times)
            longest = max(longest, Set(one.times).count)
        }
        var times = union.sorted()
        var notes: [String] = []
        var place: (Double) -> Int
        let step = series.compactMap { Self.medianStep($0.times) }.min()
        if series.count > 1, union.count > longest + longest / 5 + 2, let step, let first = times.first {
            // Times may lie further apart than any number of steps that can be counted.
            let steps = (times[times.count - 1] - first) / step
            guard steps < Double(Self.maximumPoints) else { throw Self.tooLarge(path) }
            let taken = Set(times.map { Int((($0 - first) / step + 1e-6).rounded(.down)) }).sorted()
            let rows = Dictionary(uniqueKeysWithValues: taken.enumerated().map { ($0.element, $0.offset) })
            times = taken.map { first + Double($0) * step }
            place = { rows[Int((($0 - first) / step + 1e-6).rounded(.down))] ?? 0 }
            notes.append("series with times of their own: one row for every \((step * 1000).rounded() / 1000) s")
        } else {
            let rows = Dictionary(uniqueKeysWithValues: times.enumerated().map { ($0.element, $0.offset) })
            place = { rows[$0] ?? 0 }
        }
        let width = series.count
        guard times.count.multipliedReportingOverflow(by: width).overflow == false,
            times.count * width <= Self.maximumPoints
        else { throw Self.tooLarge(path) }
        let filled = series.reduce(0) { $0 + $1.times.count }
        guard times.count * width <= max(Self.mostCells.always, filled * Self.mostCells.perValue) else {
            throw TelemetryError(
                .limitExceeded, path: path,
                found: "\(filled) values of \(width) series at \(times.count) times: a table that is nearly empty",
                expected: "series that are measured at the same times, or files of fewer series")
        }
        let aligned = !notes.isEmpty
        var values = [Double](repeating: .nan, count: times.count * width)
        var repeated = 0
        for (column, one) in series.enumerated() {
            // In time order, so that the last value of a step is the latest; of the same moment, the first that came.
            let isAscending = zip(one.times, one.times.dropFirst()).allSatisfy { $0 <= $1 }
            let order =
                isAscending
                ? Array(one.times.indices)
                : one.times.indices.sorted {
                    one.times[$0] == one.times[$1] ? $0 < $1 : one.times[$0] < one.times[$1]
                }
            var last = Double.nan
            for index in order {
                guard one.times[index] != last else {
                    repeated += 1
                    continue
                }
                last = one.times[index]
                let cell = place(last) * width + column
                if aligned ? !one.values[index].isNaN || values[cell].isNaN : true { values[cell] = one.values[index] }
            }
        }
        if repeated > 0 {
            notes.append("\(repeated) of \(filled) values repeat a time of their series: the first of them counts")
        }
        return AssembledTable.Entity(
            name: name, schema: Self.names(series), times: times, values: values, labels: nil, notes: notes)
    }

    /// The names of series, the full ones of those that would have the same.
    private static func names(_ series: [Series]) -> [String] {
        let counts = Dictionary(series.map { ($0.name, 1) }, uniquingKeysWith: +)
        return series.map { (counts[$0.name] ?? 0) > 1 ? $0.fullName : $0.name }
    }

    private static func medianStep(_ times: [Double]) -> Double? {
        let sorted = times.sorted()
        let steps = zip(sorted, sorted.dropFirst()).map { $1 - $0 }.filter { $0 > 0 }.sorted()
        return steps.isEmpty ? nil : steps[steps.count / 2]
    }
}
