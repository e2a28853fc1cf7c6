import Federation
import Foundation
import Numerics
import Platform
import Services
import TestSupport
import Testing

@Suite struct PageSumsTests {
    private func registry(_ path: String) throws {
        let registry = try VersionRegistry(path: path)
        for number in 1...6 as ClosedRange<Int64> {
            let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(number)) }
            try registry.keep(round: number, worker: "a", digest: SHA256.digest(bytes), bytes: Bytes(bytes))
            try registry.commit(
                .init(round: number, version: number, isCommitted: true, record: Array("{}".utf8)),
                version: .init(number: number, bytes: bytes, digest: SHA256.digest(bytes)))
            try registry.record(worker: "w\(number)", Array("{}".utf8))
        }
    }

    /// The first failure of a start on a database, in words; `nil` when it starts.
    private func failure(_ path: String) -> StorageError? {
        do {
            let registry = try VersionRegistry(path: path)
            _ = try registry.latestVersion()
            return nil
        } catch { return error }
    }

    /// One flipped bit anywhere: forty of forty.
    @Test func everyFlippedBitIsNoticed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("registry.db")
        try registry(path)
        #expect(failure(path) == nil)
        let good = try FileContents.read(path)
        let sums = try FileContents.read(path + "-sums")
        var generator = CounterBasedGenerator(seed: 23, purpose: "flipped bits")
        for _ in 0..<40 {
            var bytes = good
            bytes[Int(generator.uniform() * Double(bytes.count))] ^= 1 << UInt8(generator.uniform() * 8)
            try FileContents.writeAtomically(bytes, to: path)
            let error = failure(path)
            #expect(error?.code == .corrupt)
            #expect(error?.description.contains("registry.db") == true)
            // Once noticed it is noticed again, and what is put back is as it was.
            #expect(failure(path) != nil)
            try FileContents.writeAtomically(good, to: path)
            try FileContents.writeAtomically(sums, to: path + "-sums")
            for suffix in ["-wal", "-shm"] { try FolderContents.remove(path + suffix) }
            #expect(failure(path) == nil)
        }
        for length in [0, 16, good.count / 2, good.count - 100, good.count - 4_096] {
            try FileContents.writeAtomically(Array(good.prefix(length)), to: path)
            #expect(failure(path)?.code == .corrupt, "\(length) bytes")
        }
        try FolderContents.remove(path)
        #expect(failure(path)?.code == .corrupt, "no file")
    }

    @Test func aFlippedBitInTheSumsIsNoticedToo() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("registry.db")
        try registry(path)
        var sums = try FileContents.read(path + "-sums")
        sums[sums.count / 2] ^= 4
        try FileContents.writeAtomically(sums, to: path + "-sums")
        #expect(failure(path)?.path.hasSuffix("-sums") == true)
        // Without them it is looked through by SQLite, and gets new ones.
        try FolderContents.remove(path + "-sums")
        #expect(failure(path) == nil)
        #expect(FileManager.default.fileExists(atPath: path + "-sums"))
    }

    @Test func whatALivingProcessLeavesBehindIsWhole() throws {
        let folder = try TemporaryFolder()
        let registry = try VersionRegistry(path: folder.path("registry.db"))
        let bytes = [UInt8](repeating: 7, count: 10_000)
        try registry.commit(
            .init(round: 0, version: 1, isCommitted: true, record: []),
            version: .init(number: 1, bytes: bytes, digest: SHA256.digest(bytes)))
        // As kill -9 leaves it: a log that was not taken over.
        for suffix in ["", "-wal", "-sums"] {
            try FileContents.writeAtomically(
                try FileContents.read(folder.path("registry.db" + suffix)), to: folder.path("copy.db" + suffix))
        }
        #expect(try VersionRegistry(path: folder.path("copy.db")).latestVersion()?.bytes == bytes)
        try registry.seal()
        #expect(try registry.latestVersion()?.bytes == bytes)
    }

    @Test func whatChangesInALivingFileIsNotBlessed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("registry.db")
        try registry(path)
        let registry = try VersionRegistry(path: path)
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        try handle.seek(toOffset: 9_000)
        try handle.write(contentsOf: [0xA5, 0x5A])
        try handle.synchronize()
        let error = #expect(throws: StorageError.self) { try registry.seal() }
        #expect(error?.code == .corrupt)
        #expect(failure(path)?.code == .corrupt)
    }

    @Test func retentionKeepsTheLatest() throws {
        let folder = try TemporaryFolder()
        let registry = try VersionRegistry(path: folder.path("registry.db"))
        for number in 1...20 as ClosedRange<Int64> {
            try registry.append(.init(round: number, version: number - 1, isCommitted: false, record: []))
            try registry.commit(
                .init(round: number, version: number, isCommitted: true, record: []),
                version: .init(number: number, bytes: [1], digest: SHA256.digest([1])))
            try registry.record(worker: "w\(number)", [], now: number)
        }
        var retention = Retention()
        retention.versions = 3
        retention.abandonedRounds = 4
        retention.workers = 5
        try registry.apply(retention)
        #expect(try registry.version(17) == nil)
        #expect(try registry.version(18)?.number == 18)
        #expect(try registry.latestVersion()?.number == 20)
        #expect(try registry.nextRound() == 21)
        let rounds = try registry.rounds()
        #expect(rounds.count { !$0.isCommitted } == 4 && rounds.count { $0.isCommitted } == 20)
        #expect(
            try registry.forgetWorkers(retention, living: [], now: 100) == (1...15).map { "w\($0)" }.sorted())
        #expect(try registry.workers().map(\.name) == (16...20).map { "w\($0)" })
        retention.workerSeconds = 82
        // A clock has to have gone on for a day.
        #expect(try registry.forgetWorkers(retention, living: ["w16"], now: 100).isEmpty)
        retention.workerSeconds += 86_400
        #expect(try registry.forgetWorkers(retention, living: ["w16"], now: 86_500) == ["w17"])
        #expect(try registry.workers().map(\.name) == ["w16", "w18", "w19", "w20"])
    }

    @Test func livingWorkersAreNeverForgotten() {
        var retention = Retention()
        retention.workers = 2
        retention.workerSeconds = 10
        let seen: [String: Int64] = ["a": 1, "b": 2, "c": 95, "d": 96, "early": 0]
        #expect(retention.forgotten(seen, living: ["a", "b"], now: 100) == ["c", "d", "early"])
        #expect(retention.forgotten(seen, living: ["a"], now: 100) == ["b", "c", "early"])
        #expect(retention.forgotten(seen, living: [], now: 100) == ["a", "b", "early"])
        retention.workers = 5
        // When those of an earlier release were seen nobody knows: only their number counts.
        #expect(retention.forgotten(seen, living: [], now: 100) == ["a", "b"])
    }
}
