import Platform

/// The slow average of what each metric has shown, part of which is forgiven, so that drift does not alarm forever.
struct MetricHabits: Sendable {
    /// The share of the slow average that is taken off.
    static let forgiven = 0.5
    private var averages: [Double]
    private let adaptationTime: Double

    init(width: Int, adaptationTime: Double) {
        averages = [Double](repeating: 0, count: width)
        self.adaptationTime = adaptationTime
    }

    /// A metric's value less the forgiven part.
    func forgiving(_ value: Double, _ metric: Int) -> Double { max(0, value - Self.forgiven * averages[metric]) }

    /// Takes the forgiven part off each metric's value, and learns the value.
    mutating func forgive(_ values: UnsafeMutableBufferPointer<Double>) {
        for metric in values.indices {
            let value = values[metric]
            values[metric] = max(0, value - Self.forgiven * averages[metric])
            averages[metric] += (value - averages[metric]) / adaptationTime
        }
    }
}

extension MetricHabits: StreamState {
    func save(to state: inout StateWriter) { state.append(averages) }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        averages = try state.doubles(count: averages.count)
    }
}
