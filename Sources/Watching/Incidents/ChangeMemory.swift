/// The last samples of one metric that later ones are compared with. What deviates is held back, so that a fault does
/// not become its own measure; what stays long enough is the new normal.
struct ChangeMemory: Sendable {
    /// The samples, oldest first, at most ``ChangeModel/memory``, and the same in ascending order.
    private var samples: [Double] = []
    private var sorted: [Double] = []
    /// Those held back, oldest first, at most ``ChangeModel/mostHeld``.
    private var held: [Double] = []

    /// How far a value is from the median of the samples; `nil` before the first one. O(1).
    func change(of value: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let middle = sorted.count / 2
        return value - (sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2)
    }

    /// Takes a value in, or holds it back. O(samples).
    mutating func append(_ value: Double, evidence: Double) {
        if !samples.isEmpty, abs(evidence) > ChangeModel.heldBack {
            held.append(value)
            if held.count > ChangeModel.mostHeld { settle(on: held) }
            return
        }
        held.removeAll(keepingCapacity: true)
        if samples.count == ChangeModel.memory {
            let oldest = samples.removeFirst()
            if let place = sorted.firstIndex(of: oldest) { sorted.remove(at: place) }
        }
        samples.append(value)
        sorted.insert(value, at: sorted.firstIndex { $0 > value } ?? sorted.count)
    }

    /// Takes the level at which the metric is now for the one that it is compared with.
    mutating func accept() {
        guard let last = held.last else { return }
        settle(on: [last])
    }

    private mutating func settle(on values: [Double]) {
        samples = values
        sorted = values.sorted()
        held = []
    }
}
