import Platform

/// What each part sees of each metric, row by row.
struct EvidenceView: Sendable {
    /// `[P × F]`, row-major, of the latest row; not a number where a part has not seen enough rows yet.
    private(set) var values: [Double]
    private let parts: [EvidencePart]
    private let width: Int
    /// The latest rows, `[longest look-back × F]`, a ring.
    private var ring: [Double]
    /// The sum over each part's look-back, `[P × F]`.
    private var sums: [Double]
    private var scaled: [Double]
    private var residuals: [Double]
    /// The values without what is usual at the time of day.
    private(set) var settled: [Double]
    /// The value of each metric in the row before, and for how many rows it has been the same; empty where nobody asks.
    private var latest: [Double]
    private var repeats: [Double]
    private var waves = [Double](repeating: 0, count: 2 * DailyRhythm.harmonics)
    /// Rows of the unbroken stream so far.
    private var length = 0

    init(parts: [EvidencePart], width: Int) {
        self.parts = parts
        self.width = width
        values = [Double](repeating: 0, count: parts.count * width)
        sums = values
        ring = [Double](repeating: 0, count: EvidencePart.longestLookBack * width)
        scaled = [Double](repeating: 0, count: width)
        residuals = scaled
        settled = scaled
        latest = [Double](repeating: .nan, count: parts.contains(.standstill) ? width : 0)
        repeats = [Double](repeating: 0, count: latest.count)
    }

    mutating func restart() {
        length = 0
        for index in sums.indices { sums[index] = 0 }
        for index in latest.indices { (latest[index], repeats[index]) = (.nan, 0) }
    }

    /// Looks at the next row. Without relations the metrics say nothing of each other, and without a rhythm all times
    /// are alike.
    mutating func update(_ row: StreamRow, relations: MetricRelations?, rhythm: DailyRhythm?, blocks: [[Int]]) {
        for metric in 0..<width { settled[metric] = row.values[metric] }
        if let rhythm {
            DailyRhythm.write(at: row.time, to: &waves)
            rhythm.remove(waves, from: &settled)
        }
        for (index, part) in parts.enumerated() {
            let offset = index * width
            switch part {
            case .level:
                for metric in 0..<width { values[offset + metric] = row.values[metric] }
            case .rhythm:
                for metric in 0..<width { values[offset + metric] = settled[metric] }
            case .autoencoder:
                for metric in 0..<width { values[offset + metric] = Double(row.residuals[metric]) }
            case .relation:
                guard let relations else { continue }
                for metric in 0..<width {
                    // A stand-in for a metric that is away says nothing of the others.
                    scaled[metric] =
                        row.ages[metric] == 0
                        ? 0
                        : MetricRelations.scaled(
                            row.values[metric], centre: relations.centre[metric], scale: relations.scale[metric])
                }
                relations.explain(scaled, blocks: blocks, into: &residuals)
                relations.forget(row.ages, blocks: blocks, in: &residuals)
                for metric in 0..<width { values[offset + metric] = residuals[metric] }
            case .mean:
                let share = 1 / Double(1 + min(length, part.lookBack ?? 0))
                for metric in 0..<width { values[offset + metric] = (sums[offset + metric] + settled[metric]) * share }
            case .jump, .step, .shift:
                let share = 1 / Double(max(1, min(length, part.lookBack ?? 1)))
                for metric in 0..<width { values[offset + metric] = settled[metric] - sums[offset + metric] * share }
            case .standstill:
                for metric in 0..<width {
                    // A stand-in stands still, and says nothing.
                    let value = row.ages[metric] == 0 ? .nan : row.values[metric]
                    repeats[metric] = value == latest[metric] ? repeats[metric] + 1 : 0
                    latest[metric] = value
                    values[offset + metric] = repeats[metric]
                }
            }
            if length < part.leastRowsBefore {
                for metric in 0..<width { values[offset + metric] = .nan }
            }
        }
        remember()
    }

    /// The mean of the latest rows so far, without what the time of day changes: of up to as many as any part looks back.
    func writeLatestPast(into means: inout [Double]) {
        let rows = min(length, EvidencePart.longestLookBack)
        guard rows > 0 else { return }
        for metric in 0..<width {
            means[metric] = (0..<rows).reduce(0) { $0 + ring[$1 * width + metric] } / Double(rows)
        }
    }

    private mutating func remember() {
        let capacity = EvidencePart.longestLookBack
        // Before the oldest row is overwritten it leaves the longest sum.
        for (index, part) in parts.enumerated() {
            guard let lookBack = part.lookBack else { continue }
            let offset = index * width
            let leaving = (length - lookBack + capacity) % capacity * width
            if length >= lookBack {
                for metric in 0..<width { sums[offset + metric] += settled[metric] - ring[leaving + metric] }
            } else {
                for metric in 0..<width { sums[offset + metric] += settled[metric] }
            }
        }
        let place = length % capacity * width
        for metric in 0..<width { ring[place + metric] = settled[metric] }
        length += 1
        // Running sums gather rounding errors: now and then they are taken anew.
        if length % capacity == 0 { sumAnew() }
    }

    private mutating func sumAnew() {
        let capacity = EvidencePart.longestLookBack
        for (index, part) in parts.enumerated() {
            guard let lookBack = part.lookBack else { continue }
            let offset = index * width
            for metric in 0..<width { sums[offset + metric] = 0 }
            for back in stride(from: lookBack, through: 1, by: -1) {
                let place = (length - back) % capacity * width
                for metric in 0..<width { sums[offset + metric] += ring[place + metric] }
            }
        }
    }
}

extension EvidenceView: StreamState {
    func save(to state: inout StateWriter) {
        state.append(ring)
        state.append(sums)
        state.append(length)
        guard !latest.isEmpty else { return }
        state.append(latest)
        state.append(repeats)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        ring = try state.doubles(count: ring.count)
        sums = try state.doubles(count: sums.count)
        length = try state.int(in: 0...(1 << 60))
        guard !latest.isEmpty else { return }
        latest = try state.doubles(count: latest.count)
        repeats = try state.doubles(count: repeats.count)
    }
}
