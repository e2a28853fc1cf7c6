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
    /// Time until a piece that could not be put down is tried again.
    private static let retrySeconds = 1.0
    /// Readings that are spent on a piece of which nobody knows which line makes it unreadable.
    private static let mostReadings = 64
    /// Rows by which columns are judged.
    private static let judgedRows = 200

    private let configuration: SourceConfiguration
    private let context: SourceContext
    private let site: String
    private let entity: String
    private let type: String
    private let title: String
    private let isStandardInput: Bool
    private let pieces: PieceFolder
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
        pieces = PieceFolder(of: context.store)
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
            guard try take(bytes ?? [], isEnd: bytes?.isEmpty ?? true, isCancelled) else { return }
            if bytes?.isEmpty ?? true { return }
        }
    }

    private func follow(_ isCancelled: () -> Bool) throws(StorageError) {
        let path = configuration.path ?? ""
        var descriptor: Int32 = -1
        defer { if descriptor >= 0 { close(descriptor) } }
        var troubleSince: Double?
        while !isCancelled() {
            let there = FoundThing(at: path)
            if descriptor < 0, case .file = there { descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
            if let trouble = there.trouble(isOpen: descriptor >= 0) {
                let now = context.wallSeconds()
                let since = troubleSince ?? now
                troubleSince = since
                if trouble.isTold || now - since > 3 {
                    say {
                        $0.raise(
                            .sourceDown, entity: entity, source: title, at: now, detail: "\(path): \(trouble.text)")
                    }
                }
            } else if troubleSince != nil {
                troubleSince = nil
                let now = context.wallSeconds()
                say { $0.clear(.sourceDown, entity: entity, source: title, at: now) }
            }
            var here = stat()
            guard descriptor >= 0, unsafe fstat(descriptor, &here) == 0, here.st_mode & S_IFMT == S_IFREG else {
                if descriptor >= 0 { close(descriptor) }
                descriptor = -1
                Thread.sleep(forTimeInterval: Self.pauseSeconds)
                continue
            }
            let openInode = UInt64(here.st_ino)
            var inode = openInode
            if case .file(let other) = there { inode = other }
            let head = Self.read(descriptor, at: 0, count: lines.headBytes)
            switch lines.observe(
                inodeAtPath: inode, openInode: openInode, openSize: UInt64(clamping: here.st_size), head: head)
            {
            case .wait: Thread.sleep(forTimeInterval: Self.pauseSeconds)
            case .read(let offset):
                let bytes = Self.read(descriptor, at: offset, count: Self.pieceBytes) ?? []
                if bytes.isEmpty {
                    Thread.sleep(forTimeInterval: Self.pauseSeconds)
                } else if let head = Self.read(descriptor, at: 0, count: lines.headBytes), lines.begins(with: head) {
                    // Written anew between two looks, it would be read from its middle.
                    guard try take(bytes, isEnd: false, isCancelled) else { return }
                }
            case .rotated:
                guard try take([], isEnd: true, isCancelled) else { return }
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

    /// Why lines could not be taken.
    private enum Trouble: Error {
        /// They could not be put down to be read: that may pass.
        case piece(StorageError)
        /// Their rows could not be stored.
        case store(StorageError)
    }

    /// Takes bytes, and waits where they cannot be read for the moment.
    ///
    /// - Returns: false when it is to end before that; they are read again at the next start then.
    private func take(_ bytes: [UInt8], isEnd: Bool, _ isCancelled: () -> Bool) throws(StorageError) -> Bool {
        var bytes = bytes
        var hasMore = true
        var hasWaited = false
        while hasMore {
            let before = (lines, judged, judgedLines, judgedRows, columns)
            do throws(Trouble) {
                hasMore = try takeSome(bytes, isEnd: isEnd)
                bytes = []
            } catch {
                let failure: StorageError
                switch error {
                case .store(let error): throw error
                case .piece(let error): failure = error
                }
                (lines, judged, judgedLines, judgedRows, columns) = before
                hasWaited = true
                let now = context.wallSeconds()
                say {
                    $0.raise(
                        .sourceDown, entity: entity, source: title, at: now,
                        detail: "its lines cannot be read for now, which is tried again: \(failure)")
                }
                let end = ContinuousClock.now + .seconds(Self.retrySeconds)
                while ContinuousClock.now < end {
                    if isCancelled() { return false }
                    Thread.sleep(forTimeInterval: Self.pauseSeconds)
                }
            }
        }
        if hasWaited {
            let now = context.wallSeconds()
            say { $0.clear(.sourceDown, entity: entity, source: title, at: now) }
        }
        return true
    }

    /// Takes bytes up to another header, if there is one below rows; returns whether there is.
    private func takeSome(_ bytes: [UInt8], isEnd: Bool) throws(Trouble) -> Bool {
        let taken = lines.take(bytes, isEnd: isEnd, hasHeader: !isJSON(bytes))
        if taken.isNewHeader { (judged, judgedLines, judgedRows) = ([], 0, 0) }
        if taken.keepsHeader {
            context.log.notice(
                "the followed file begins with a row: its columns are those of the file before it",
                ["file": configuration.path ?? "stdin"])
        }
        if taken.isBelowRows {
            let now = context.wallSeconds()
            say {
                $0.mention(
                    .malformed, entity: entity, source: title, at: now,
                    detail: "found a second header with other columns; the rows below it are read under its names")
            }
        }
        guard !taken.lines.isEmpty else { return taken.hasMore }
        let rows = try read(taken.lines[...])
        let position = try? JSONEncoder().encode(Position(lines: lines, judged: judged, judgedRows: judgedRows))
        do throws(StorageError) {
            try context.store.append(
                rows.isEmpty
                    ? []
                    : [SampleStore.Addition(site: site, entity: entity, type: type, columns: columns, rows: rows)],
                position: position.map { (title, Array($0)) })
        } catch {
            throw .store(error)
        }
        rowCount += rows.count
        return taken.hasMore
    }

    private func isJSON(_ bytes: [UInt8]) -> Bool {
        if lines.header != nil { return false }
        if judgedLines > 0 { return true }
        return bytes.first { $0 > 0x20 } == 0x7B
    }

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
    private func read(_ lines: ArraySlice<UInt8>) throws(Trouble) -> [SampledRow] {
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
            path = try pieces.write(header + judged + new, ending: lines.header == nil ? ".jsonl" : ".csv")
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
                    guard number >= judgedRows else { continue }
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
    private var linesAbove: Int { judgedLines + (lines.header == nil ? 0 : 1) }

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
            judgedRows > 0 || found.isNamed || 10 * found.lines.count <= found.rows
        else { return nil }
        let above = linesAbove
        let earlier = Set(found.lines.filter { $0 > 1 && $0 <= above }.map { $0 - 2 })
        if !earlier.isEmpty {
            judged = Array(Self.without(earlier, judged[...]))
            judgedLines -= earlier.count
            judgedRows -= earlier.count
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

    private func say(_ body: (inout DataQualityBook) -> Void) {
        body(&book)
        for finding in book.take() { context.report(site, finding) }
    }
}

/// What lies at the path of a followed file.
private enum FoundThing {
    case nothing
    case file(inode: UInt64)
    /// Something else, in words.
    case other(String)

    init(at path: String) {
        var found = stat()
        guard unsafe stat(path, &found) == 0 else {
            self = .nothing
            return
        }
        switch found.st_mode & S_IFMT {
        case S_IFREG: self = .file(inode: UInt64(found.st_ino))
        case S_IFIFO: self = .other("a pipe, which is read as a source of the kind stdin")
        case S_IFDIR: self = .other("a folder")
        case S_IFSOCK: self = .other("a socket")
        default: self = .other("a device")
        }
    }

    /// What is wrong with it, and whether that is told at once; `nil`: nothing. A file that is open is read on when it has
    /// no name any more.
    func trouble(isOpen: Bool) -> (text: String, isTold: Bool)? {
        switch self {
        case .nothing: isOpen ? nil : ("there is no such file", false)
        case .file: isOpen ? nil : ("the file cannot be opened", false)
        case .other(let what): ("found \(what); expected a file, for which is looked again", true)
        }
    }
}
