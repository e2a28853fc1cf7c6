import Platform

/// Where each metric's values lie in a stream, and the span in which it was seen so far: what is normal to begin with, and
/// all that came since. Places are in units of what is normal, 0 at its lower end and 1 at the upper.
struct SeenSpan: Sendable {
    private let range: NormalRange
    /// The lowest and the highest place of each metric, `[F]`.
    private var lowest: [Double]
    private var highest: [Double]
    /// Places are cut here, so that single precision holds them.
    private static let farthest = 1e30

    /// A span before the first row.
    ///
    /// - Parameter range: of the values.
    init(of range: NormalRange) {
        self.range = range
        lowest = [Double](repeating: 0, count: range.low.count)
        highest = [Double](repeating: 1, count: range.low.count)
    }

    /// Takes in the next row. A stand-in for a metric that is away is nowhere, and so is a metric of which nothing is known.
    mutating func update(_ row: StreamRow, into output: DeviationBuffers) {
        for metric in lowest.indices {
            guard row.ages[metric] > 0, !range.isEndless(metric) else {
                output.extents[metric] = 0
                continue
            }
            let width = range.high[metric] - range.low[metric]
            let place = max(-Self.farthest, min(Self.farthest, (row.values[metric] - range.low[metric]) / width))
            lowest[metric] = min(lowest[metric], place)
            highest[metric] = max(highest[metric], place)
            output.places[metric] = Float(place)
            output.extents[metric] = Float(highest[metric] - lowest[metric])
        }
    }
}

extension SeenSpan: StreamState {
    func save(to state: inout StateWriter) {
        state.append(lowest)
        state.append(highest)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        lowest = try state.doubles(count: lowest.count)
        highest = try state.doubles(count: highest.count)
    }
}
