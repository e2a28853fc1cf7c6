package import Watching

/// What was found of each metric of an entity, row by row, as a per-metric score file has it.
package struct CauseTable: Sendable {
    /// What a file says of a metric at a row.
    struct Cell: Sendable {
        /// How far it deviates, or, in files that do not say where values lie, how much it looks like a cause.
        var weight = 0.0
        /// Where its value lies.
        var place: Float = 0
        /// In what span it was seen so far; 0: nobody says.
        var extent: Float = 0
    }

    /// The metrics, in order of first appearance.
    package private(set) var metrics: [String] = []
    /// What is said of each metric at each row of the entity; rows that the file leaves out weigh nothing.
    private var cells: [Int: [Cell]] = [:]
    private var places: [String: Int] = [:]

    /// Every metric by how much an event looks like being about it (``SuspectRanking``), most suspicious first; ties in the
    /// order of the metrics.
    package func ranking(_ rows: Range<Int>) -> [String] {
        guard !rows.isEmpty else { return metrics }
        let first = max(0, rows.lowerBound - SuspectRanking.lookBack)
        let width = metrics.count
        var deviations = [Double](repeating: 0, count: (rows.upperBound - first) * width)
        var (places, extents) = ([Float](repeating: 0, count: deviations.count), [Float]())
        extents = places
        for row in first..<rows.upperBound {
            for (metric, cell) in (cells[row] ?? []).enumerated() {
                let place = (row - first) * width + metric
                deviations[place] = cell.weight
                places[place] = cell.place
                extents[place] = cell.extent
            }
        }
        return SuspectRanking(
            rows.lowerBound - first..<rows.upperBound - first, width: width, deviations: deviations, places: places,
            extents: extents
        ).order.map { metrics[$0] }
    }

    fileprivate mutating func add(row: Int, metric: String, _ cell: Cell) {
        let place: Int
        if let known = places[metric] {
            place = known
        } else {
            place = metrics.count
            metrics.append(metric)
            places[metric] = place
        }
        var found = cells.removeValue(forKey: row) ?? []
        while found.count <= place { found.append(Cell()) }
        found[place] = cell
        cells[row] = found
    }
}

extension ScoresTable {
    /// Reads a per-metric score file: the table of each entity. Files of a version before do not say where values lie; there
    /// the column `cause` decides alone.
    ///
    /// - Parameter file: its name, for messages.
    /// - Throws: ``DetectionError`` (`invalidData`) with the line that is wrong.
    package static func readCauses(_ bytes: [UInt8], file: String) throws(DetectionError) -> [String: CauseTable] {
        let operation = "reading metric scores"
        var lines = LineFields(bytes)
        let names = lines.next()?.map(\.text) ?? []
        let spans = ["place", "extent"].compactMap { names.firstIndex(of: $0) }
        let weight = spans.count == 2 ? "deviation" : "cause"
        let places = ["index", "entity", "metric", weight].compactMap { names.firstIndex(of: $0) }
        guard places.count == 4 else {
            throw DetectionError(
                .invalidData, operation,
                "the columns \(names.prefix(8).joined(separator: ", ")), expected \(metricHeader)",
                file: file, line: 1)
        }
        var result: [String: CauseTable] = [:]
        while let fields = lines.next() {
            guard fields.count == names.count, let index = fields[places[0]].number, let row = Int(exactly: index),
                let found = fields[places[3]].number, found.isFinite
            else {
                throw DetectionError(
                    .invalidData, operation,
                    "\(fields.count) fields, expected \(names.count) with a whole index and a "
                        + "finite \(weight)", file: file, line: lines.line)
            }
            var cell = CauseTable.Cell(weight: found)
            if spans.count == 2 {
                let span = spans.compactMap { fields[$0].number.map(Float.init) }.filter(\.isFinite)
                guard span.count == 2 else {
                    throw DetectionError(
                        .invalidData, operation, "\(spans.map { fields[$0].text }), expected a finite place and extent",
                        file: file, line: lines.line)
                }
                (cell.place, cell.extent) = (span[0], span[1])
            }
            result[fields[places[1]].text, default: CauseTable()].add(row: row, metric: fields[places[2]].text, cell)
        }
        return result
    }
}
