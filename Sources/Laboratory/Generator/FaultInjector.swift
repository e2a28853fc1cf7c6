import Foundation
import Numerics
public import Telemetry

/// Puts labelled faults into copies of real files.
///
/// What a fault touches follows from the metrics' names and resource groups; its size is in units of each metric's own
/// spread, measured over the rows before the first fault.
public struct FaultInjector: Sendable {
    /// Everything random follows from it.
    public var seed: UInt64
    /// Which faults; those that fit no metric of an entity are left out there.
    public var faults: FaultSelection
    /// Severities are drawn evenly from this range.
    public var severity: ClosedRange<Double>
    /// The share of the rows before the first fault; these rows stay as they are and become the training part.
    public var from: Double
    /// How metrics are assigned to resource groups.
    public var rules: GroupRules

    /// An injector with its parameters.
    ///
    /// - Throws: ``GeneratorError`` when one is out of range.
    public init(
        seed: UInt64, faults: FaultSelection, severity: ClosedRange<Double>, from: Double, rules: GroupRules
    ) throws {
        func check(_ isGood: Bool, _ name: String, _ found: String, _ expected: String) throws {
            guard isGood else { throw GeneratorError(.badParameter, name, found: found, expected: expected) }
        }
        try check(from >= 0.1 && from <= 0.95, "from", "\(from)", "0.1 to 0.95")
        try check(
            severity.lowerBound >= 0.5 && severity.upperBound <= 20, "severity",
            "\(severity.lowerBound) to \(severity.upperBound)", "0.5 to 20")
        _ = try faults.kinds()
        self.seed = seed
        self.faults = faults
        self.severity = severity
        self.from = from
        self.rules = rules
    }

    /// An entity's samples with faults.
    public struct Result: Sendable {
        /// The samples, with labels: 1 in rows of a fault.
        public var frame: MetricFrame
        /// Rows before the first that a fault may lie in.
        public var trainingRows: Int
        /// The faults, their rows counted from the first row of the frame.
        public var faults: [InjectedFault]
        /// Faults that fit no metric.
        public var leftOut: [String]
        /// Each metric's spread over the training rows.
        public var spreads: [Double]
        /// Decimals found in each column, for writing changed values alike; at most 6.
        var decimals: [Int]
        /// Whether a sample differs from what it was.
        var changed: [Bool]
    }

    /// Puts faults into one entity's samples.
    ///
    /// - Parameters:
    ///   - frame: all rows of the entity.
    ///   - name: the entity's name, which is part of what random numbers follow from.
    /// - Throws: ``GeneratorError`` when there are too few rows for the faults.
    public func inject(into frame: MetricFrame, name: String) throws -> Result {
        let columns = frame.columnCount
        let trainingRows = Int((Double(frame.rowCount) * from).rounded())
        guard trainingRows >= 20, columns > 0 else {
            throw GeneratorError(
                .unsuitableData, name, found: "\(frame.rowCount) rows", expected: "at least \(Int(20 / from) + 1) rows")
        }
        let targets = (0..<columns).map { column in target(column, of: frame, trainingRows: trainingRows) }
        var application = FaultApplication(targets: targets, normalRows: trainingRows)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        var random = CounterBasedGenerator(seed: seed, purpose: "injection", Int(truncatingIfNeeded: hash))
        let plan = try FaultPlan(
            faults, severity: severity, rows: trainingRows..<frame.rowCount, application: application, entity: name,
            random: &random)
        var values = frame.values
        let injected = plan.faults.map { fault in
            application.apply(fault.kind, severity: fault.severity, rows: fault.rows, to: &values, random: &random)
        }
        var labels = frame.labels ?? [UInt8](repeating: 0, count: frame.rowCount)
        for fault in injected {
            for row in fault.rows { labels[row] = 1 }
        }
        let decimals = (0..<columns).map { Self.decimals(of: $0, in: frame) }
        var changed = [Bool](repeating: false, count: values.count)
        for position in (trainingRows * columns)..<values.count
        where values[position].bitPattern != frame.values[position].bitPattern {
            changed[position] = true
        }
        let result = MetricFrame(
            schema: frame.schema, firstRow: frame.firstRow, fileStarts: frame.fileStarts, times: frame.times,
            values: values, labels: labels)
        return Result(
            frame: result, trainingRows: trainingRows, faults: injected, leftOut: plan.leftOut,
            spreads: targets.map(\.spread), decimals: decimals, changed: changed)
    }

    private func target(_ column: Int, of frame: MetricFrame, trainingRows: Int) -> FaultTarget {
        let name = frame.schema[column]
        var isCounter = rules.isCounter(name)
        var low = Double.infinity
        var high = -Double.infinity
        var last = -Double.infinity
        var falls = 0
        for row in 0..<frame.rowCount {
            let value = frame.values[row * frame.columnCount + column]
            guard value.isFinite else { continue }
            low = min(low, value)
            high = max(high, value)
            if value < last { falls += 1 }
            last = value
        }
        // A counter by name that keeps falling is none.
        if falls * 20 > frame.rowCount { isCounter = false }
        let moments = ColumnMoments(
            values: frame.values, columns: frame.columnCount, column: column, rows: 0..<trainingRows,
            isCounter: isCounter)
        return FaultTarget(
            name: name, group: rules.group(for: name).name, isCounter: isCounter, spread: moments.spread,
            mean: moments.mean, bounds: Self.bounds(low: low, high: high, name: name))
    }

    /// What a metric's values may be, judged from what they are: shares stay shares, per cents per cents, and what was
    /// never negative stays so.
    private static func bounds(low: Double, high: Double, name: String) -> ClosedRange<Double> {
        let unbounded = Double.greatestFiniteMagnitude
        guard low <= high else { return -unbounded...unbounded }
        let lowerName = name.lowercased()
        if low >= 0, high <= 100, high > 1,
            lowerName.hasPrefix("cpu") || lowerName.contains("percent") || lowerName == "sys_mem"
        {
            return 0...100
        }
        return low >= 0 ? 0...unbounded : -unbounded...unbounded
    }

    private static func decimals(of column: Int, in frame: MetricFrame) -> Int {
        var most = 0
        for row in stride(from: 0, to: frame.rowCount, by: max(1, frame.rowCount / 500)) {
            let value = frame.values[row * frame.columnCount + column]
            guard value.isFinite else { continue }
            var scaled = abs(value)
            var places = 0
            while places < 6, abs(scaled - scaled.rounded()) > 1e-6 * max(1, scaled) {
                scaled *= 10
                places += 1
            }
            most = max(most, places)
        }
        return most
    }
}
