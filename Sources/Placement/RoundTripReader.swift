package import Foundation
import Platform

/// Reads measured round trips between live nodes: a text file with one measurement a line, `node,node,seconds`.
///
/// A first line that names columns is skipped, and so are empty lines and lines that begin with `#`. Of several
/// measurements of a pair, in either direction, the median counts. Pairs that were not measured get the shortest way
/// over measured ones; measured pairs keep what was measured, even where a detour would be shorter.
package enum RoundTripReader {
    /// Nodes in order of appearance, and their latencies.
    package struct Measured: Sendable, Equatable {
        /// The nodes' names.
        package var names: [String]
        /// Round trips in seconds; infinite where no measurements connect two nodes.
        package var latency: LatencyMatrix
        /// How many pairs were measured.
        package var pairs: Int
    }

    /// Reads a file.
    ///
    /// - Throws: `PlacementError`; its description names the file.
    package static func read(file: String) throws(PlacementError) -> Measured {
        let data = try InputFile.read(file)
        do throws(PlacementError) {
            return try read(data)
        } catch {
            throw error.named(file)
        }
    }

    /// Reads the bytes of a file.
    package static func read(_ data: Data) throws(PlacementError) -> Measured {
        var names: [String] = []
        var positions: [String: Int] = [:]
        func position(_ name: String, _ line: Int) throws(PlacementError) -> Int {
            if name.isEmpty { throw fault(line, "a node's name is empty") }
            if let known = positions[name] { return known }
            if names.count == PlacementInstance.maximumNodes {
                throw PlacementError(
                    .tooLarge, field: "line \(line)",
                    reason: "more than \(PlacementInstance.maximumNodes) nodes; that many are served at most")
            }
            positions[name] = names.count
            names.append(name)
            return names.count - 1
        }
        var samples: [Pair: [Double]] = [:]
        var isFirst = true
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let data = data.starts(with: mark) ? data.dropFirst(mark.count) : data
        for (index, bytes) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard let text = String(validating: bytes, as: UTF8.self) else { throw fault(index + 1, "is not UTF-8") }
            let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
            if line.isEmpty || line.hasPrefix("#") { continue }
            let cells = line.split(separator: ",", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard cells.count == 3 else {
                throw fault(index + 1, "found \(cells.count) columns; expected node,node,seconds")
            }
            let number = Array(cells[2].utf8).withUnsafeBufferPointer { DecimalParser.parse($0) }
            guard let number, number.count == cells[2].utf8.count, number.value >= 0, number.value.isFinite else {
                if isFirst, isTitle(cells[2]) {
                    isFirst = false
                    continue
                }
                throw fault(index + 1, "found \"\(cells[2])\"; expected seconds, 0 or more")
            }
            isFirst = false
            let a = try position(cells[0], index + 1)
            let b = try position(cells[1], index + 1)
            if a == b { throw fault(index + 1, "measures \"\(cells[0])\" against itself") }
            samples[Pair(min(a, b), max(a, b)), default: []].append(number.value)
        }
        if names.isEmpty { throw fault(0, "holds no measurement; expected lines node,node,seconds") }
        var links: [PlacementInstance.Link] = []
        for (pair, values) in samples {
            links.append(PlacementInstance.Link(a: pair.a, b: pair.b, latencySeconds: median(values)))
        }
        links.sort { ($0.a, $0.b) < ($1.a, $1.b) }
        var latency = LatencyMatrix(count: names.count, links: links)
        for link in links { latency.set(link.a, link.b, link.latencySeconds) }
        return Measured(names: names, latency: latency, pairs: links.count)
    }

    /// Whether it is the title of a column: what is no number, and does not stand for one either.
    private static func isTitle(_ cell: String) -> Bool {
        guard let first = cell.first, first.isLetter || first == "\"" else { return false }
        return !["nan", "inf", "infinity", "null", "none", "na", "n/a"].contains(cell.lowercased())
    }

    private struct Pair: Hashable {
        let a: Int
        let b: Int
        init(_ a: Int, _ b: Int) {
            self.a = a
            self.b = b
        }
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    private static func fault(_ line: Int, _ reason: String) -> PlacementError {
        PlacementError(.malformedInput, field: line > 0 ? "line \(line)" : "", reason: reason)
    }
}
