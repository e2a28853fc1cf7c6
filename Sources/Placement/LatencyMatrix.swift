/// Round-trip latencies between all pairs of nodes, in seconds: symmetric, non-negative, zero on the diagonal, infinite
/// where two nodes cannot reach each other. Row j holds the latencies towards a server at j.
public struct LatencyMatrix: Sendable, Equatable {
    /// The number of nodes.
    public let count: Int
    private var storage: Storage

    private enum Storage: Sendable, Equatable {
        /// All values, row by row.
        case dense([Double])
        /// All meet at one node: the round trips between it and each; its own is 0.
        case star(hub: Int, [Double])
    }

    /// The most nodes a matrix may have; 20,000 nodes take 3.2 GB.
    public static let maximumCount = 20_000

    /// A matrix from its rows, one after another.
    ///
    /// - Throws: `PlacementError` where a value is negative, not a number, asymmetric by more than 1e-9, or not zero on
    ///   the diagonal.
    public init(count: Int, values: [Double]) throws(PlacementError) {
        try self.init(count: count, values: values) { "node \($0)" }
    }

    package init(count: Int, values: [Double], name: (Int) -> String) throws(PlacementError) {
        precondition(values.count == count * count, "a latency matrix of \(count) nodes has \(count * count) values")
        let fault = values.withUnsafeBufferPointer { Self.firstFault(count: count, values: $0) }
        if let (row, column) = fault {
            let found = values[row * count + column]
            let field = "latencySeconds[\(row)][\(column)]"
            let reason: String
            if found.isNaN {
                reason = "found NaN; expected a latency in seconds, 0 or more (null: not connected)"
            } else if found < 0 {
                reason = "found \(found), a negative latency; expected seconds, 0 or more"
            } else if row == column {
                reason = "found \(found) on the diagonal; the latency of \(name(row)) to itself is 0"
            } else {
                reason =
                    "found \(found), but \(values[column * count + row]) in the other direction"
                    + " (\(name(column)) to \(name(row))); the matrix must be symmetric"
            }
            throw PlacementError(.malformedInput, field: field, reason: reason)
        }
        self.count = count
        storage = .dense(values)
    }

    /// A matrix whose values are known to be valid (shortest paths over checked links).
    init(unchecked values: [Double], count: Int) {
        self.count = count
        storage = .dense(values)
    }

    /// Nodes that meet at a hub, whatever their number: O(n) to keep, where a matrix of n² values is not.
    ///
    /// - Parameter distances: round trips between the hub and each node; the hub's own is 0.
    /// - Throws: `PlacementError` where one is negative or not a number.
    public init(hub: Int, distances: [Double]) throws(PlacementError) {
        precondition(distances.indices.contains(hub) && distances[hub] == 0, "the hub is a node, 0 away from itself")
        if let node = distances.firstIndex(where: { !($0 >= 0) }) {
            throw PlacementError(
                .malformedInput, field: "latencySeconds[\(hub)][\(node)]",
                reason: "found \(distances[node]); expected a latency in seconds, 0 or more")
        }
        count = distances.count
        storage = .star(hub: hub, distances)
    }

    /// The round trip between two nodes, in seconds.
    public subscript(a: Int, b: Int) -> Double {
        precondition(a >= 0 && a < count && b >= 0 && b < count, "node outside 0..<\(count)")
        switch storage {
        case .dense(let values): return values[a * count + b]
        case .star(_, let distances): return a == b ? 0 : distances[a] + distances[b]
        }
    }

    /// Changes the round trip between two nodes, in both directions. Where nodes meet at a hub and it is one of the two,
    /// that changes the other's distance to all.
    public mutating func set(_ a: Int, _ b: Int, _ seconds: Double) {
        precondition(a >= 0 && a < count && b >= 0 && b < count && a != b, "two different nodes of 0..<\(count)")
        precondition(seconds >= 0, "a latency is 0 or more")
        switch storage {
        case .star(let hub, var distances) where a == hub || b == hub:
            storage = .dense([])  // so that the distances are changed where they are
            distances[a == hub ? b : a] = seconds
            storage = .star(hub: hub, distances)
        case .star:
            storage = .dense((0..<count).flatMap { row in (0..<count).map { self[row, $0] } })
            set(a, b, seconds)
        case .dense(var values):
            storage = .dense([])
            values[a * count + b] = seconds
            values[b * count + a] = seconds
            storage = .dense(values)
        }
    }

    /// The largest finite latency; 0 for a single node.
    public var largestFinite: Double {
        switch storage {
        case .dense(let values): return values.reduce(0) { $1.isFinite && $1 > $0 ? $1 : $0 }
        case .star(_, let distances): return distances.filter(\.isFinite).sorted().suffix(2).reduce(0, +)
        }
    }

    /// Whether every node reaches every other.
    public var isConnected: Bool {
        switch storage {
        case .dense(let values): !values.contains(.infinity)
        case .star(_, let distances): !distances.contains(.infinity)
        }
    }

    /// The row of a server, for as long as the closure runs.
    @discardableResult
    func withRow<Result>(_ row: Int, _ body: (UnsafeBufferPointer<Double>) -> Result) -> Result {
        switch storage {
        case .dense(let values):
            return values.withUnsafeBufferPointer {
                body(UnsafeBufferPointer(rebasing: $0[row * count..<(row + 1) * count]))
            }
        case .star(let hub, let distances) where row == hub: return distances.withUnsafeBufferPointer(body)
        case .star: return (0..<count).map { self[row, $0] }.withUnsafeBufferPointer(body)
        }
    }

    /// The first cell that breaks a rule, looked for in square tiles so that both triangles stay in the cache.
    private static func firstFault(count n: Int, values: UnsafeBufferPointer<Double>) -> (Int, Int)? {
        let tile = 64
        var first: (Int, Int)?
        func note(_ row: Int, _ column: Int) {
            if let (r, c) = first, (r, c) <= (row, column) { return }
            first = (row, column)
        }
        for rowStart in stride(from: 0, to: n, by: tile) {
            for columnStart in stride(from: rowStart, to: n, by: tile) {
                for row in rowStart..<min(rowStart + tile, n) {
                    for column in max(columnStart, row)..<max(min(columnStart + tile, n), max(columnStart, row)) {
                        let a = values[row * n + column]
                        let b = values[column * n + row]
                        // Written so that NaN fails; infinity equals itself.
                        if a >= 0, b >= 0, a == b || abs(a - b) <= 1e-9, row != column || a == 0 { continue }
                        if a >= 0, !(b >= 0) { note(column, row) } else { note(row, column) }
                    }
                }
            }
            if first != nil { return first }
        }
        return first
    }
}
