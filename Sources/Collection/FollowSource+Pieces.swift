import Foundation
import Glibc
import Platform
import Telemetry

/// The rows of a piece of a followed file.
extension FollowSource {
    /// Readings that are spent on a piece of which nobody knows which line makes it unreadable.
    private static let mostReadings = 64
    /// Rows by which columns are judged.
    private static let judgedRows = 200

    /// What reading a piece has brought.
    private struct Piece {
        var rows: [SampledRow] = []
        /// Why it ended early.
        var failure: Failure?
    }

    /// Why a piece could not be read to its end.
    private struct Failure {
        var text: String
        var place: Place

        enum Place {
            /// At this of its lines.
            case line(Int)
            /// At these, which are rows of other entities; none of the piece was read.
            case lines(Set<Int>)
            /// Some line, nobody knows which, makes it something else than it is; none of the piece was read.
            case somewhere
            /// No line can be read, or none behind those that were.
            case all
        }
    }

    /// The rows of lines; a line that is no row costs itself, and is told.
    func read(_ lines: ArraySlice<UInt8>) throws(Trouble) -> [SampledRow] {
        /// What is left to be read, what comes next at the end.
        var left = [lines]
        var readings = 0
        var rows: [SampledRow] = []
        var bad: String?
        while let next = left.popLast() {
            guard !next.isEmpty else { continue }
            let piece = try readPiece(next, rowsBefore: rows.count)
            rows += piece.rows
            let count = next.count { $0 == 0x0A }
            guard let failure = piece.failure else {
                judge(next, lines: count, rows: piece.rows.count)
                continue
            }
            bad = bad ?? failure.text
            switch failure.place {
            case .line(let line):
                judge(next, lines: line, rows: piece.rows.count)
                left.append(next[Self.end(of: line + 1, in: next)...])
            case .lines(let numbers): left.append(Self.without(numbers, next))
            case .somewhere:
                // One line makes the whole piece what it is not: halves of it, down to the line, are read by themselves.
                readings += 1
                guard count > 1, readings <= Self.mostReadings else { continue }
                let middle = Self.end(of: count / 2, in: next)
                left.append(next[middle...])
                left.append(next[..<middle])
            case .all: continue
            }
        }
        let now = context.wallSeconds()
        say { book in
            if let bad {
                book.raise(.malformed, entity: entity, source: title, at: now, detail: bad)
            } else {
                book.clear(.malformed, entity: entity, source: title, at: now)
            }
        }
        return rows
    }

    /// Keeps lines that could be read: later ones are judged by them. Lines that are no rows stand above the first row,
    /// or are comments somewhere, and are of no use.
    private func judge(_ text: ArraySlice<UInt8>, lines: Int, rows: Int) {
        guard judged.rows < Self.judgedRows, rows > 0, lines == rows || judged.count == 0 else { return }
        let taken = lines - rows + min(rows, Self.judgedRows - judged.rows)
        judged.text += text[..<Self.end(of: taken, in: text)]
        judged.count += taken
        judged.rows += taken - (lines - rows)
    }

    /// Behind the end of the first `count` lines.
    private static func end(of count: Int, in text: ArraySlice<UInt8>) -> Int {
        var end = text.startIndex
        for _ in 0..<count { end = text[end...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.endIndex }
        return end
    }

    /// Lines without those of the given numbers, counted from 0.
    private static func without(_ numbers: Set<Int>, _ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var kept: [UInt8] = []
        var start = text.startIndex
        var number = 0
        while start < text.endIndex {
            let end = text[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.endIndex
            if !numbers.contains(number) { kept += text[start..<end] }
            (start, number) = (end, number + 1)
        }
        return kept[...]
    }

    /// The rows of lines up to one that is none, read as a file that begins with the header and the judged lines.
    private func readPiece(_ new: ArraySlice<UInt8>, rowsBefore: Int) throws(Trouble) -> Piece {
        let header = lines.header.map { $0 + [0x0A] } ?? []
        let path: String
        do throws(StorageError) {
            path = try pieces.write(header + judged.text + new, ending: lines.header == nil ? ".jsonl" : ".csv")
        } catch {
            throw .piece(error)
        }
        defer { unsafe unlink(path) }
        var piece = Piece()
        var options = ReaderOptions()
        options.textIsMissing = true
        let source = EntitySource(site: site, entity: entity, type: type, part: .all, files: [path], format: .generic)
        do {
            var reader = try source.makeReader(options: options)
            guard reader.layout.format != .series else {
                piece.failure = Failure(
                    text: "\(configuration.path ?? "stdin"): found points of series, "
                        + "expected a table with a header or JSON lines (a row is all that has the same time)",
                    place: .all)
                return piece
            }
            if !reader.layout.entityColumns.isEmpty, let failure = foreign(source, options) {
                piece.failure = failure
                return piece
            }
            let places = place(reader.schema)
            var rowSeconds: Double?
            if case .rows(let seconds) = reader.layout.clock { rowSeconds = seconds }
            var number = 0
            while let frame = try reader.nextChunk(maximumRows: 4_096) {
                for row in 0..<frame.rowCount {
                    defer { number += 1 }
                    guard number >= judged.rows else { continue }
                    var values = [Double](repeating: .nan, count: columns.count)
                    for (column, place) in places.enumerated() { values[place] = frame[row, column] }
                    let time =
                        rowSeconds.map { Double(rowCount + rowsBefore + piece.rows.count) * $0 } ?? frame.times[row]
                    piece.rows.append(SampledRow(time: time, values: values))
                }
            }
        } catch let error as TelemetryError {
            if error.code == .noData {
                piece.failure =
                    foreign(source, options)
                    ?? Failure(text: told(error, found: "rows of several entities"), place: .all)
                return piece
            }
            let place: Failure.Place =
                switch error.line.map({ $0 - 1 - linesAbove }) {
                case .some(let line): line >= 0 ? .line(line) : .all
                case .none: piece.rows.isEmpty ? .somewhere : .all
                }
            piece.failure = Failure(text: told(error, found: error.found), place: place)
        } catch {
            piece.failure = Failure(text: "\(error)", place: .all)
        }
        return piece
    }

    /// Lines that stand above a piece's own: the header and those that it is judged by.
    private var linesAbove: Int { judged.count + (lines.header == nil ? 0 : 1) }

    /// An error without its line: lines are counted from where the piece began, which says nothing to whoever looks into
    /// the file.
    private func told(_ error: TelemetryError, found: String) -> String {
        let isOfSeveral = error.code == .noData
        return TelemetryError(
            error.code, path: configuration.path ?? "stdin", field: error.field, found: found,
            expected: isOfSeveral ? "a file for each of them (\(error.expected))" : error.expected
        ).description
    }

    /// Which lines of a piece are rows of other entities. Those among the lines that it is judged by, where they were too
    /// few to tell, are not judged by any more. `nil`: none, or a table that is of several entities from its beginning.
    private func foreign(_ source: EntitySource, _ options: ReaderOptions) -> Failure? {
        guard lines.header != nil, let found = try? source.foreignRows(options: options), !found.lines.isEmpty,
            judged.rows > 0 || found.isNamed || 10 * found.lines.count <= found.rows
        else { return nil }
        let above = linesAbove
        let earlier = Set(found.lines.filter { $0 > 1 && $0 <= above }.map { $0 - 2 })
        if !earlier.isEmpty {
            judged.text = Array(Self.without(earlier, judged.text[...]))
            judged.count -= earlier.count
            judged.rows -= earlier.count
        }
        return Failure(
            text: "\(configuration.path ?? "stdin"): found rows of other entities; expected those of one",
            place: .lines(Set(found.lines.filter { $0 > above }.map { $0 - 1 - above })))
    }

    /// Places of a schema's columns among the entity's; new ones come at the end.
    private func place(_ schema: [String]) -> [Int] {
        var known = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($0.element, $0.offset) })
        return schema.map { name in
            if let place = known[name] { return place }
            columns.append(name)
            known[name] = columns.count - 1
            return columns.count - 1
        }
    }
}
