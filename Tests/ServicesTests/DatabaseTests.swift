import Federation
import Foundation
import Numerics
import Platform
import Services
import TestSupport
import Testing

@Suite struct DatabaseTests {
    @Test func valuesComeBackAsTheyWere() throws {
        let folder = try TemporaryFolder()
        let database = try Database(path: folder.path("a.db"), migrations: ["CREATE TABLE t (a, b, c, d, e)"])
        let row: [SQLValue] = [.integer(.min), .real(0.1), .text("ä\u{0}b"), .blob([0, 255]), .null]
        try database.query("INSERT INTO t VALUES (?, ?, ?, ?, ?)", row)
        #expect(try database.query("SELECT * FROM t") == [row])
    }

    @Test func aFailedTransactionLeavesNoTrace() throws {
        let folder = try TemporaryFolder()
        let database = try Database(path: folder.path("a.db"), migrations: ["CREATE TABLE t (a PRIMARY KEY)"])
        #expect(throws: StorageError.self) {
            try database.transaction { () throws(StorageError) in
                try database.query("INSERT INTO t VALUES (1)")
                try database.query("INSERT INTO t VALUES (1)")
            }
        }
        #expect(try database.query("SELECT * FROM t").isEmpty)
        try database.query("INSERT INTO t VALUES (1)")
    }

    @Test func newerSchemasAndOtherFilesAreRefused() throws {
        let folder = try TemporaryFolder()
        _ = try Database(path: folder.path("a.db"), migrations: ["CREATE TABLE t (a)", "CREATE TABLE u (a)"])
        let newer = #expect(throws: StorageError.self) {
            try Database(path: folder.path("a.db"), migrations: ["CREATE TABLE t (a)"])
        }
        #expect(newer?.code == .unsupported)
        try Database(path: folder.path("c.db"), migrations: []).script("PRAGMA user_version = -3")
        let negative = #expect(throws: StorageError.self) {
            try Database(path: folder.path("c.db"), migrations: ["CREATE TABLE t (a)"])
        }
        #expect(negative?.code == .unsupported)
        try folder.write("b.db", String(repeating: "no database ", count: 100))
        let other = #expect(throws: StorageError.self) { try Database(path: folder.path("b.db"), migrations: []) }
        #expect(other?.code == .corrupt)
        let missing = #expect(throws: StorageError.self) {
            try Database(path: folder.path("no/c.db"), migrations: [])
        }
        #expect(missing?.code == .unwritable)
    }
}

@Suite struct VersionRegistryTests {
    private func version(_ number: Int64) -> VersionRegistry.Version {
        let bytes = Array("version \(number)".utf8)
        return .init(number: number, bytes: bytes, digest: SHA256.digest(bytes))
    }

    private func round(_ number: Int64, committed: Bool = true) -> VersionRegistry.Round {
        .init(round: number, version: number + 1, isCommitted: committed, record: [UInt8(number)])
    }

    @Test func commitsSurviveAndRoundsGoOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("registry.db")
        do {
            let registry = try VersionRegistry(path: path)
            #expect(try registry.beginTerm() == 1)
            #expect(try registry.nextRound() == 0)
            #expect(try registry.latestVersion() == nil)
            try registry.commit(round(0), version: version(1))
            try registry.append(round(1, committed: false))
            try registry.commit(round(1), version: version(2))
            try registry.keep(round: 1, worker: "w", digest: [1], bytes: [2])
        }
        let registry = try VersionRegistry(path: path)
        #expect(try registry.beginTerm() == 2)
        #expect(try registry.nextRound() == 2)
        #expect(try registry.latestVersion() == version(2))
        #expect(try registry.rounds().map(\.isCommitted) == [true, false, true])
        #expect(try registry.contributions(round: 1) == ["w": [2]])
    }

    /// More than SQLite keeps of changed pages in memory, in several parts.
    @Test func whatIsInSeveralPartsIsStoredAsOne() throws {
        let folder = try TemporaryFolder()
        var generator = CounterBasedGenerator(seed: 1, purpose: "parts")
        let parts = [1_000_000, 1, 3_000_000, 70_000].map { count in
            (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        }
        let path = folder.path("registry.db")
        do {
            let registry = try VersionRegistry(path: path)
            let joined = Bytes(joining: parts.map { Bytes($0) })
            try registry.keep([
                (round: 1, worker: "a", digest: [1], bytes: joined), (round: 1, worker: "b", digest: [2], bytes: [3]),
            ])
            // Once more: what was there is replaced.
            try registry.keep(round: 1, worker: "a", digest: [1], bytes: joined)
        }
        let registry = try VersionRegistry(path: path)
        #expect(try registry.contributions(round: 1) == ["a": parts.flatMap(\.self), "b": [3]])
    }

    @Test func aRoundCommitsOnceOrNotAtAll() throws {
        let folder = try TemporaryFolder()
        let registry = try VersionRegistry(path: folder.path("registry.db"))
        try registry.commit(round(0), version: version(1))
        #expect(throws: StorageError.self) { try registry.commit(round(0), version: version(2)) }
        #expect(try registry.latestVersion() == version(1))
    }

    /// The file and its log as they were after every write of a commit: what is there is the old version or the new.
    @Test func aTornCommitIsTheOldVersionOrTheNew() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("registry.db")
        let registry = try VersionRegistry(path: path)
        try registry.commit(round(0), version: version(1))
        let before = try FileContents.read(path + "-wal")
        try registry.commit(round(1), version: version(2))
        let after = try FileContents.read(path + "-wal")
        let base = try FileContents.read(path)
        var seen: Set<Int64> = []
        for cut in Array(stride(from: before.count, to: after.count, by: 256)) + [after.count] {
            let copy = folder.path("cut-\(cut).db")
            try Data(base).write(to: URL(filePath: copy))
            try Data(after[..<cut]).write(to: URL(filePath: copy + "-wal"))
            let torn = try VersionRegistry(path: copy)
            let version = try #require(try torn.latestVersion())
            #expect(try torn.nextRound() == version.number)
            seen.insert(version.number)
        }
        #expect(seen == [1, 2])
    }

    /// What was committed and lies in the log beside the database is not forgotten without a word: a bit that flips anywhere
    /// before the last frame is noticed. What a crash leaves there is not taken for that.
    @Test func flippedBitsOfTheLogAreNoticed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("a.db")
        let database = try Database(path: path, migrations: ["CREATE TABLE t (a, b)"])
        for number in 0..<40 as Range<Int64> {
            try database.query(
                "INSERT INTO t VALUES (?, ?)",
                [.integer(number), .blob([UInt8](repeating: UInt8(number), count: 3_000))])
        }
        let log = try FileContents.read(path + "-wal")
        #expect(log.count > 100_000)
        /// The rows of a copy with such a log; `nil` where it is refused.
        func rows(_ log: [UInt8]) throws -> Int? {
            let copy = try TemporaryFolder()
            for ending in ["", "-sums"] {
                try FileManager.default.copyItem(atPath: path + ending, toPath: copy.path("a.db\(ending)"))
            }
            try FileContents.writeAtomically(log, to: copy.path("a.db-wal"))
            do throws(StorageError) {
                return try Database(path: copy.path("a.db"), migrations: ["CREATE TABLE t (a, b)"])
                    .query("SELECT * FROM t").count
            } catch {
                #expect(error.code == .corrupt && error.description.contains("log"), "\(error)")
                return nil
            }
        }
        #expect(try rows(log) == 40)
        var generator = CounterBasedGenerator(seed: 3, purpose: "bits of a log")
        for _ in 0..<60 {
            var flipped = log
            let place = Int(generator.next() % UInt64(log.count - 4_120))
            flipped[place] ^= 1 << UInt8(generator.next() % 8)
            #expect(try rows(flipped) == nil, "\(place) of \(log.count)")
        }
        // A process that died in the middle of a write, at any byte, loses what it had not committed.
        for _ in 0..<40 {
            let cut = 32 + Int(generator.next() % UInt64(log.count - 32))
            let found = try #require(try rows(Array(log.prefix(cut))), "\(cut)")
            #expect(found <= 40)
        }
    }
}
