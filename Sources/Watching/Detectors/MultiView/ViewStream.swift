import Platform

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The views of one entity's stream, sample by sample. O(views · F + F · block) a sample, with the latest samples in
/// a ring.
struct ViewStream: Sendable {
    let parameters: ViewParameters
    /// The views at the latest sample, `[V × F]`.
    private(set) var values: [Double]
    /// Which views say something at the latest sample, `[V]`.
    private(set) var isWarm: [Bool]

    private let width: Int
    private let blocks: [[Int]]
    /// Samples in the ring: a power of two not below what the longest view needs.
    private let capacity: Int
    /// Distance from the mean, `[capacity × F]`.
    private var centred: [Double]
    /// Distance from the daily profile, `[capacity × F]`.
    private var seasonal: [Double]
    /// Samples of the unbroken stream so far.
    private var length = 0
    private var windows: [Window]
    /// What the other metrics do not explain, `[residualCapacity × F]`; empty where no view asks.
    private var residuals: [Double]
    private let residualCapacity: Int
    private let residualView: Int?
    private var scaled: [Double]
    private var clipped: [Double]

    /// Running sums over the latest samples.
    private struct Window: Sendable {
        enum Source: Sendable, Hashable { case centred, seasonal, seasonalBefore }
        let source: Source
        let length: Int
        var sums: [Double]
    }

    init(_ parameters: ViewParameters) {
        self.parameters = parameters
        width = parameters.width
        blocks = parameters.blocks
        values = [Double](repeating: 0, count: parameters.views.count * width)
        isWarm = [Bool](repeating: false, count: parameters.views.count)
        var capacity = 2
        let reach = max(parameters.views.map(\.warmUp).max() ?? 1, MetricReturns.reach)
        while capacity < reach + 1 { capacity *= 2 }
        self.capacity = capacity
        centred = [Double](repeating: 0, count: capacity * width)
        seasonal = centred
        scaled = [Double](repeating: 0, count: width)
        clipped = scaled
        residualCapacity = parameters.views.reduce(0) { $1.averagesResiduals ? max($0, $1.window) : $0 }
        residuals = [Double](repeating: 0, count: residualCapacity * width)
        residualView = parameters.views.firstIndex(of: .unexplained(lag: 0))
        var wanted: [(Window.Source, Int)] = []
        func want(_ source: Window.Source, _ length: Int) {
            if !wanted.contains(where: { $0 == (source, length) }) { wanted.append((source, length)) }
        }
        for view in parameters.views {
            switch view {
            case .level(let window) where window > 1: want(.centred, window)
            case .shift(let window):
                want(.seasonal, window)
                want(.seasonalBefore, window)
            case .seasonalMean(let window): want(.seasonal, window)
            default: break
            }
        }
        let zeros = scaled
        windows = wanted.map { Window(source: $0.0, length: $0.1, sums: zeros) }
    }

    /// Forgets all samples.
    mutating func restart() {
        length = 0
        for index in windows.indices {
            for metric in 0..<width { windows[index].sums[metric] = 0 }
        }
    }

    /// Takes in the next sample, `[F]`, and computes the views.
    mutating func update(time: Double, row: UnsafeBufferPointer<Double>) {
        let slot = (length & (capacity - 1)) * width
        store(time: time, row: row, slot: slot)
        length += 1
        updateWindows()
        // Averages over residuals come after the residuals.
        for view in parameters.views.indices where !parameters.views[view].averagesResiduals { compute(view) }
        guard residualCapacity > 0, let residualView else { return }
        let place = (length - 1) % residualCapacity * width
        for metric in 0..<width { residuals[place + metric] = values[residualView * width + metric] }
        for view in parameters.views.indices where parameters.views[view].averagesResiduals { compute(view) }
    }

    /// How far a metric is from its time-of-day profile, `back` samples ago; without a profile its value.
    ///
    /// - Precondition: 0 ≤ `back` < the smaller of the samples so far and ``MetricReturns/reach``.
    func seasonal(_ metric: Int, back: Int) -> Double { seasonal[slot(back) + metric] }

    /// The mean of ``seasonal(_:back:)`` over the samples of these ages that there are; `nil` without one.
    func seasonalMean(_ metric: Int, ages: Range<Int>) -> Double? {
        let known = ages.clamped(to: 0..<max(length, 0))
        guard !known.isEmpty else { return nil }
        return known.reduce(0.0) { $0 + seasonal[slot($1) + metric] } / Double(known.count)
    }

    private mutating func store(time: Double, row: UnsafeBufferPointer<Double>, slot: Int) {
        for metric in 0..<width { centred[slot + metric] = row[metric] - parameters.centre[metric] }
        guard let profile = parameters.profile else {
            for metric in 0..<width { seasonal[slot + metric] = row[metric] }
            return
        }
        let (first, second, share) = DailyProfile.neighbours(time)
        for metric in 0..<width {
            let expected =
                profile.medians[first * width + metric] * (1 - share) + profile.medians[second * width + metric] * share
            seasonal[slot + metric] = row[metric] - expected
        }
    }

    /// The place of the sample `back` samples before the latest one.
    private func slot(_ back: Int) -> Int { ((length - 1 - back) & (capacity - 1)) * width }

    private mutating func updateWindows() {
        // Now and then the sums are taken anew, so that rounding errors do not pile up.
        let renew = length & (capacity - 1) == 0
        for index in windows.indices {
            let window = windows[index]
            let first = window.source == .seasonalBefore ? window.length : 0
            if renew {
                for metric in 0..<width { windows[index].sums[metric] = 0 }
                for back in first..<min(length, first + window.length) { add(1, back: back, to: index) }
            } else {
                if length > first { add(1, back: first, to: index) }
                if length > first + window.length { add(-1, back: first + window.length, to: index) }
            }
        }
    }

    private mutating func add(_ sign: Double, back: Int, to index: Int) {
        let slot = slot(back)
        let source = windows[index].source
        windows[index].sums.withUnsafeMutableBufferPointer { sums in
            (source == .centred ? centred : seasonal).withUnsafeBufferPointer { ring in
                for metric in 0..<width { sums[metric] += sign * ring[slot + metric] }
            }
        }
    }

    private func sums(_ source: Window.Source, _ length: Int) -> [Double] {
        windows.first { $0.source == source && $0.length == length }?.sums ?? []
    }

    private mutating func compute(_ view: Int) {
        let kind = parameters.views[view]
        isWarm[view] =
            length >= kind.warmUp && (!kind.needsProfile || parameters.profile != nil)
            && (!kind.averagesResiduals || residualView != nil)
        guard isWarm[view] else { return }
        let out = view * width
        let now = slot(0)
        switch kind {
        case .level(1):
            for metric in 0..<width { values[out + metric] = parameters.centre[metric] + centred[now + metric] }
        case .level(let window):
            let sums = sums(.centred, window)
            let share = 1 / Double(window)
            for metric in 0..<width { values[out + metric] = parameters.centre[metric] + sums[metric] * share }
        case .seasonalLevel:
            for metric in 0..<width { values[out + metric] = seasonal[now + metric] }
        case .change(let lag):
            let before = slot(lag)
            for metric in 0..<width { values[out + metric] = centred[now + metric] - centred[before + metric] }
        case .seasonalChange(let lag):
            let before = slot(lag)
            for metric in 0..<width { values[out + metric] = seasonal[now + metric] - seasonal[before + metric] }
        case .shift(let window):
            let (latest, earlier) = (sums(.seasonal, window), sums(.seasonalBefore, window))
            let share = 1 / Double(window)
            for metric in 0..<width { values[out + metric] = (latest[metric] - earlier[metric]) * share }
        case .spread(let window):
            spread(of: centred, slots: (0..<window).map(slot), out: out)
            for metric in 0..<width {
                values[out + metric] = log(values[out + metric] / parameters.spread[metric] + 1e-2)
            }
        case .seasonalMean(let window):
            let sums = sums(.seasonal, window)
            for metric in 0..<width { values[out + metric] = sums[metric] / Double(window) }
        case .unexplainedMean(let window):
            spread(of: residuals, slots: residualSlots(window), out: out)
            for metric in 0..<width { values[out + metric] = scaled[metric] }
        case .unexplainedSpread(let window):
            spread(of: residuals, slots: residualSlots(window), out: out)
            for metric in 0..<width { values[out + metric] = log(values[out + metric] + 1e-2) }
        case .unexplained(let lag): explain(lag: lag, out: out)
        }
    }

    /// The places of the latest residuals.
    private func residualSlots(_ window: Int) -> [Int] {
        (0..<window).map { ((length - 1 - $0) % residualCapacity) * width }
    }

    /// Standard deviations over some places of a ring, and the means in `scaled`, in two passes: running sums would
    /// lose the digits of a metric that hardly moves, and a frozen one must show as just that.
    private mutating func spread(of ring: [Double], slots: [Int], out: Int) {
        let share = 1 / Double(slots.count)
        scaled.withUnsafeMutableBufferPointer { means in
            values.withUnsafeMutableBufferPointer { values in
                ring.withUnsafeBufferPointer { ring in
                    for metric in 0..<width {
                        means[metric] = 0
                        values[out + metric] = 0
                    }
                    for slot in slots {
                        for metric in 0..<width { means[metric] += ring[slot + metric] }
                    }
                    for metric in 0..<width { means[metric] *= share }
                    for slot in slots {
                        for metric in 0..<width {
                            let distance = ring[slot + metric] - means[metric]
                            values[out + metric] += distance * distance
                        }
                    }
                }
            }
        }
        for metric in 0..<width {
            values[out + metric] = (values[out + metric] * share).squareRoot()
        }
    }

    private mutating func explain(lag: Int, out: Int) {
        guard let regression = parameters.regressions.first(where: { $0.lag == lag }) else {
            for metric in 0..<width { values[out + metric] = 0 }
            return
        }
        let now = slot(0)
        let before = slot(lag)
        for metric in 0..<width {
            let change = lag == 0 ? centred[now + metric] : centred[now + metric] - centred[before + metric]
            scaled[metric] = change / regression.scale[metric]
            clipped[metric] = max(-MetricRegression.clip, min(MetricRegression.clip, scaled[metric]))
        }
        for (members, coefficients) in zip(blocks, regression.coefficients) {
            let size = members.count
            // A block of all metrics is contiguous; of a group of many it may not be.
            if size == width {
                values.withUnsafeMutableBufferPointer { values in
                    coefficients.withUnsafeBufferPointer { coefficients in
                        for metric in 0..<size { values[out + metric] = scaled[metric] }
                        for other in 0..<size {
                            let factor = clipped[other]
                            for metric in 0..<size {
                                values[out + metric] += factor * coefficients[other * size + metric]
                            }
                        }
                    }
                }
            } else {
                for (column, metric) in members.enumerated() {
                    var sum = scaled[metric]
                    for (row, other) in members.enumerated() {
                        sum += clipped[other] * coefficients[row * size + column]
                    }
                    values[out + metric] = sum
                }
            }
        }
    }
}

extension ViewStream: StreamState {
    func save(to state: inout StateWriter) {
        state.append(values)
        state.append(isWarm)
        state.append(centred)
        state.append(seasonal)
        state.append(length)
        for window in windows { state.append(window.sums) }
        state.append(residuals)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        values = try state.doubles(count: values.count)
        isWarm = try state.bools(count: isWarm.count)
        centred = try state.doubles(count: centred.count)
        seasonal = try state.doubles(count: seasonal.count)
        length = try state.int(in: 0...(1 << 60))
        for index in windows.indices { windows[index].sums = try state.doubles(count: width) }
        residuals = try state.doubles(count: residuals.count)
    }
}
