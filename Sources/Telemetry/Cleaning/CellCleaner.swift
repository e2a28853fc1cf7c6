import Platform

/// Cleans one metric of one entity, row by row.
struct CellCleaner: Sendable {
    /// Its column; negative: the source lacks it.
    private let column: Int32
    private let isRate: Bool
    /// Constant or missing throughout training.
    private let isConstant: Bool
    /// Missing throughout training: that it is missing is normal.
    private let isAbsent: Bool
    private let standIn: Double

    private var counter = CounterState()
    /// The value that may be carried: of what varies within its segment, of a constant for ever; NaN: none.
    private var last = Double.nan
    /// Rows in a row without a value of its own.
    private(set) var missingRun: Int32 = 0
    /// Rows since it is there; see ``CleanRows/ages``.
    private(set) var age = Int32.max
    /// What a constant should be; NaN: not known yet.
    private(set) var expected: Double

    init(_ rule: CleaningPipeline.Column, column: Int, expected: Double?) {
        self.column = Int32(clamping: column)
        isRate = rule.transform == .rate
        isConstant = rule.role != .metric
        isAbsent = rule.role == .absent
        standIn = Self.single(rule.standIn)
        self.expected = expected ?? .nan
    }

    /// Nothing connects the next row to the last one.
    mutating func restart() { counter = CounterState() }

    /// Takes in the next row; returns its value, finite, and its mark.
    mutating func update(
        _ row: UnsafeBufferPointer<Double>, time: Double, isLate: Bool, afterGap: Bool, carryLimit: Int32
    ) -> (value: Double, mark: UInt8) {
        // What a late row says was so earlier; now the last value still stands.
        let raw = column >= 0 && !isLate ? row[Int(column)] : .nan
        if afterGap, !isConstant { last = .nan }
        if let observed = isRate ? counter.rate(of: raw, at: time) : raw.isFinite ? raw : nil {
            let value = Self.single(observed)
            last = value
            missingRun = 0
            if isConstant, !isAbsent, expected.isNaN { expected = observed }
            if age < .max { age += 1 }
            return (value, CleanRows.Mark.observed.rawValue)
        }
        if missingRun < .max { missingRun += 1 }
        let isLong = missingRun > carryLimit
        let isAway = isLong && !isAbsent
        if isAway { age = 0 } else if age < .max { age += 1 }
        // A constant keeps its last value; what varies gets a stand-in once it has been missing for long, and what was never
        // there in training is gone again.
        if !last.isNaN, (isConstant && !isAbsent) || !isLong {
            return (last, (isAway ? CleanRows.Mark.away : .carried).rawValue)
        }
        let value = !isConstant ? standIn : expected.isFinite ? Self.single(expected) : 0
        return (value, (isAway ? CleanRows.Mark.away : .standIn).rawValue)
    }

    /// The nearest finite single-precision number.
    private static func single(_ value: Double) -> Double {
        let single = Float(value)
        if single.isFinite { return Double(single) }
        return Double(value < 0 ? -Float.greatestFiniteMagnitude : .greatestFiniteMagnitude)
    }
}

extension CellCleaner: StreamState {
    func save(to state: inout StateWriter) {
        state.append(counter.value)
        state.append(counter.time)
        state.append(last)
        state.append(Int(missingRun))
        state.append(Int(age))
        state.append(expected)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        let value = try state.optionalDouble()
        counter = CounterState(value: value, time: try state.double())
        last = try state.double()
        missingRun = Int32(try state.int(in: 0...Int(Int32.max)))
        age = Int32(try state.int(in: 0...Int(Int32.max)))
        expected = try state.double()
    }
}
