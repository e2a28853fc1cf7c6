package import Platform

/// The mean of the latest `horizon` values, or of all while there are fewer. O(1) amortised; the running sum is
/// computed anew every `horizon` values, so that rounding errors do not pile up.
package struct TrailingMean: Sendable {
    private var values: [Double]
    private var next = 0
    private var sum = 0.0
    private let horizon: Int

    /// - Precondition: `horizon` is positive.
    package init(horizon: Int) {
        precondition(horizon > 0, "a horizon is positive")
        self.horizon = horizon
        values = []
        values.reserveCapacity(horizon)
    }

    /// Forgets all values.
    package mutating func restart() {
        values.removeAll(keepingCapacity: true)
        next = 0
        sum = 0
    }

    /// The share of the horizon that there are values for.
    package var filled: Double { Double(values.count) / Double(horizon) }

    /// Takes in a value; returns the mean.
    package mutating func update(_ value: Double) -> Double {
        if values.count < horizon {
            values.append(value)
            sum += value
        } else {
            sum += value - values[next]
            values[next] = value
        }
        next += 1
        if next == horizon {
            next = 0
            sum = values.reduce(0, +)
        }
        return sum / Double(values.count)
    }
}

extension TrailingMean: StreamState {
    /// Writes the values and where the next one goes.
    package func save(to state: inout StateWriter) {
        state.append(values)
        state.append(next)
        state.append(sum)
    }

    /// Takes them up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        values = try state.doubles()
        guard values.count <= horizon else { throw StateError("\(values.count) values of \(horizon)") }
        next = try state.int(in: 0...horizon - 1)
        sum = try state.double()
    }
}
