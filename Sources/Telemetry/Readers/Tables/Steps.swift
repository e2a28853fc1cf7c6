/// The distances from number to number.
struct Steps {
    /// What part of the steps other than 0 are as long as the one in the middle.
    let share: Double

    init(_ values: [Double]) {
        let steps = zip(values.dropFirst(), values).map { $0 - $1 }.filter { $0 != 0 }.sorted()
        guard !steps.isEmpty else {
            share = 0
            return
        }
        let middle = steps[steps.count / 2]
        share = Double(steps.count { abs($0 - middle) <= 1e-6 * abs(middle) }) / Double(steps.count)
    }
}
