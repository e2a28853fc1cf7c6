import Platform

/// ``EvidenceDetector`` in one entity's stream.
struct EvidenceScorer: MetricScorer {
    private let detector: EvidenceDetector
    private let blocks: [[Int]]
    private var view: EvidenceView
    /// The slow average of what each forgiven part of each metric has shown, `[P × F]`.
    private var habits: [Double]
    private var sides: [Double]

    /// The share of the slow average that is taken off.
    static let forgiven = 0.5

    init(_ detector: EvidenceDetector) {
        self.detector = detector
        blocks = MetricRelations.blocks(groups: detector.groups)
        view = EvidenceView(parts: detector.parts, width: detector.metrics.count)
        habits = [Double](repeating: 0, count: detector.parts.count * detector.metrics.count)
        sides = [Double](repeating: 0, count: detector.metrics.count)
    }

    mutating func startSegment() { view.restart() }

    mutating func score(_ row: StreamRow, into output: DeviationBuffers) {
        view.update(row, relations: detector.relations, blocks: blocks)
        let width = row.values.count
        let share = 1 / Double(detector.parts.count)
        for metric in 0..<width {
            output.deviations[metric] = 0
            output.causes[metric] = 0
            sides[metric] = 0
        }
        for aspect in output.aspects.indices { output.aspects[aspect] = 0 }
        for (index, part) in detector.parts.enumerated() {
            let offset = index * width
            let range = detector.ranges[index]
            let aspect = part.aspect.rawValue
            let step = part.isForgiven ? 1 / detector.adaptationTime : 0
            for metric in 0..<width {
                let signed = range.evidence(view.values[offset + metric], metric)
                let habit = habits[offset + metric]
                if signed == 0, habit == 0 { continue }
                let evidence = max(0, abs(signed) - Self.forgiven * habit)
                habits[offset + metric] += (abs(signed) - habit) * step
                guard evidence > 0 else { continue }
                output.deviations[metric] += evidence * share
                output.aspects[aspect] += evidence * share
                if part.lookBack != nil { output.causes[metric] += evidence }
                sides[metric] += signed > 0 ? evidence : -evidence
            }
        }
        for metric in 0..<width {
            // Among metrics that changed alike, the one that is also at an odd level comes first.
            output.causes[metric] += 0.1 * output.deviations[metric]
            output.signs[metric] = sides[metric] > 0 ? 1 : sides[metric] < 0 ? -1 : 0
        }
    }
}

extension EvidenceScorer: StreamState {
    func save(to state: inout StateWriter) {
        view.save(to: &state)
        state.append(habits)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        try view.restore(from: &state)
        habits = try state.doubles(count: habits.count)
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
    }

    mutating func restart() {
        length = 0
        for index in sums.indices { sums[index] = 0 }
    }

    /// Looks at the next row. Without relations the metrics say nothing of each other.
    mutating func update(_ row: StreamRow, relations: MetricRelations?, blocks: [[Int]]) {
        for (index, part) in parts.enumerated() {
            let offset = index * width
            switch part {
            case .level:
                for metric in 0..<width { values[offset + metric] = row.values[metric] }
            case .autoencoder:
                for metric in 0..<width { values[offset + metric] = Double(row.residuals[metric]) }
            case .relation:
                guard let relations else { continue }
                for metric in 0..<width {
                    scaled[metric] = MetricRelations.scaled(
                        row.values[metric], centre: relations.centre[metric], scale: relations.scale[metric])
                }
                relations.explain(scaled, blocks: blocks, into: &residuals)
                // What a stand-in for a metric that is away says of the others means nothing: no number, no evidence.
                for members in blocks where members.contains(where: { row.ages[$0] == 0 }) {
                    for member in members { residuals[member] = .nan }
                }
                for metric in 0..<width { values[offset + metric] = residuals[metric] }
            case .jump, .step, .shift:
                let share = 1 / Double(max(1, min(length, part.lookBack ?? 1)))
                for metric in 0..<width {
                    values[offset + metric] = length == 0 ? 0 : row.values[metric] - sums[offset + metric] * share
                }
            }
        }
        remember(row)
    }

    private mutating func remember(_ row: StreamRow) {
        let capacity = EvidencePart.longestLookBack
        // Before the oldest row is overwritten it leaves the longest sum.
        for (index, part) in parts.enumerated() {
            guard let lookBack = part.lookBack else { continue }
            let offset = index * width
            let leaving = (length - lookBack + capacity) % capacity * width
            if length >= lookBack {
                for metric in 0..<width { sums[offset + metric] += row.values[metric] - ring[leaving + metric] }
            } else {
                for metric in 0..<width { sums[offset + metric] += row.values[metric] }
            }
        }
        let place = length % capacity * width
        for metric in 0..<width { ring[place + metric] = row.values[metric] }
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
