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
    /// Whether each metric stood still in training, `[F]`.
    private let isStill: [Bool]
    private var span: SeenSpan?
    /// What alarms have told of last.
    private var told: ToldChanges
    /// What those changes of a row show that only lead back from there, `[F]`.
    private var retreats: [Double]

    /// The share of the slow average that is taken off.
    static let forgiven = 0.5
    /// Time constant, in rows, after which a metric that stood still in training and rises is where it belongs: a count that
    /// nobody declared as one, a high-water mark, memory that is kept. All of it is forgiven then. What falls from where it
    /// stood is missed for as long as that of any other.
    static let settlingTime = 60.0

    init(_ detector: EvidenceDetector) {
        self.detector = detector
        blocks = MetricRelations.blocks(groups: detector.groups)
        shares = EvidencePart.shares(of: detector.parts)
        home = detector.parts.firstIndex(of: .rhythm) ?? detector.parts.firstIndex(of: .level)
        view = EvidenceView(parts: detector.parts, width: detector.metrics.count)
        habits = [Double](repeating: 0, count: detector.parts.count * detector.metrics.count)
        sides = [Double](repeating: 0, count: detector.metrics.count)
        told = ToldChanges(parts: detector.parts, width: detector.metrics.count)
        retreats = sides
        let still = Set(detector.still ?? [])
        isStill = detector.metrics.indices.map { still.contains($0) }
        span = detector.parts.firstIndex(of: .level).map { SeenSpan(of: detector.ranges[$0]) }
    }

    mutating func startSegment() {
        view.restart()
        told.restart()
    }

    mutating func score(_ row: StreamRow, after past: AlarmPast, into output: DeviationBuffers) {
        if past == .began { told.begin(view) }
        view.update(row, relations: detector.relations, rhythm: detector.rhythm, blocks: blocks)
        let width = row.values.count
        for metric in 0..<width {
            output.deviations[metric] = 0
            output.returns[metric] = 0
            output.causes[metric] = 0
            sides[metric] = 0
            retreats[metric] = 0
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
                let settles = isStill[metric] && signed >= 0
                let evidence = max(0, size - (settles ? 1 : Self.forgiven) * habit)
                habits[offset + metric] += (size - habit) * (settles && step > 0 ? 1 / Self.settlingTime : step)
                guard evidence > 0 else { continue }
                output.deviations[metric] += evidence * share
                if isReturn(metric, to: part, at: index) {
                    output.returns[metric] += evidence * share
                    continue
                }
                if told.leadsBack(metric, part: index, in: view, after: past) {
                    retreats[metric] += evidence * share
                }
                output.aspects[aspect] += evidence * share
                // What changed by more than anything else leads, also where many are beyond all that was seen.
                if part.seesChanges { output.causes[metric] += abs(signed) }
                // A residual is reconstruction minus sample: above 0 the sample is below what is expected.
                if part.hasSide { sides[metric] += (signed > 0) == (part != .autoencoder) ? evidence : -evidence }
            }
        }
        for metric in 0..<width {
            // Among metrics that changed alike, the one that is also at an odd level comes first.
            output.causes[metric] += 0.1 * (output.deviations[metric] - output.returns[metric])
            output.returns[metric] += retreats[metric]
            output.signs[metric] = sides[metric] > 0 ? 1 : sides[metric] < 0 ? -1 : 0
        }
        told.update(view, after: past)
        span?.update(row, into: output)
    }
}

extension EvidenceScorer {
    /// Whether what a part sees only says that a metric is back nearer to where it normally is: it is the past that was odd,
    /// and that was told. (The shorter looks back are over in four rows.)
    private func isReturn(_ metric: Int, to part: EvidencePart, at index: Int) -> Bool {
        let seen = view.values[index * sides.count + metric]
        switch part {
        case .shift: return isBack(metric, by: seen)
        case .mean:
            let middle = detector.ranges[index].middle[metric]
            return abs(view.settled[metric] - middle) < abs(seen - middle)
        case .level, .rhythm, .jump, .step, .relation, .autoencoder, .standstill: return false
        }
    }

    /// Whether a metric that differs from its latest past has come nearer to where it normally is. Where it has been as odd
    /// for most of the time, it has moved there.
    private func isBack(_ metric: Int, by change: Double) -> Bool {
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
        told.save(to: &state)
        span?.save(to: &state)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        try view.restore(from: &state)
        habits = try state.doubles(count: habits.count)
        try told.restore(from: &state)
        try span?.restore(from: &state)
    }
}
