import Platform

/// A table for people: a header, rows, numbers to the right.
package struct Table: Sendable {
    private var header: [String]
    private var rows: [[String]] = []

    /// A table with these column heads.
    package init(_ header: [String]) { self.header = header }

    /// Adds a row; missing cells are empty. What does not show is written out: names come from files and peers.
    package mutating func add(_ cells: [String]) { rows.append(cells.map { PrintableText.line($0) }) }

    /// Whether there is no row.
    package var isEmpty: Bool { rows.isEmpty }

    /// The lines of the table, two blanks between columns; a column whose cells all look like numbers stands right.
    package var text: String {
        let all = [header] + rows
        let columns = all.map(\.count).max() ?? 0
        var lines = all.map { _ in "" }
        for column in 0..<columns {
            let cells = all.map { column < $0.count ? $0[column] : "" }
            let width = cells.map(\.count).max() ?? 0
            let isNumeric = cells.dropFirst().allSatisfy { $0.isEmpty || $0 == "-" || Self.looksNumeric($0) }
            for (index, cell) in cells.enumerated() {
                let blanks = String(repeating: " ", count: width - cell.count)
                lines[index] += (column > 0 ? "  " : "") + (isNumeric && !rows.isEmpty ? blanks + cell : cell + blanks)
            }
        }
        return lines.map { line in
            var line = line
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }

    private static func looksNumeric(_ cell: String) -> Bool {
        guard let first = cell.first, first.isNumber || "+-.±≤≥<>".contains(first) else { return false }
        return cell.contains(where: \.isNumber)
    }
}
