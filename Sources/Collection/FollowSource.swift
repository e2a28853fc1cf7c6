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
    /// Time in which headers below rows are told once: two writers of one file would fill the feed with theirs.
    private static let headerSeconds = 60.0

    let configuration: SourceConfiguration
    let context: SourceContext
    let site: String
    let entity: String
    let type: String
    let title: String
    private let isStandardInput: Bool
    let pieces: PieceFolder
    var lines = FollowedLines()
    private var thread: BackgroundThread?
    private var book = DataQualityBook()
    var judged = JudgedLines()
    /// The entity's columns so far.
    var columns: [String] = []
    var rowCount = 0
    /// When a header below rows was told last.
    private var toldHeader = -Double.infinity

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
                judged = JudgedLines(known.judged, rows: known.judgedRows)
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

    /// The first lines of the present file, by which its columns are judged: what stands above the first row (comments,
    /// units, the header where a comment comes first), and rows.
    struct JudgedLines {
        var text: [UInt8] = []
        var count = 0
        var rows = 0

        /// None.
        init() {}

        /// Lines that were remembered.
        ///
        /// - Parameter rows: how many are rows; `nil`: all.
        init(_ text: [UInt8], rows: Int?) {
            self.text = text
            count = text.count { $0 == 0x0A }
            self.rows = rows ?? count
        }
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
            if bytes == nil, errno == EINTR || errno == EAGAIN { continue }
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
            if book.isEnding { say { _ in } }
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
    enum Trouble: Error {
        /// They could not be put down to be read: that passes, or may.
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
            let before = (lines, judged, columns)
            do throws(Trouble) {
                hasMore = try takeSome(bytes, isEnd: isEnd)
                bytes = []
            } catch {
                let failure: StorageError
                switch error {
                case .store(let error) where error.code != .busy: throw error
                case .piece(let error), .store(let error): failure = error
                }
                (lines, judged, columns) = before
                hasWaited = true
                let now = context.wallSeconds()
                say {
                    $0.raise(
                        .sourceDown, entity: entity, source: title, at: now,
                        detail: "its lines cannot be taken for now, which is tried again: \(failure)")
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
        if taken.isNewHeader { judged = JudgedLines() }
        if taken.keepsHeader {
            context.log.notice(
                "the followed file begins with a row: its columns are those of the file before it",
                ["file": configuration.path ?? "stdin"])
        }
        if taken.isBelowRows, context.wallSeconds() - toldHeader >= Self.headerSeconds {
            let now = context.wallSeconds()
            toldHeader = now
            say {
                $0.mention(
                    .malformed, entity: entity, source: title, at: now,
                    detail: "found a second header with other columns; the rows below it are read under its names")
            }
        }
        guard !taken.lines.isEmpty else { return taken.hasMore }
        let rows = try read(taken.lines[...])
        let position = try? JSONEncoder().encode(Position(lines: lines, judged: judged.text, judgedRows: judged.rows))
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
        if judged.count > 0 { return true }
        return bytes.first { $0 > 0x20 } == 0x7B
    }

    func say(_ body: (inout DataQualityBook) -> Void) {
        body(&book)
        book.pass(to: context.wallSeconds())
        for finding in book.take() { context.report(site, finding) }
    }
}
