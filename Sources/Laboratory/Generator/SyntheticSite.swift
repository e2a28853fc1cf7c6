import Numerics

/// An Ornstein–Uhlenbeck process at even steps: mean 0, variance 1, exponentially fading memory.
struct MeanRevertingProcess {
    private let keep: Double
    private let renew: Double
    private var state: Double
    private var random: CounterBasedGenerator

    /// A process that forgets within about `timeSeconds`.
    init(timeSeconds: Double, stepSeconds: Double, random: CounterBasedGenerator) {
        self.init(persistence: exponential(-stepSeconds / timeSeconds), random: random)
    }

    /// A process with a correlation from one row to the next.
    init(persistence: Double, random: CounterBasedGenerator) {
        keep = persistence
        renew = (1 - persistence * persistence).squareRoot()
        self.random = random
        state = self.random.normal()
    }

    mutating func next() -> Double {
        state = keep * state + renew * random.normal()
        return state
    }
}

/// What the entities of a site share: its size, its hours of work and rest, and the demand that follows from them.
struct SyntheticSite {
    let name: String
    /// Multiplies traffic.
    let size: Double
    /// Multiplies the metrics' own noise.
    let roughness: Double
    /// Demand at each row, variance about 1.
    let demand: [Double]
    /// Seconds after midnight at which the storage job first runs.
    let jobStart: Double

    init(index: Int, scenario: SyntheticScenario) {
        name = "site\(index + 1)"
        var traits = CounterBasedGenerator(seed: scenario.seed, purpose: "site traits", index)
        size = min(max(exponential(0.35 * traits.normal()), 0.6), 1.8)
        roughness = 0.85 + 0.4 * traits.uniform()
        // Offices peak at one, homes in the evening, factories at night.
        let peaks = [13.0, 20.0, 3.0]
        let peak = peaks[index % peaks.count] + 1.5 * (traits.uniform() - 0.5)
        let second = traits.uniform()
        let weekend = 0.2 + 0.4 * traits.uniform()
        jobStart = 7_200 * traits.uniform()
        var slow = MeanRevertingProcess(
            timeSeconds: 3_600, stepSeconds: scenario.stepSeconds,
            random: CounterBasedGenerator(seed: scenario.seed, purpose: "site demand", index))
        demand = (0..<scenario.rows).map { row in
            let time = Double(row) * scenario.stepSeconds
            let day = time / 86_400
            let daily = 0.95 * sineOfTurn(day - peak / 24 + 0.25) + 0.3 * sineOfTurn(2 * day + second)
            let isWeekend = Int(day) % 7 >= 5
            return daily + 0.55 * slow.next() - (isWeekend ? weekend : 0)
        }
    }
}
