import Foundation
package import Telemetry

/// Measures the sample store: rows a second written and read back, bytes of a sample on the disk.
package struct StoreBenchmark {
    /// What was measured.
    package struct Result: Encodable, Sendable {
        /// Where the samples came from.
        package var data: String
        /// Rows.
        package var rows: Int
        /// Metrics of a row.
        package var metrics: Int
        /// Rows a second, written.
        package var writtenRowsPerSecond: Double
        /// Rows a second, read back.
        package var readRowsPerSecond: Double
        /// Rows a second, written and read back one after the other.
        package var rowsPerSecond: Double
        /// Bytes of a sample that is not missing, compressed.
        package var bytesPerSample: Double
        /// Bytes of the file for each of them.
        package var fileBytesPerSample: Double
        /// Whether every bit came back.
        package var isIdentical: Bool
    }

    /// Writes rows into a new store in `folder` and reads them back.
    ///
    /// - Parameters:
    ///   - piece: rows that are written at a time.
    /// - Throws: `StorageError`.
    package static func run(
        data: String, columns: [String], rows: [SampledRow], piece: Int, folder: String
    ) throws -> Result {
        let path = folder + "/bench.db"
        let clock = ContinuousClock()
        let start = clock.now
        do {
            let store = try SampleStore(path: path)
            for first in stride(from: 0, to: rows.count, by: piece) {
                try store.append([
                    SampleStore.Addition(
                        site: "bench", entity: "e", type: "t", columns: columns,
                        rows: Array(rows[first..<min(first + piece, rows.count)]))
                ])
            }
        }
        let written = clock.now
        let store = try SampleStore(path: path)
        var count = 0
        var isIdentical = true
        var next = 0
        while let (first, block) = try store.read("bench/e", from: next, limit: 4_096) {
            // One look at each value, as a reader would.
            for row in 0..<block.rowCount {
                let expected = rows[first + row]
                if block.times[row] != expected.time { isIdentical = false }
                let values = block.values[(row * block.columnCount)..<((row + 1) * block.columnCount)]
                for (one, other) in zip(values, expected.values)
                where one.bitPattern != other.bitPattern && !(one.isNaN && other.isNaN) { isIdentical = false }
            }
            count += block.rowCount
            next = first + block.rowCount
        }
        let read = clock.now
        let samples = rows.reduce(0) { $0 + $1.values.count { !$0.isNaN } }
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        func rate(_ duration: Duration) -> Double { Double(rows.count) / max(1e-9, duration / .seconds(1)) }
        return Result(
            data: data, rows: rows.count, metrics: columns.count, writtenRowsPerSecond: rate(written - start),
            readRowsPerSecond: rate(read - written), rowsPerSecond: rate(read - start),
            bytesPerSample: Double(store.counters.bytes) / Double(max(1, samples)),
            fileBytesPerSample: Double(size) / Double(max(1, samples)), isIdentical: isIdentical && count == rows.count)
    }

    /// Rows such as a machine makes: counters, shares, sizes, levels that seldom change, some missing.
    package static func madeUp(rows count: Int, metrics: Int, seed: UInt64) -> (columns: [String], rows: [SampledRow]) {
        var state = seed | 1
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        var totals = [Double](repeating: 0, count: metrics)
        let rows = (0..<count).map { row in
            SampledRow(
                time: 1_700_000_000 + Double(row) + Double(next() % 1_000) / 1_000_000,
                values: (0..<metrics).map { metric in
                    switch metric % 5 {
                    case 0:
                        totals[metric] += Double(next() % 100_000)
                        return totals[metric]
                    case 1:
                        totals[metric] += Double(next() % 100) / 100
                        return (totals[metric] * 100).rounded() / 100
                    case 2: return Double((8 << 30) + Int(next() % 4_096) * 4_096)
                    case 3: return next() % 50 == 0 ? .nan : Double(row / 300)
                    default: return Double(next() >> 11) * 0x1p-53
                    }
                })
        }
        return ((0..<metrics).map { "m\($0)" }, rows)
    }
}
