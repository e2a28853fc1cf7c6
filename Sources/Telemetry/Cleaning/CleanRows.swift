/// Consecutive cleaned rows of one stream, side by side for every scorer: one allocation, used again for the next rows.
///
/// The same rows give the same bits however they are cut into blocks.
public struct CleanRows: Sendable {
    /// What is known of a cell besides its value.
    public enum Mark: UInt8, Sendable {
        /// The value is the row's own.
        case observed
        /// The row lacks it: the last one is carried on.
        case carried
        /// There is none that may be carried, but not for long: a stand-in, no evidence.
        case standIn
        /// The metric has been missing for longer than a value may be carried: a stand-in, and the metric is *away*.
        case away
    }

    /// A metric that went away, or came back.
    public struct PresenceChange: Hashable, Sendable {
        /// Index of the row among the rows of its entity.
        public let index: Int
        /// Seconds.
        public let time: Double
        /// The metric, by its place.
        public let metric: Int
        /// Whether it is away from this row on.
        public let isAway: Bool
    }

    /// What the rows consist of.
    public let schema: StreamSchema
    /// Time of each row in seconds, `[N]`.
    public internal(set) var times: [Double] = []
    /// Index of each row among the rows of its entity, `[N]`, counted from 0 over all its files.
    public internal(set) var indices: [Int] = []
    /// 1 where the source marks a row as anomalous, `[N]`; 0 without labels.
    public internal(set) var labels: [UInt8] = []
    /// Whether any row came with a label.
    public internal(set) var hasLabels = false
    /// Whether nothing connects a row to the one before it: a gap in time, a step back, another file; `[N]`.
    public internal(set) var startsSegment: [Bool] = []
    /// The same for each group, `[N × G]`: also where the group falls silent as a whole, and where it comes back.
    public internal(set) var startsGroupSegment: [Bool] = []
    /// Finite values in the metrics' own units, counters as rates per second, single precision; `[N × M]`, row-major.
    public internal(set) var values: [Double] = []
    /// What is known of each value, `[N × M]`: ``Mark``.
    public internal(set) var marks: [UInt8] = []
    /// Rows since each metric is there, this one included, `[N × M]`; 0: it is away; `Int32.max`: it never was.
    public internal(set) var ages: [Int32] = []

    /// Metrics that went away, or came back, in these rows.
    public internal(set) var presenceChanges: [PresenceChange] = []

    /// No rows.
    public init(schema: StreamSchema) { self.schema = schema }

    /// N: number of rows.
    public var count: Int { times.count }
    /// M: number of metrics.
    public var width: Int { schema.metrics.count }

    /// Forgets all rows; the memory stays.
    public mutating func removeAll() {
        times.removeAll(keepingCapacity: true)
        indices.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        startsSegment.removeAll(keepingCapacity: true)
        startsGroupSegment.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        ages.removeAll(keepingCapacity: true)
        presenceChanges.removeAll(keepingCapacity: true)
        hasLabels = false
    }

    /// Adds a row, whose cells `body` writes: values, marks and ages, `[M]` each.
    mutating func appendRow(
        time: Double, index: Int, label: UInt8?, startsSegment starts: Bool,
        _ body: (
            UnsafeMutableBufferPointer<Double>, UnsafeMutableBufferPointer<UInt8>, UnsafeMutableBufferPointer<Int32>
        ) -> Void
    ) {
        times.append(time)
        indices.append(index)
        labels.append(label ?? 0)
        if label != nil { hasLabels = true }
        startsSegment.append(starts)
        let base = values.count
        let end = base + width
        values.append(contentsOf: repeatElement(0, count: width))
        marks.append(contentsOf: repeatElement(0, count: width))
        ages.append(contentsOf: repeatElement(0, count: width))
        values.withUnsafeMutableBufferPointer { values in
            marks.withUnsafeMutableBufferPointer { marks in
                ages.withUnsafeMutableBufferPointer { ages in
                    body(
                        UnsafeMutableBufferPointer(rebasing: values[base..<end]),
                        UnsafeMutableBufferPointer(rebasing: marks[base..<end]),
                        UnsafeMutableBufferPointer(rebasing: ages[base..<end]))
                }
            }
        }
    }

    /// Says whether the latest row starts a segment of the next group.
    mutating func appendGroupStart(_ starts: Bool) { startsGroupSegment.append(starts) }

    /// The rows between which nothing is missing; they cover all rows. The first may go on from rows before.
    public var segments: [Range<Int>] { Self.segments(startsSegment) }

    /// The same for one group.
    public func segments(ofGroup group: Int) -> [Range<Int>] {
        let groups = schema.groups.count
        return Self.segments((0..<count).map { startsGroupSegment[$0 * groups + group] })
    }

    private static func segments(_ starts: [Bool]) -> [Range<Int>] {
        guard !starts.isEmpty else { return [] }
        let bounds = [0] + (1..<starts.count).filter { starts[$0] } + [starts.count]
        return zip(bounds, bounds.dropFirst()).map { $0..<$1 }
    }
}
