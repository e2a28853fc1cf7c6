import Platform

/// ``EvidenceDetector`` in one entity's stream.
struct EvidenceScorer: MetricScorer {
    private let detector: EvidenceDetector
    private let blocks: [[Int]]
    private let shares: [Double]
    /// The part that says where each metric normally is; `nil` where none looks at that.
    private let home: Int?
    private var view: EvidenceView
    /// The slow average of what each forgiven part of each metric has shown, `[P × F]`.
    private var habits: [Double]
    private var sides: [Double]
    private var span: SeenSpan?

    /// The share of the slow average that is taken off.
    static let forgiven = 0.5

    init(_ detector: EvidenceDetector) {
        self.detector = detector
        blocks = MetricRelations.blocks(groups: detector.groups)
        shares = EvidencePart.shares(of: detector.parts)
        home = detector.parts.firstIndex(of: .rhythm) ?? detector.parts.firstIndex(of: .level)
        view = EvidenceView(parts: detector.parts, width: detector.metrics.count)
        habits = [Double](repeating: 0, count: detector.parts.count * detector.metrics.count)
        sides = [Double](repeating: 0, count: detector.metrics.count)
        span = detector.parts.firstIndex(of: .level).map { SeenSpan(of: detector.ranges[$0]) }
    }

    mutating func startSegment() { view.restart() }

    mutating func score(_ row: StreamRow, into output: DeviationBuffers) {
        view.update(row, relations: detector.relations, rhythm: detector.rhythm, blocks: blocks)
        let width = row.values.count
        for metric in 0..<width {
            output.deviations[metric] = 0
            output.returns[metric] = 0
            output.causes[metric] = 0
            sides[metric] = 0
        }
        for aspect in output.aspects.indices { output.aspects[aspect] = 0 }
        for (index, part) in detector.parts.enumerated() {
            let offset = index * width
            let range = detector.ranges[index]
            let share = shares[index]
            let aspect = part.aspect.rawValue
            let step = part.isForgiven ? 1 / detector.adaptationTime : 0
            for metric in 0..<width {
                let signed = range.evidence(view.values[offset + metric], metric)
                let habit = habits[offset + metric]
                if signed == 0, habit == 0 { continue }
                let size = min(NormalRange.cap, abs(signed))
                let evidence = max(0, size - Self.forgiven * habit)
                habits[offset + metric] += (size - habit) * step
                guard evidence > 0 else { continue }
                output.deviations[metric] += evidence * share
                if part == .shift, isReturn(metric, by: view.values[offset + metric]) {
                    output.returns[metric] += evidence * share
                    continue
                }
                output.aspects[aspect] += evidence * share
                // What changed by more than anything else leads, also where many are beyond all that was seen.
                if part.lookBack != nil { output.causes[metric] += abs(signed) }
                // A residual is reconstruction minus sample: above 0 the sample is below what is expected.
                sides[metric] += (signed > 0) == (part != .autoencoder) ? evidence : -evidence
            }
        }
        for metric in 0..<width {
            // Among metrics that changed alike, the one that is also at an odd level comes first.
            output.causes[metric] += 0.1 * (output.deviations[metric] - output.returns[metric])
            output.signs[metric] = sides[metric] > 0 ? 1 : sides[metric] < 0 ? -1 : 0
        }
        span?.update(row, into: output)
    }
}

extension EvidenceScorer {
    /// Whether a metric that differs from its latest past has come nearer to where it normally is: it is the past that was
    /// odd, and that was told. (The shorter looks back are over in four rows.) Where it has been as odd for most of the time,
    /// it has moved there.
    private func isReturn(_ metric: Int, by change: Double) -> Bool {
        guard let home else { return false }
        let now = view.settled[metric]
        func oddness(_ value: Double) -> Double {
            min(NormalRange.cap, abs(detector.ranges[home].evidence(value, metric)))
        }
        let before = oddness(now - change)
        return before > oddness(now) && before > 2 * habits[home * sides.count + metric]
    }
}

extension EvidenceScorer: StreamState {
    func save(to state: inout StateWriter) {
        view.save(to: &state)
        state.append(habits)
        span?.save(to: &state)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        try view.restore(from: &state)
        habits = try state.doubles(count: habits.count)
        try span?.restore(from: &state)
    }
}

/// What each part sees of each metric, row by row.
struct EvidenceView: Sendable {
    /// `[P × F]`, row-major, of the latest row.
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
    }

    mutating func restart() {
        length = 0
        for index in sums.indices { sums[index] = 0 }
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
            case .jump, .step, .shift:
                let share = 1 / Double(max(1, min(length, part.lookBack ?? 1)))
                for metric in 0..<width {
                    values[offset + metric] = length == 0 ? 0 : settled[metric] - sums[offset + metric] * share
                }
            }
        }
        remember()
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
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        ring = try state.doubles(count: ring.count)
        sums = try state.doubles(count: sums.count)
        length = try state.int(in: 0...(1 << 60))
    }
}
