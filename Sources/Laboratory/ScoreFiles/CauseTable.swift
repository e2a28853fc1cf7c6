package import Watching

/// How much each metric of an entity looks like a cause, row by row, as a per-metric score file has it.
package struct CauseTable: Sendable {
    /// The metrics, in order of first appearance.
    package private(set) var metrics: [String] = []
    /// The weight of each metric at each row of the entity; rows that the file leaves out weigh nothing.
    private var weights: [Int: [Double]] = [:]
    private var places: [String: Int] = [:]

    /// Every metric by its mean weight over some rows, most suspicious first; ties in the order of the metrics.
    package func ranking(_ rows: Range<Int>) -> [String] {
        var sums = [Double](repeating: 0, count: metrics.count)
        for row in rows {
            guard let found = weights[row] else { continue }
            for metric in found.indices { sums[metric] += found[metric] }
        }
        return metrics.indices.sorted { sums[$0] != sums[$1] ? sums[$0] > sums[$1] : $0 < $1 }.map { metrics[$0] }
    }

    fileprivate mutating func add(row: Int, metric: String, weight: Double) {
        let place: Int
        if let known = places[metric] {
            place = known
        } else {
            place = metrics.count
            metrics.append(metric)
            places[metric] = place
        }
        var found = weights.removeValue(forKey: row) ?? []
        while found.count <= place { found.append(0) }
        found[place] += weight
        weights[row] = found
    }
}

extension ScoresTable {
    /// Reads a per-metric score file: the table of each entity.
    ///
    /// - Parameter file: its name, for messages.
    /// - Throws: ``DetectionError`` (`invalidData`) with the line that is wrong.
    package static func readCauses(_ bytes: [UInt8], file: String) throws(DetectionError) -> [String: CauseTable] {
        let operation = "reading metric scores"
        var lines = LineFields(bytes)
        let names = lines.next()?.map(\.text) ?? []
        let places = ["index", "entity", "metric", "cause"].compactMap { names.firstIndex(of: $0) }
        guard places.count == 4 else {
            throw DetectionError(
                .invalidData, operation,
                "the columns \(names.prefix(8).joined(separator: ", ")), expected \(metricHeader)",
                file: file, line: 1)
        }
        var result: [String: CauseTable] = [:]
        while let fields = lines.next() {
            guard fields.count == names.count, let index = fields[places[0]].number, let row = Int(exactly: index),
                let weight = fields[places[3]].number, weight.isFinite
            else {
                throw DetectionError(
                    .invalidData, operation,
                    "\(fields.count) fields, expected \(names.count) with a whole index and a "
                        + "finite cause", file: file, line: lines.line)
            }
            result[fields[places[1]].text, default: CauseTable()].add(
                row: row, metric: fields[places[2]].text, weight: weight)
        }
        return result
    }
}
