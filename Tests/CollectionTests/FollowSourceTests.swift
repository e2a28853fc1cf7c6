import Collection
import Foundation
import Platform
import Services
import Synchronization
import Telemetry
import TestSupport
import Testing

/// What happens to a followed file that nobody meant to: its rows are lost neither by it nor read as what they are not.
@Suite struct FollowSourceTests {
    private final class Heard: Sendable {
        let findings = Mutex<[DataQualityFinding]>([])
        let failures = Mutex<[String]>([])
    }

    /// A file that is followed into a store.
    private final class Followed {
        let folder: TemporaryFolder
        let path: String
        let store: SampleStore
        let heard = Heard()
        private var sources: LiveSources?

        init(_ text: String? = nil) throws {
            folder = try TemporaryFolder()
            path = folder.path("host.csv")
            store = try SampleStore(path: folder.path("s.db"))
            if let text { try append(text) }
        }

        deinit { stop() }

        func start() throws {
            let json = #"{"kind": "follow", "path": "\#(path)"}"#
            let value = try DeterministicJSON.decode(JSONValue.self, from: Array(json.utf8))
            let made = try LiveSources(
                [SourceConfiguration(json: value, index: 0)], site: "s", rules: try GroupRules.builtIn(), store: store,
                log: Logger(label: "test", minimum: .error, sink: MemorySink()),
                report: { [heard] _, finding in heard.findings.withLock { $0.append(finding) } },
                fail: { [heard] error in heard.failures.withLock { $0.append("\(error)") } })
            made.start()
            sources = made
        }

        func stop() {
            sources?.stop()
            sources = nil
        }

        /// Writes behind the end of the file, or from its beginning without shortening it first.
        func append(_ text: String, atStart: Bool = false) throws {
            if !FileManager.default.fileExists(atPath: path) {
                _ = FileManager.default.createFile(atPath: path, contents: nil)
            }
            let file = try #require(FileHandle(forWritingAtPath: path))
            if !atStart { try file.seekToEnd() }
            try file.write(contentsOf: Data(text.utf8))
            try file.close()
        }

        var rows: [SampledRow] {
            get throws {
                guard let (_, block) = try store.read("s/host", from: 0, limit: 100_000) else { return [] }
                return (0..<block.rowCount).map { block[$0] }
            }
        }

        /// The seconds of the rows since the first of them that any test writes.
        var times: [Int] {
            get throws { try rows.map { Int($0.time) - 1_700_000_000 } }
        }

        /// Whether it comes to these rows.
        func comes(to expected: some Collection<Int>) throws -> Bool {
            try eventually(within: 20) { try times.count >= expected.count } && times == Array(expected)
        }

        func has(_ kind: DataQualityFinding.Kind, raised: Bool, _ part: String = "") -> Bool {
            heard.findings.withLock {
                $0.contains { $0.kind == kind && $0.isRaised == raised && (part.isEmpty || $0.detail.contains(part)) }
            }
        }

        /// Where pieces are put down.
        var pieces: String { store.path + ".pieces" }

        /// Puts a file in place of the folder: nothing can be written there, by whomever.
        func blockPieces() throws {
            try FileManager.default.removeItem(atPath: pieces)
            #expect(FileManager.default.createFile(atPath: pieces, contents: nil))
        }

        var told: String { heard.findings.withLock { "\($0.map { "\($0.kind) \($0.isRaised) \($0.detail)" })" } }
    }

    private static func lines(_ numbers: some Sequence<Int>, _ cells: (Int) -> String = { "\($0),\($0 * 2)" }) -> String
    {
        numbers.map { "\(1_700_000_000 + $0),\(cells($0))\n" }.joined()
    }

    @Test func aPieceThatCannotBePutDownIsReadWhenItCan() throws {
        let followed = try Followed("time,a,b\n" + Self.lines(0..<5))
        try followed.start()
        #expect(try followed.comes(to: 0..<5))
        try followed.blockPieces()
        try followed.append(Self.lines(5..<8))
        #expect(eventually { followed.has(.sourceDown, raised: true, "tried again") })
        #expect(try followed.times == Array(0..<5))
        try FileManager.default.removeItem(atPath: followed.pieces)
        #expect(try followed.comes(to: 0..<8))
        #expect(eventually { followed.has(.sourceDown, raised: false) })
        try followed.append(Self.lines(8..<10))
        #expect(try followed.comes(to: 0..<10))
        #expect(followed.heard.failures.withLock { $0 } == [])
        #expect(followed.heard.findings.withLock { $0.count } == 2, "\(followed.told)")
    }

    @Test func aStoreThatIsHeldForAMomentIsWaitedFor() throws {
        let followed = try Followed("time,a,b\n" + Self.lines(0..<5))
        try followed.start()
        #expect(try followed.comes(to: 0..<5))
        let other = try Database(path: followed.store.path, migrations: SampleStore.migrations)
        try other.query("BEGIN IMMEDIATE")
        try followed.append(Self.lines(5..<8))
        #expect(eventually { followed.has(.sourceDown, raised: true, "tried again") }, "\(followed.told)")
        try other.query("ROLLBACK")
        #expect(try followed.comes(to: 0..<8))
        #expect(eventually { followed.has(.sourceDown, raised: false) })
        #expect(followed.heard.failures.withLock { $0 } == [])
    }

    @Test func anEndWhileAPieceWaitsLosesNothing() throws {
        let followed = try Followed("time,a,b\n" + Self.lines(0..<5))
        try followed.start()
        #expect(try followed.comes(to: 0..<5))
        try followed.blockPieces()
        try followed.append(Self.lines(5..<8))
        #expect(eventually { followed.has(.sourceDown, raised: true) })
        followed.stop()
        try followed.start()
        #expect(try followed.comes(to: 0..<8))
    }

    @Test func piecesOfAKilledProcessAreRemoved() throws {
        let followed = try Followed("time,a,b\n" + Self.lines(0..<5))
        let pieces = followed.store.path + ".pieces"
        try followed.folder.write("s.db.pieces/1-2.csv", "time,a\n1,2\n")
        try followed.start()
        #expect(try followed.comes(to: 0..<5))
        #expect(eventually { (try? FileManager.default.contentsOfDirectory(atPath: pieces)) == [] })
    }

    @Test(arguments: [false, true]) func aFileWrittenAnewInPlaceIsReadFromItsStart(afterRestart: Bool) throws {
        let followed = try Followed("time,a,b\n" + Self.lines(0..<5))
        try followed.start()
        #expect(try followed.comes(to: 0..<5))
        if afterRestart { followed.stop() }
        try followed.append("time,a,b\n" + Self.lines(100..<112), atStart: true)
        if afterRestart { try followed.start() }
        #expect(try followed.comes(to: Array(0..<5) + Array(100..<112)), "\(followed.told)")
        try followed.append(Self.lines(112..<114))
        #expect(try followed.comes(to: Array(0..<5) + Array(100..<114)))
    }

    @Test(arguments: ["pipe", "folder"]) func whatIsNoFileForAMomentIsLookedAtAgain(_ kind: String) throws {
        let followed = try Followed()
        if kind == "pipe" {
            #expect(mkfifo(followed.path, 0o600) == 0)
        } else {
            try FileManager.default.createDirectory(atPath: followed.path, withIntermediateDirectories: false)
        }
        try followed.start()
        #expect(eventually { followed.has(.sourceDown, raised: true, "found a \(kind)") }, "\(followed.told)")
        #expect(kind == "pipe" || !followed.has(.sourceDown, raised: true, "pipe"))
        try FileManager.default.removeItem(atPath: followed.path)
        try followed.append("time,a,b\n" + Self.lines(0..<5))
        #expect(try followed.comes(to: 0..<5))
        #expect(eventually { followed.has(.sourceDown, raised: false) })
        // A file that was followed before goes on, whatever lay in its place meanwhile.
        try FileManager.default.moveItem(atPath: followed.path, toPath: followed.path + ".1")
        try FileManager.default.createDirectory(atPath: followed.path, withIntermediateDirectories: false)
        #expect(
            eventually { followed.heard.findings.withLock { $0.count { $0.kind == .sourceDown && $0.isRaised } } == 2 },
            "\(followed.told)")
        try FileManager.default.removeItem(atPath: followed.path)
        try FileManager.default.moveItem(atPath: followed.path + ".1", toPath: followed.path)
        try followed.append(Self.lines(5..<7))
        // That it is over a second time is told when it has been well for a while.
        #expect(try followed.comes(to: 0..<7))
    }

    @Test(arguments: [false, true]) func rowsBelowASecondHeaderHaveItsNames(atOnce: Bool) throws {
        let before = "time,cpu,memory\n" + Self.lines(0..<30) { "\($0),1000" }
        let behind = "time,memory,disk\n" + Self.lines(30..<60) { "1000,\($0 * 10)" }
        let followed = try Followed(atOnce ? before + behind : before)
        try followed.start()
        if !atOnce {
            #expect(try followed.comes(to: 0..<30))
            try followed.append(behind)
        }
        #expect(try followed.comes(to: 0..<60), "\(followed.told)")
        try followed.append(Self.lines(60..<62) { "1000,\($0 * 10)" })
        #expect(try followed.comes(to: 0..<62), "\(followed.told)")
        #expect(followed.store.entity("s/host")?.columns == ["cpu", "memory", "disk"])
        #expect(try followed.rows.allSatisfy { $0.values[1] == 1_000 })
        #expect(try followed.rows.suffix(32).allSatisfy { $0.values[0].isNaN && $0.values[2] >= 300 })
        #expect(eventually { followed.has(.malformed, raised: true, "second header") })
    }

    @Test(arguments: ["copied and cut", "renamed"]) func aFileThatBeginsWithoutItsHeaderIsReadOn(_ way: String) throws {
        let followed = try Followed("time,a,b\n" + Self.lines(0..<30))
        try followed.start()
        #expect(try followed.comes(to: 0..<30))
        if way == "renamed" {
            try FileManager.default.moveItem(atPath: followed.path, toPath: followed.path + ".1")
        } else {
            let file = try #require(FileHandle(forWritingAtPath: followed.path))
            try file.truncate(atOffset: 0)
            try file.close()
        }
        try followed.append(Self.lines(30..<33))
        #expect(try followed.comes(to: 0..<33), "\(followed.told)")
        try followed.append(Self.lines(33..<34))
        #expect(try followed.comes(to: 0..<34), "\(followed.told)")
        #expect(try followed.rows.enumerated().allSatisfy { $1.values == [Double($0), Double($0 * 2)] })
        #expect(followed.heard.findings.withLock { $0.isEmpty }, "\(followed.told)")
    }

    /// A line of a log, a row of another host, one without any number and others cost themselves, wherever they stand.
    @Test(
        arguments: [
            "WARN something is wrong", "1700000301,web2,7,14", "oops,web1,bad,worse", "\"unclosed", "\0\0\0\0",
            "1700000301,web1,7", "1700000301,web1,7,14,21", "{\"a\": 1}", "2023-11-14T22:18:21Z,web1,7,14",
            "yesterday,web2,7,14", "1700000301",
        ], [3, 100, 250])
    func aForeignLineCostsItself(_ line: String, behind count: Int) throws {
        func rows(_ numbers: Range<Int>) -> String { Self.lines(numbers) { "web1,\($0),\($0 * 2)" } }
        let followed = try Followed("time,host,a,b\n" + rows(0..<count))
        // Some come with what is read first, some behind as many rows as columns are judged by.
        if count > 200 {
            try followed.start()
            #expect(try followed.comes(to: 0..<count))
        }
        try followed.append(line + "\n" + rows(count..<400))
        if count <= 200 { try followed.start() }
        #expect(try followed.comes(to: 0..<400), "\(followed.told)")
        #expect(eventually { followed.has(.malformed, raised: true) })
        for number in 400..<403 {
            try followed.append(rows(number..<(number + 1)))
            #expect(try followed.comes(to: 0..<(number + 1)), "\(followed.told)")
        }
        #expect(try followed.rows.enumerated().allSatisfy { $1.values == [Double($0), Double($0 * 2)] })
    }

    /// An hour that no day has makes of the whole what has no clock, and the refusal names no line.
    @Test func aLineThatNobodyNamesIsFound() throws {
        func rows(_ hours: Range<Int>) -> String {
            hours.map { "2023-11-\(14 + $0 / 24),\($0 % 24),\($0),\($0 * 2)\n" }.joined()
        }
        let followed = try Followed("date,hour,a,b\n" + rows(0..<30) + "2023-11-15,30,7,7\n" + rows(30..<48))
        try followed.start()
        #expect(try eventually(within: 20) { try followed.rows.count >= 48 }, "\(followed.told)")
        let made = try followed.rows
        #expect(made.map(\.time) == (0..<48).map { 1_699_920_000 + Double($0) * 3_600 })
        #expect(made.map { $0.values[0] } == (0..<48).map(Double.init))
        #expect(eventually { followed.has(.malformed, raised: true, "hour") })
    }

    /// Too few rows do not tell that one is of another host; when there are more, it is judged by no longer.
    @Test func aForeignRowAmongTheFirstFewSpoilsNothingLater() throws {
        func rows(_ numbers: Range<Int>) -> String { Self.lines(numbers) { "web1,\($0),\($0 * 2)" } }
        let followed = try Followed("time,host,a,b\n" + rows(0..<4) + "1700000004,web2,4,8\n")
        try followed.start()
        #expect(try followed.comes(to: 0..<5))
        for number in 5..<30 {
            try followed.append(rows(number..<(number + 1)))
            #expect(try followed.comes(to: 0..<(number + 1)), "\(followed.told)")
        }
    }

    /// What is of several hosts from its beginning is no table of one, and no part of it is taken for one.
    @Test func aTableOfSeveralHostsIsRefused() throws {
        let followed = try Followed(
            "time,host,a,b\n" + Self.lines(0..<100) { "web\($0 % 3),\($0),\($0 * 2)" })
        try followed.start()
        #expect(eventually { followed.has(.malformed, raised: true, "rows of several entities") }, "\(followed.told)")
        #expect(try followed.rows.isEmpty)
    }
}
