extension LatencyMatrix {
    /// Round trips over the shortest paths of a topology; infinite where there is no path. Between two nodes the
    /// shortest of several links counts.
    ///
    /// Sparse topologies: Dijkstra from every node, O(n·m log n). Dense ones: Floyd–Warshall, O(n³).
    public init(count n: Int, links: [PlacementInstance.Link]) {
        precondition(n <= Self.maximumCount, "a latency matrix has at most \(Self.maximumCount) nodes")
        // Dijkstra costs about 8·m·log₂ n per source, Floyd–Warshall n²: beyond this many links the latter is faster.
        let isDense = n >= 8 && links.count * (n.bitWidth - n.leadingZeroBitCount) * 4 > n * n
        let values = isDense ? Self.floydWarshall(n, links) : Self.dijkstra(n, links)
        self.init(unchecked: values, count: n)
    }

    package static func floydWarshall(_ n: Int, _ links: [PlacementInstance.Link]) -> [Double] {
        var d = [Double](repeating: .infinity, count: n * n)
        for i in 0..<n { d[i * n + i] = 0 }
        for link in links where link.latencySeconds < d[link.a * n + link.b] {
            d[link.a * n + link.b] = link.latencySeconds
            d[link.b * n + link.a] = link.latencySeconds
        }
        d.withUnsafeMutableBufferPointer { d in
            for k in 0..<n {
                for i in 0..<n where i != k && d[i * n + k] < .infinity {
                    let via = d[i * n + k]
                    for j in 0..<n {
                        let through = via + d[k * n + j]
                        if through < d[i * n + j] { d[i * n + j] = through }
                    }
                }
            }
            Self.mirror(d, n)
        }
        return d
    }

    package static func dijkstra(_ n: Int, _ links: [PlacementInstance.Link]) -> [Double] {
        // Neighbours in one array, those of node i at offsets[i]..<offsets[i + 1].
        var offsets = [Int](repeating: 0, count: n + 1)
        for link in links {
            offsets[link.a + 1] += 1
            offsets[link.b + 1] += 1
        }
        for i in 0..<n { offsets[i + 1] += offsets[i] }
        var next = offsets
        var neighbours = [(node: Int32, seconds: Double)](repeating: (0, 0), count: links.count * 2)
        for link in links {
            neighbours[next[link.a]] = (Int32(link.b), link.latencySeconds)
            next[link.a] += 1
            neighbours[next[link.b]] = (Int32(link.a), link.latencySeconds)
            next[link.b] += 1
        }
        var d = [Double](repeating: .infinity, count: n * n)
        var queue = DistanceQueue()
        d.withUnsafeMutableBufferPointer { d in
            for source in 0..<n {
                let row = UnsafeMutableBufferPointer(rebasing: d[source * n..<(source + 1) * n])
                row[source] = 0
                queue.push(0, source)
                while let (distance, node) = queue.pop() {
                    if distance > row[node] { continue }
                    for index in offsets[node]..<offsets[node + 1] {
                        let (neighbour, seconds) = neighbours[index]
                        let through = distance + seconds
                        if through < row[Int(neighbour)] {
                            row[Int(neighbour)] = through
                            queue.push(through, Int(neighbour))
                        }
                    }
                }
            }
            Self.mirror(d, n)
        }
        return d
    }

    /// Both directions carry the same sum, whichever way it was added up.
    private static func mirror(_ d: UnsafeMutableBufferPointer<Double>, _ n: Int) {
        let tile = 64
        for rowStart in stride(from: 0, to: n, by: tile) {
            for columnStart in stride(from: 0, through: rowStart, by: tile) {
                for row in rowStart..<min(rowStart + tile, n) {
                    for column in columnStart..<max(columnStart, min(columnStart + tile, row)) {
                        d[row * n + column] = d[column * n + row]
                    }
                }
            }
        }
    }
}

/// A binary heap of (distance, node), the nearest first.
private struct DistanceQueue {
    private var heap: [(distance: Double, node: Int)] = []

    mutating func push(_ distance: Double, _ node: Int) {
        heap.append((distance, node))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if heap[parent].distance <= heap[child].distance { break }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    mutating func pop() -> (distance: Double, node: Int)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            let (left, right) = (2 * parent + 1, 2 * parent + 2)
            if left < heap.count, heap[left].distance < heap[least].distance { least = left }
            if right < heap.count, heap[right].distance < heap[least].distance { least = right }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return first
    }
}
