import Foundation
import Glibc
import Platform
import Telemetry

/// Follows a file to which rows are appended, or standard input: what is there first, then what comes.
///
/// Each piece of new lines is read as if it were a file of its own that begins with the same header and the same first
/// rows, so that what a column is and how its time is written is decided once.
///
/// Unchecked: what changes is used by its thread only, once that runs; the thread itself by whoever starts and stops it.
final class FollowSource: LiveSource, @unchecked Sendable {
    private static let pieceBytes = 4 << 20
    private static let pauseSeconds = 0.1
    /// Rows by which columns are judged.
    private static let judgedRows = 200

    private let configuration: SourceConfiguration
    private let context: SourceContext
    private let site: String
    private let entity: String
    private let type: String
    private let title: String
    private let isStandardInput: Bool
    private var lines = FollowedLines()
    private var thread: BackgroundThread?
    private var book = DataQualityBook()
    /// The first lines of the present file, by which its columns are judged: what stands above the first row (comments,
    /// units, the header where a comment comes first), and rows.
    private var judged: [UInt8] = []
    private var judgedLines = 0
    private var judgedRows = 0
    /// The entity's columns so far.
    private var columns: [String] = []
    private var rowCount = 0

    init(_ configuration: SourceConfiguration, context: SourceContext) throws {
        self.configuration = configuration
        self.context = context
        isStandardInput = configuration.kind == .standardInput
        site = configuration.site ?? context.site
        title = configuration.title
        entity = Self.entity(of: configuration)
        type = configuration.type ?? EntitySource.entityType(ofEntity: entity)
        if let known = context.store.entity("\(site)/\(entity)") {
            columns = known.columns
            rowCount = known.nextRow
        }
        if !isStandardInput, let bytes = try context.store.position(of: title) {
            if let known = try? JSONDecoder().decode(Position.self, from: Data(bytes)) {
                lines = known.lines
                judged = known.judged
                judgedLines = judged.count { $0 == 0x0A }
                judgedRows = known.judgedRows ?? judgedLines
            }
        }
    }

    /// The entity that a configuration names: what it says, or what its file is called.
    static func entity(of configuration: SourceConfiguration) -> String {
        let name = URL(filePath: configuration.path ?? "stdin").deletingPathExtension().lastPathComponent
        return configuration.entity ?? EntitySource.entityName(ofFile: name)
    }

    /// How far a file was read, as the store remembers it.
    private struct Position: Codable {
        var lines: FollowedLines
        var judged: [UInt8]
        /// `nil`: as many as lines.
        var judgedRows: Int?
    }

    func start() {
        thread = BackgroundThread(name: "follow") { [self] isCancelled in
            do throws(StorageError) {
                if isStandardInput { try readInput(isCancelled) } else { try follow(isCancelled) }
            } catch {
                context.fail(error)
            }
        }
    }

    func stop() {
        thread?.cancel()
        thread?.join(upTo: .milliseconds(300))
    }

    // MARK: Bytes

    private func readInput(_ isCancelled: () -> Bool) throws(StorageError) {
        while !isCancelled() {
            var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waiting, 1, 200) > 0 else { continue }
            let bytes = Self.read(0, at: nil, count: 1 << 16)
            try take(bytes ?? [], isEnd: bytes?.isEmpty ?? true)
            if bytes?.isEmpty ?? true { return }
        }
    }

    private func follow(_ isCancelled: () -> Bool) throws(StorageError) {
        let path = configuration.path ?? ""
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { close(descriptor) } }
        var missingSince: Double?
        while !isCancelled() {
            if descriptor < 0 { descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
            var here = stat()
            guard descriptor >= 0, unsafe fstat(descriptor, &here) == 0 else {
                let now = context.wallSeconds()
                missingSince = missingSince ?? now
                if now - (missingSince ?? now) > 3 {
                    say {
                        $0.raise(
                            .sourceDown, entity: entity, source: title, at: now, detail: "there is no file \(path)")
                    }
                }
                Thread.sleep(forTimeInterval: Self.pauseSeconds)
                continue
            }
            if missingSince != nil {
                missingSince = nil
                let now = context.wallSeconds()
                say { $0.clear(.sourceDown, entity: entity, source: title, at: now) }
            }
            guard here.st_mode & S_IFMT == S_IFREG else {
                let now = context.wallSeconds()
                say {
                    $0.raise(
                        .sourceDown, entity: entity, source: title, at: now,
                        detail: "\(path) is no file: a pipe is read as a source of the kind stdin")
                }
                Thread.sleep(forTimeInterval: 1)
                continue
            }
            var there = stat()
            let inode = unsafe stat(path, &there) == 0 ? UInt64(there.st_ino) : UInt64(here.st_ino)
            switch lines.observe(
                inodeAtPath: inode, openInode: UInt64(here.st_ino), openSize: UInt64(clamping: here.st_size))
            {
            case .wait: Thread.sleep(forTimeInterval: Self.pauseSeconds)
            case .read(let offset):
                let bytes = Self.read(descriptor, at: offset, count: Self.pieceBytes) ?? []
                if bytes.isEmpty {
                    Thread.sleep(forTimeInterval: Self.pauseSeconds)
                } else {
                    try take(bytes, isEnd: false)
                }
            case .rotated:
                try take([], isEnd: true)
                lines.startOver()
                close(descriptor)
                descriptor = -1
                context.log.info("the followed file was replaced", ["file": path])
            case .truncated:
                lines.startOver()
                context.log.info("the followed file begins again", ["file": path])
            }
        }
    }

    private static func read(_ descriptor: Int32, at offset: UInt64?, count: Int) -> [UInt8]? {
        var failed = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let got: Int
            if let offset {
                got = unsafe pread(descriptor, buffer.baseAddress, count, off_t(clamping: offset))
            } else {
                got = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
            }
            failed = got < 0
            initialized = max(0, got)
        }
        return failed ? nil : bytes
    }

    // MARK: Rows

    private func take(_ bytes: [UInt8], isEnd: Bool) throws(StorageError) {
        let taken = lines.take(bytes, isEnd: isEnd, hasHeader: !isJSON(bytes))
        if taken.isNewHeader { (judged, judgedLines, judgedRows) = ([], 0, 0) }
        guard !taken.lines.isEmpty else { return }
        let rows = try read(taken.lines[...])
        let position = try? JSONEncoder().encode(Position(lines: lines, judged: judged, judgedRows: judgedRows))
        try context.store.append(
            rows.isEmpty
                ? []
                : [SampleStore.Addition(site: site, entity: entity, type: type, columns: columns, rows: rows)],
            position: position.map { (title, Array($0)) })
        rowCount += rows.count
    }

    private func isJSON(_ bytes: [UInt8]) -> Bool {
        if lines.header != nil { return false }
        if judgedLines > 0 { return true }
        return bytes.first { $0 > 0x20 } == 0x7B
    }

    /// What reading a piece has brought.
    private struct Piece {
        var rows: [SampledRow] = []
        /// Why it ended early, and at which of its lines; `nil`: none of its lines can be read.
        var failure: (text: String, line: Int?)?
    }

    /// The rows of lines; a line that is no row costs itself, and is told.
    private func read(_ lines: ArraySlice<UInt8>) throws(StorageError) -> [SampledRow] {
        var rest = lines
        var rows: [SampledRow] = []
        var bad: String?
        while !rest.isEmpty {
            let piece = try readPiece(rest, rowsBefore: rows.count)
            rows += piece.rows
            let count = piece.failure == nil ? rest.count { $0 == 0x0A } : piece.failure?.line ?? 0
            judge(rest, lines: count, rows: piece.rows.count)
            guard let failure = piece.failure else { break }
            bad = bad ?? failure.text
            guard let line = failure.line else { break }
            rest = rest[Self.end(of: line + 1, in: rest)...]
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
        guard judgedRows < Self.judgedRows, rows > 0, lines == rows || judgedLines == 0 else { return }
        let taken = lines - rows + min(rows, Self.judgedRows - judgedRows)
        judged += text[..<Self.end(of: taken, in: text)]
        judgedLines += taken
        judgedRows += taken - (lines - rows)
    }

    /// Behind the end of the first `count` lines.
    private static func end(of count: Int, in text: ArraySlice<UInt8>) -> Int {
        var end = text.startIndex
        for _ in 0..<count { end = text[end...].firstIndex(of: 0x0A).map { $0 + 1 } ?? text.endIndex }
        return end
    }

    /// The rows of lines up to one that is none, read as a file that begins with the header and the judged lines.
    private func readPiece(_ new: ArraySlice<UInt8>, rowsBefore: Int) throws(StorageError) -> Piece {
        let header = lines.header.map { $0 + [0x0A] } ?? []
        let path =
            FileManager.default.temporaryDirectory.path + "/faultline-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            + (lines.header == nil ? ".jsonl" : ".csv")
        try FileContents.writeAtomically(header + judged + new, to: path)
        defer { unsafe unlink(path) }
        var piece = Piece()
        do {
            var options = ReaderOptions()
            options.textIsMissing = true
            let source = EntitySource(
                site: site, entity: entity, type: type, part: .all, files: [path], format: .generic)
            var reader = try source.makeReader(options: options)
            guard reader.layout.format != .series else {
                piece.failure = (
                    "\(configuration.path ?? "stdin"): found points of series, "
                        + "expected a table with a header or JSON lines (a row is all that has the same time)", nil
                )
                return piece
            }
            let places = place(reader.schema)
            var rowSeconds: Double?
            if case .rows(let seconds) = reader.layout.clock { rowSeconds = seconds }
            var number = 0
            while let frame = try reader.nextChunk(maximumRows: 4_096) {
                for row in 0..<frame.rowCount {
                    defer { number += 1 }
                    guard number >= judgedRows else { continue }
                    var values = [Double](repeating: .nan, count: columns.count)
                    for (column, place) in places.enumerated() { values[place] = frame[row, column] }
                    let time =
                        rowSeconds.map { Double(rowCount + rowsBefore + piece.rows.count) * $0 } ?? frame.times[row]
                    piece.rows.append(SampledRow(time: time, values: values))
                }
            }
        } catch let error as TelemetryError {
            let before = judgedLines + (lines.header == nil ? 0 : 1)
            let line = error.line.map { $0 - 1 - before }
            // Lines are counted from where this piece began, which says nothing to whoever looks into the file.
            let isOfSeveral = error.code == .noData
            let told = TelemetryError(
                error.code, path: configuration.path ?? "stdin", field: error.field,
                found: isOfSeveral ? "rows of several entities" : error.found,
                expected: isOfSeveral ? "a file for each of them (\(error.expected))" : error.expected)
            piece.failure = (told.description, line.flatMap { $0 >= 0 ? $0 : nil })
        } catch {
            piece.failure = ("\(error)", nil)
        }
        return piece
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

    private func say(_ body: (inout DataQualityBook) -> Void) {
        body(&book)
        for finding in book.take() { context.report(site, finding) }
    }
}
