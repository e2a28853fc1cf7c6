/// p_k from the rounds of a running system: the first quartile of the latest times by number of workers; where nothing was
/// measured for a k, the shape of a base profile, scaled to what was measured for other k.
///
/// The scale between two measured k is linear in k, outside them constant. A level that two rounds in a row have left to
/// the same side by more than a tolerance is given up at once, so that a machine that became slower is believed after two
/// rounds and a single slow round is not.
package struct LiveTrainingTimes: Codable, Equatable, Sendable {
    /// Rounds of one k that are remembered.
    package static let window = 8
    /// Rounds without which a k does not count as measured.
    package static let leastRounds = 2
    /// How far a round may be from the level, as a share of it.
    package static let tolerance = 0.15

    /// The latest times by number of workers, in seconds, oldest first.
    package private(set) var latest: [Int: [Double]] = [:]

    /// Nothing measured yet.
    package init() {}

    /// What an earlier run measured.
    package init(_ measurements: [MeasuredProfile.Measurement]) {
        for measurement in measurements where measurement.workers > 0 {
            for seconds in measurement.seconds.suffix(Self.window) { add(seconds, workers: measurement.workers) }
        }
    }

    /// Whether some number of workers is measured.
    package var isMeasured: Bool { latest.values.contains { $0.count >= Self.leastRounds } }

    /// Adds the training time of a round.
    package mutating func add(_ seconds: Double, workers k: Int) {
        guard seconds > 0, seconds.isFinite, k > 0 else { return }
        var times = latest[k] ?? []
        if times.count > Self.leastRounds, let last = times.last, let level = level(workers: k) {
            let shifts = [last / level - 1, seconds / level - 1]
            if shifts.allSatisfy({ $0 > Self.tolerance }) || shifts.allSatisfy({ $0 < -Self.tolerance }) {
                times = [last]
            }
        }
        times.append(seconds)
        latest[k] = times.suffix(Self.window)
    }

    /// What was measured with k workers was this many times as long for a worker of speed 1.
    package mutating func scale(by factor: Double, workers k: Int) {
        guard factor > 0, factor.isFinite else { return }
        latest[k] = latest[k]?.map { $0 * factor }
    }

    /// The first quartile of what was measured with k workers; nil before there is enough of it.
    package func level(workers k: Int) -> Double? {
        guard let times = latest[k], times.count >= Self.leastRounds else { return nil }
        return measurement(workers: k, times).firstQuartile
    }

    private func measurement(workers k: Int, _ times: [Double]) -> MeasuredProfile.Measurement {
        .init(workers: k, simultaneous: true, largestShare: 0, seconds: times, heldOutLoss: [])
    }

    /// p_1 … p_n. Without anything measured it is the base itself.
    ///
    /// - Parameters:
    ///   - count: n.
    ///   - base: a positive time for each k, or anything proportional to it once something is measured.
    package func profile(count: Int, base: (Int) -> Double) throws(PlacementError) -> TrainingTimeProfile {
        let levels = latest.keys.sorted().compactMap { k in level(workers: k).map { (workers: k, seconds: $0) } }
        let scales = levels.map { $0.seconds / base($0.workers) }
        var points: [TrainingTimeProfile.Breakpoint] = []
        for k in 1...max(1, count) {
            var scale = 1.0
            if let above = levels.firstIndex(where: { $0.workers >= k }) {
                scale = scales[above]
                if above > 0, levels[above].workers > k {
                    let below = levels[above - 1].workers
                    let share = Double(k - below) / Double(levels[above].workers - below)
                    scale = scales[above - 1] + share * (scales[above] - scales[above - 1])
                }
            } else if let last = scales.last {
                scale = last
            }
            points.append(.init(workers: k, seconds: scale * base(k)))
        }
        return try TrainingTimeProfile(breakpoints: points)
    }

    /// What was measured, with p_1 … p_n of `profile`, as a profile's file.
    package func document(_ profile: TrainingTimeProfile) -> MeasuredProfile {
        var document = MeasuredProfile(
            setting: nil, measurements: latest.sorted { $0.key < $1.key }.map { measurement(workers: $0.key, $0.value) }
        )
        document.trainingTimeBreakpoints = profile.breakpoints
        return document
    }
}
