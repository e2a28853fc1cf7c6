/// Cleans one column of one entity, row by row.
struct ColumnCleaner: Sendable {
    private let source: Int?
    private let transform: CleaningPipeline.Column.Transform
    private let role: CleaningPipeline.Column.Role
    private let standInValue: Double
    private let carryLimit: Int

    private var counter = CounterState()
    private var last: Double?
    /// Rows in a row without a value of their own.
    private(set) var missingRun = 0
    /// The value of this row as the model sees it; finite.
    private(set) var value: Float = 0
    /// Whether that value is a stand-in.
    private(set) var isStandIn = true
    /// The transformed value as it came, NaN when missing: for constants.
    private(set) var observed = Double.nan
    /// What a constant should be; for an entity unknown at fitting, the first value that it shows.
    private(set) var expected: Double?

    init(source: Int?, column: CleaningPipeline.Column, expected: Double?, carryLimit: Int) {
        self.source = source
        transform = column.transform
        role = column.role
        standInValue = column.standIn
        self.expected = expected
        self.carryLimit = carryLimit
    }

    mutating func update(
        values: ArraySlice<Double>, time: Double, step: Double, afterGap: Bool, afterRestart: Bool
    ) {
        if afterRestart { counter = CounterState() }
        if afterGap { last = nil }
        let raw = source.map { values[values.startIndex + $0] } ?? .nan
        let transformed: Double?
        switch transform {
        case .level: transformed = raw.isFinite ? raw : nil
        case .rate: transformed = counter.rate(of: raw, at: time, nominalStep: step)
        }
        observed = transformed ?? .nan
        if let transformed {
            last = transformed
            missingRun = 0
            isStandIn = false
            value = Self.single(transformed)
            if expected == nil && role == .constant { expected = transformed }
            return
        }
        missingRun += 1
        if let last, missingRun <= carryLimit {
            isStandIn = false
            value = Self.single(last)
        } else {
            isStandIn = true
            value = Self.single(standInValue)
        }
    }

    /// The nearest finite single-precision number.
    static func single(_ value: Double) -> Float {
        let single = Float(value)
        if single.isFinite { return single }
        return value < 0 ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude
    }
}
