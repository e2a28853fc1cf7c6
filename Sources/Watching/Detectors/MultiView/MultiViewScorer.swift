import Platform

/// ``MultiViewDetector`` in one entity's stream.
struct MultiViewScorer: MetricScorer {
    private let detector: MultiViewDetector
    private var stream: ViewStream
    private var sides: [Double]
    private var deviationHabits: MetricHabits
    private var causeHabits: MetricHabits
    private var surpriseHabits: MetricHabits
    private let activeViews: Double
    private let activeCauses: Double
    private let surprising: [Bool]
    /// Distances of the latest samples, `[window × V × F]`, and their sums, `[V × F]`.
    private var recent: [Double]
    private var sums: [Double]
    private var metricSurprises: MetricSurprises
    private var returns: MetricReturns
    private var settledSurprises: MetricSurprises
    /// What views that look back at an earlier deviation say, `[F]`.
    private var returned: [Double]
    private var length = 0

    init(_ detector: MultiViewDetector) {
        self.detector = detector
        stream = ViewStream(detector.parameters)
        let width = detector.metrics.count
        sides = [Double](repeating: 0, count: width)
        deviationHabits = MetricHabits(width: width, adaptationTime: detector.adaptationTime)
        causeHabits = deviationHabits
        surpriseHabits = deviationHabits
        let views = zip(detector.parameters.views, detector.bands).filter { $1 != nil && !$0.isForSurprisesOnly }
            .map(\.0)
        activeViews = Double(max(1, views.count))
        activeCauses = Double(max(1, views.count(where: \.seesChange)))
        surprising = detector.parameters.views.indices.map(detector.surprises)
        sums = [Double](repeating: 0, count: detector.parameters.views.count * width)
        recent = [Double](repeating: 0, count: MultiViewDetector.surpriseWindow * sums.count)
        metricSurprises = MetricSurprises(detector)
        settledSurprises = metricSurprises
        returns = MetricReturns(detector)
        returned = sides
    }

    mutating func startSegment() {
        stream.restart()
        returns.restart()
        for index in recent.indices { recent[index] = 0 }
        for index in sums.indices { sums[index] = 0 }
        length = 0
    }

    mutating func score(_ row: StreamRow, into output: DeviationBuffers) {
        stream.update(time: row.time, row: row.values)
        returns.update(stream)
        let width = row.values.count
        for metric in 0..<width {
            output.deviations[metric] = 0
            output.causes[metric] = 0
            output.surprises[metric] = 0
            output.returnedDeviations[metric] = 0
            output.returnedSurprises[metric] = 0
            returned[metric] = 0
            sides[metric] = 0
        }
        for aspect in output.aspects.indices { output.aspects[aspect] = 0 }
        let slot = beginExcursions()
        for (index, view) in detector.parameters.views.enumerated() where stream.isWarm[index] {
            guard let band = detector.bands[index] else { continue }
            add(view, band, at: index * width, slot: slot, to: output)
        }
        endExcursions(slot)
        for metric in 0..<width {
            output.deviations[metric] /= activeViews
            output.causes[metric] /= activeCauses
            output.signs[metric] = sides[metric] > 0 ? 1 : sides[metric] < 0 ? -1 : 0
        }
        for metric in 0..<width where returned[metric] > 0 {
            let all = deviationHabits.forgiving(output.deviations[metric], metric)
            let settled = output.deviations[metric] - returned[metric] / activeViews
            output.returnedDeviations[metric] = max(0, all - deviationHabits.forgiving(settled, metric))
        }
        deviationHabits.forgive(output.deviations)
        causeHabits.forgive(output.causes)
        // Among metrics that changed alike, the one that is also at an odd level comes first.
        for metric in 0..<width { output.causes[metric] += 0.1 * output.deviations[metric] }
        guard !detector.usualExcursions.isEmpty else { return }
        metricSurprises.clear()
        var found = metricSurprises
        forEachExcursion { found.add(ViewExcursion(row: 0, cell: $0, value: $1), by: detector) }
        metricSurprises = found
        metricSurprises.write(to: output.surprises)
        settleSurprises(output)
        surpriseHabits.forgive(output.surprises)
        returns.remember(output.surprises, in: stream)
    }

    /// What the surprises of returned metrics lose without the views that look back at the time before.
    private mutating func settleSurprises(_ output: DeviationBuffers) {
        guard returns.samplesBack.contains(where: { $0 < .max }) else { return }
        settledSurprises.clear()
        let width = output.surprises.count
        var settled = settledSurprises
        forEachExcursion { cell, value in
            let (view, metric) = Int(cell).quotientAndRemainder(dividingBy: width)
            let back = detector.parameters.views[view].warmUp + MultiViewDetector.surpriseWindow
            guard returns.samplesBack[metric] >= back else { return }
            settled.add(ViewExcursion(row: 0, cell: cell, value: value), by: detector)
        }
        settledSurprises = settled
        settledSurprises.write(to: output.returnedSurprises)
        for metric in 0..<width {
            let all = surpriseHabits.forgiving(output.surprises[metric], metric)
            let left = surpriseHabits.forgiving(output.returnedSurprises[metric], metric)
            output.returnedSurprises[metric] = returns.samplesBack[metric] < .max ? max(0, all - left) : 0
        }
    }

    func appendExcursions(row: Int, to excursions: inout [ViewExcursion]) {
        forEachExcursion { excursions.append(ViewExcursion(row: row, cell: $0, value: $1)) }
    }

    /// Makes room for the next sample's distances; returns where they go.
    private mutating func beginExcursions() -> Int {
        let slot = length % MultiViewDetector.surpriseWindow * sums.count
        length += 1
        for cell in sums.indices where recent[slot + cell] != 0 {
            sums[cell] -= recent[slot + cell]
            recent[slot + cell] = 0
        }
        return slot
    }

    /// Takes the sample's distances into the sums; now and then these are taken anew, so that rounding errors do not
    /// pile up.
    private mutating func endExcursions(_ slot: Int) {
        if length % MultiViewDetector.surpriseWindow != 0 {
            for cell in sums.indices { sums[cell] += recent[slot + cell] }
            return
        }
        for cell in sums.indices { sums[cell] = 0 }
        for start in stride(from: 0, to: recent.count, by: sums.count) {
            for cell in sums.indices { sums[cell] += recent[start + cell] }
        }
    }

    /// The mean distance of each view over the latest samples, where it is more than rounding.
    private func forEachExcursion(_ body: (_ cell: Int32, _ value: Double) -> Void) {
        let width = sides.count
        let count = Double(min(length, MultiViewDetector.surpriseWindow))
        for view in surprising.indices where surprising[view] {
            for cell in view * width..<(view + 1) * width where sums[cell] > 1e-9 {
                body(Int32(truncatingIfNeeded: cell), sums[cell] / count)
            }
        }
    }

    private mutating func add(
        _ view: MetricView, _ band: MultiViewDetector.Band, at offset: Int, slot: Int, to output: DeviationBuffers
    ) {
        let width = output.deviations.count
        let levels = MultiViewDetector.tails.count
        let (seesChange, hasSide) = (view.seesChange, view.hasSide)
        let counts = !view.isForSurprisesOnly
        let lookBack = view.warmUp
        let aspect = view.aspect.rawValue
        stream.values.withUnsafeBufferPointer { values in
            band.low.withUnsafeBufferPointer { low in
                band.high.withUnsafeBufferPointer { high in
                    for metric in 0..<width {
                        let value = values[offset + metric]
                        // Levels nest: inside the shallowest range there is nothing to add.
                        guard value < low[metric] || value > high[metric] else { continue }
                        var sum = 0.0
                        for level in 0..<levels {
                            let cell = level * width + metric
                            let distance = max(0, low[cell] - value, value - high[cell]) / band.width[cell]
                            sum += min(distance, MultiViewDetector.cap)
                            if level == MultiViewDetector.surpriseLevel {
                                recent[slot + offset + metric] = min(
                                    distance, MultiViewDetector.surpriseCaps.distance)
                            }
                        }
                        sum /= Double(levels)
                        guard counts else { continue }
                        output.deviations[metric] += sum
                        output.aspects[aspect] += sum
                        if returns.samplesBack[metric] < lookBack { returned[metric] += sum }
                        if seesChange { output.causes[metric] += sum }
                        if hasSide { sides[metric] += value > high[metric] ? sum : -sum }
                    }
                }
            }
        }
    }
}

extension MultiViewScorer: StreamState {
    func save(to state: inout StateWriter) {
        stream.save(to: &state)
        for habits in [deviationHabits, causeHabits, surpriseHabits] { habits.save(to: &state) }
        state.append(recent)
        state.append(sums)
        returns.save(to: &state)
        state.append(length)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        try stream.restore(from: &state)
        try deviationHabits.restore(from: &state)
        try causeHabits.restore(from: &state)
        try surpriseHabits.restore(from: &state)
        recent = try state.doubles(count: recent.count)
        sums = try state.doubles(count: sums.count)
        try returns.restore(from: &state)
        length = try state.int(in: 0...(1 << 60))
    }
}
