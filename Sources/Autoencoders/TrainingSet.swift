public import Numerics
import Platform

/// The windows of one group that a model is trained on, pooled over entities, and those that are held out.
public struct TrainingSet: Sendable {
    /// Scaled samples `[N, F]` of all entities, one piece after the other.
    public let samples: Tensor<Float>
    /// First rows of the windows to train on; no window reaches over the end of a piece.
    public let trainingStarts: [Int]
    /// First rows of the held-out windows; they share no sample with a training window.
    public let heldOutStarts: [Int]
    /// Windows that were offered, before sampling brought them down to the configured maximum.
    public let offeredWindows: Int
    /// SHA-256 of samples and starts, in hexadecimal.
    public let checksum: String

    /// F: metrics.
    public var features: Int { samples.shape[1] }
}

/// Collects one group's training windows from any number of entities, within bounded memory.
///
/// Rows are cut into blocks of consecutive windows. Each block gets a random number that depends only on the seed,
/// the group, the series' name and the block's place, and when there are more windows than ``maximumWindows`` the
/// blocks with the largest numbers are dropped: a uniform sample (bottom-k), the same whatever the order in which
/// series arrive. Blocks store `T − 1` rows more than they have windows, about 8 % at the default window.
///
/// Held out are, of each series, the samples from ``firstHeldOutRow(rows:share:)`` on. A window that reaches over
/// that row belongs to neither side.
public struct TrainingSetBuilder: Sendable {
    /// Windows in one block, where a sample of them has enough blocks then.
    private static let mostBlockWindows = 256
    private static let leastBlocks = 20

    private let group: String
    private let features: Int
    private let window: Int
    private let stride: Int
    private let heldOutShare: Double
    private let seed: UInt64
    private let blockWindows: Int
    private let blockLimit: Int
    private var blocks: [Block] = []
    private var series: [String: Series] = [:]
    private var offered = 0

    /// Consecutive windows of one segment, with their rows.
    private struct Block: Sendable {
        var series: String
        /// Place of the first row in its series.
        var firstRow: Int
        var rows: [Float]
        var windows: Int
        /// Decides which blocks stay.
        var ticket: UInt64
    }

    /// What is known of a series so far: its length, and the rows at its end that are in no block yet.
    private struct Series: Sendable {
        var rows = 0
        var pending: [Float] = []
        /// Place of the first pending row in the series.
        var pendingFirst = 0
        /// Rows to come that lie between two windows and belong to none.
        var skip = 0
    }

    /// An empty collection for one group.
    ///
    /// - Precondition: `configuration` is valid and `features` positive.
    public init(group: String, features: Int, configuration: TrainingConfiguration) {
        precondition(features > 0, "a group has metrics")
        self.group = group
        self.features = features
        window = configuration.window
        stride = configuration.stride
        heldOutShare = configuration.heldOutShare
        seed = configuration.seed
        blockWindows = min(Self.mostBlockWindows, max(1, configuration.maximumWindows / Self.leastBlocks))
        blockLimit = max(1, configuration.maximumWindows / blockWindows)
    }

    /// The first of an entity's rows that is held out, from their number and the configured share: the share is
    /// rounded down to whole rows. Calibration uses the same rule, so that it never sees a row that was trained on.
    public static func firstHeldOutRow(rows: Int, share: Double) -> Int {
        rows - Int(Double(rows) * share)
    }

    /// Takes in the scaled rows of one series, `[N, F]`, whole or chunk by chunk; the chunking changes nothing.
    ///
    /// - Parameters:
    ///   - rows: the next rows of the series.
    ///   - segments: runs of rows without a gap, in order; windows stay inside one.
    ///   - name: names the series within the group: one entity's file.
    ///   - continuing: whether the first segment goes on with the last one of the chunk before.
    /// - Precondition: `rows` has F columns, and the segments lie within it.
    public mutating func append(
        _ rows: Tensor<Float>, segments: [Range<Int>], series name: String, continuing: Bool = false
    ) {
        precondition(rows.shape.count == 2 && rows.shape[1] == features, "rows are [N, \(features)]")
        var current = series[name] ?? Series()
        for (index, segment) in segments.enumerated() {
            precondition(segment.lowerBound >= 0 && segment.upperBound <= rows.shape[0], "a segment is outside")
            if index > 0 || !continuing { endSegment(of: &current, name: name) }
            if current.pending.isEmpty, current.skip == 0 { current.pendingFirst = current.rows + segment.lowerBound }
            var first = segment.lowerBound
            while first < segment.upperBound {
                let skipped = min(current.skip, segment.upperBound - first)
                current.skip -= skipped
                first += skipped
                let missing = rowsPerBlock - current.pending.count / features
                let taken = min(missing, segment.upperBound - first)
                unsafe rows.withUnsafeBufferPointer {
                    unsafe current.pending.append(contentsOf: $0[first * features..<(first + taken) * features])
                }
                first += taken
                if current.pending.count == rowsPerBlock * features { takeBlock(from: &current, name: name) }
            }
        }
        current.rows += rows.shape[0]
        series[name] = current
    }

    /// Rows of a full block.
    private var rowsPerBlock: Int { (blockWindows - 1) * stride + window }

    /// Makes a full block of the pending rows; those that the next block needs stay.
    private mutating func takeBlock(from current: inout Series, name: String) {
        keep(windows: blockWindows, rows: current.pending, first: current.pendingFirst, series: name)
        let step = blockWindows * stride
        current.skip = max(0, step - rowsPerBlock)
        current.pending.removeFirst(min(step, rowsPerBlock) * features)
        current.pendingFirst += step
    }

    /// Makes a block of what is left of a segment, if that holds a window.
    private mutating func endSegment(of current: inout Series, name: String) {
        let rows = current.pending.count / features
        if rows >= window {
            let windows = (rows - window) / stride + 1
            let used = (windows - 1) * stride + window
            keep(
                windows: windows, rows: Array(current.pending[..<(used * features)]), first: current.pendingFirst,
                series: name)
        }
        current.pending.removeAll(keepingCapacity: true)
        current.skip = 0
    }

    private mutating func keep(windows: Int, rows: [Float], first: Int, series: String) {
        offered += windows
        var generator = CounterBasedGenerator(seed: seed, purpose: "reservoir/\(group)/\(series)", first)
        let ticket = generator.next()
        if blocks.count == blockLimit {
            guard let last = blocks.indices.max(by: { blocks[$0].ticket < blocks[$1].ticket }),
                ticket < blocks[last].ticket
            else { return }
            blocks.swapAt(last, blocks.count - 1)
            blocks.removeLast()
        }
        blocks.append(Block(series: series, firstRow: first, rows: rows, windows: windows, ticket: ticket))
    }

    /// The collected windows, ordered by series and time.
    ///
    /// - Throws: ``ModelError`` with the code `notEnoughData` when there is no window to train on.
    public consuming func finish() throws(ModelError) -> TrainingSet {
        for (name, unfinished) in series {
            var current = unfinished
            endSegment(of: &current, name: name)
        }
        let ordered = blocks.sorted { ($0.series, $0.firstRow) < ($1.series, $1.firstRow) }
        var samples = Tensor<Float>(shape: [ordered.reduce(0) { $0 + $1.rows.count } / features, features])
        var base = 0
        var (training, heldOut): ([Int], [Int]) = ([], [])
        for block in ordered {
            let cut = Self.firstHeldOutRow(rows: series[block.series]?.rows ?? 0, share: heldOutShare)
            for index in 0..<block.windows {
                let first = block.firstRow + index * stride
                if first + window <= cut {
                    training.append(base + index * stride)
                } else if first >= cut {
                    heldOut.append(base + index * stride)
                }
            }
            unsafe samples.withUnsafeMutableBufferPointer { target in
                for index in block.rows.indices { unsafe target[base * features + index] = block.rows[index] }
            }
            base += block.rows.count / features
        }
        guard !training.isEmpty else {
            let rows = series.values.reduce(0) { $0 + $1.rows }
            throw ModelError(
                .notEnoughData, subject: "group '\(group)'", found: "no window to train on in \(rows) samples",
                expected: "a gap-free run of at least \(window) samples that are not held out")
        }
        var hash = SHA256()
        unsafe samples.withUnsafeBufferPointer { unsafe hash.update(UnsafeRawBufferPointer($0)) }
        for starts in [training, heldOut] {
            hash.update(Array("\(starts.count)/\(window)/\(features):".utf8))
            unsafe starts.withUnsafeBytes { unsafe hash.update($0) }
        }
        return TrainingSet(
            samples: samples, trainingStarts: training, heldOutStarts: heldOut, offeredWindows: offered,
            checksum: hash.hexadecimalDigest())
    }
}
