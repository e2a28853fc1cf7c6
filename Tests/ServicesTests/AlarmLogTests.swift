import Federation
import Foundation
import Numerics
import Platform
import Services
import TestSupport
import Testing

@Suite struct AlarmLogTests {
    private func item(_ sequence: Int64, bytes: Int = 500) -> AlarmLog.Item {
        let text = "{\"sequence\":\(sequence)}" + String(repeating: " ", count: bytes)
        return AlarmLog.Item(
            sequence: sequence, id: "s/e@\(sequence / 2)", entity: "s/e", revision: Int(sequence % 2),
            bytes: Array(text.utf8))
    }

    private func sequences(_ log: AlarmLog, limit: Int = 1_000) throws -> (found: [Int64], damaged: Int) {
        var (found, damaged): ([Int64], Int) = ([], 0)
        var last: Int64 = 0
        while true {
            let page = try log.page(after: last, limit: limit)
            found += page.entries.map(\.sequence)
            damaged += page.damaged
            last = page.last
            guard page.hasMore else { return (found, damaged) }
        }
    }

    @Test func pagesAreBoundedByNumberAndBytes() throws {
        let folder = try TemporaryFolder()
        let log = try AlarmLog(path: folder.path("alarms.db"))
        try log.append((1...400).map { item($0, bytes: 10_000) }, delivery: ("a", 7, 400), now: 5)
        let page = try log.page(after: 0, limit: 10_000)
        #expect(page.hasMore && page.entries.count < 120)
        #expect(try sequences(log, limit: 10_000).found == Array(1...400))
        #expect(try sequences(log, limit: 7).found == Array(1...400))
        #expect(try log.deliveries(limit: 10).first?.delivered == 400)
        #expect(try log.alarms(limit: 10).map(\.id).last == "s/e@200")
    }

    /// However much is wrong with the watching, no alarm goes for it.
    @Test func findingsEvictNoAlarms() throws {
        let folder = try TemporaryFolder()
        let log = try AlarmLog(path: folder.path("alarms.db"))
        let items = (1...600).map { number -> AlarmLog.Item in
            var item = item(Int64(number))
            if number > 12 { item.id = "s/e!malformed@\(number)" }
            return item
        }
        try log.append(items, delivery: nil, now: 5)
        #expect(try log.page(after: 0, of: .alarms).entries.map(\.sequence) == Array(1...12))
        #expect(try log.page(after: 3, limit: 2, of: .alarms).entries.map(\.sequence) == [4, 5])
        #expect(try log.start(ofLatest: 5, .alarms) == 7 && log.start(ofLatest: 12, .alarms) == 0)
        #expect(try log.start(ofLatest: 100, .findings) == 500)
        var retention = Retention()
        (retention.alarms, retention.findings) = (10, 50)
        #expect(try log.apply(retention, now: 6) == 2 + 538)
        #expect(try sequences(log).found == Array(3...12) + Array(551...600))
        #expect(try log.lastSequence() == 600)
    }

    /// Whatever bit flips in the file, all entries are read but those that it hit.
    @Test func aFlippedBitHidesNoOther() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("alarms.db")
        do {
            let log = try AlarmLog(path: path)
            try log.append((1...300).map { item($0) }, delivery: ("a", 7, 300), now: 5)
        }
        let good = try FileContents.read(path)
        let sums = try FileContents.read(path + "-sums")
        var generator = CounterBasedGenerator(seed: 5, purpose: "flipped bits of alarms")
        var noticed = 0
        for _ in 0..<40 {
            var bytes = good
            // Behind the schema: a file whose first block is gone is no database any more.
            let place = 4_096 + Int(generator.uniform() * Double(bytes.count - 4_096))
            bytes[place] ^= 1 << UInt8(generator.uniform() * 8)
            try FileContents.writeAtomically(bytes, to: path)
            try FileContents.writeAtomically(sums, to: path + "-sums")
            for suffix in ["-wal", "-shm"] { try FolderContents.remove(path + suffix) }
            let log = try AlarmLog(path: path)
            noticed += log.damage == nil ? 0 : 1
            let (found, damaged) = try sequences(log)
            // One bit may make a block of several entries unreadable, never all.
            #expect(found.count >= 280 && found == found.sorted() && Set(found).count == found.count, "at \(place)")
            #expect(found.count + damaged >= 300 - 20)
        }
        #expect(noticed == 40)
    }

    @Test func oneChangedEventIsLeftOutAndCounted() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("alarms.db")
        let log = try AlarmLog(path: path)
        try log.append((1...10).map { item($0) }, delivery: nil, now: 5)
        let other = try Database(path: path, migrations: ["", "", "", ""], opensDamaged: true)
        try other.query("UPDATE alarms SET bytes = x'7B7D' WHERE sequence = 4")
        let (found, damaged) = try sequences(log)
        #expect(found == [1, 2, 3, 5, 6, 7, 8, 9, 10] && damaged == 1)
    }

    @Test func retentionKeepsTheLatestAndTheNumbers() throws {
        let folder = try TemporaryFolder()
        let log = try AlarmLog(path: folder.path("alarms.db"))
        try log.append((1...10).map { item($0) }, delivery: ("old", 1, 10), now: 0)
        try log.append((11...20).map { item($0) }, delivery: ("new", 2, 10), now: 400 * 86_400)
        var retention = Retention()
        retention.alarms = 5
        try log.apply(retention, now: 400 * 86_400)
        // How many there are is no question of time.
        #expect(try sequences(log).found == Array(16...20))
        #expect(try log.deliveries(limit: 10).count == 2)
        try log.apply(retention, now: 401 * 86_400)
        #expect(try log.deliveries(limit: 10).map(\.worker) == ["new"])
        retention.alarmSeconds = 86_400
        try log.apply(retention, now: 403 * 86_400)
        #expect(try log.lastSequence() == 20 && sequences(log).found == [20])
    }

    /// A clock that is a year ahead for some hours takes nothing with it, whether the process that finds it so is started
    /// again or not.
    @Test func aClockThatJumpsTakesNothingWithIt() throws {
        let folder = try TemporaryFolder()
        let day: Int64 = 86_400
        do {
            let log = try AlarmLog(path: folder.path("alarms.db"))
            try log.append((1...10).map { item($0) }, delivery: ("a", 1, 10), now: 1_000 * day)
            for hour in 0..<30 as Range<Int64> { try log.apply(Retention(), now: 1_000 * day + hour * 3_600) }
            for hour in 0..<20 as Range<Int64> { try log.apply(Retention(), now: 1_400 * day + hour * 3_600) }
        }
        let log = try AlarmLog(path: folder.path("alarms.db"))
        try log.apply(Retention(), now: 1_400 * day + 21 * 3_600)
        for hour in 0..<48 as Range<Int64> { try log.apply(Retention(), now: 1_002 * day + hour * 3_600) }
        #expect(try sequences(log).found == Array(1...10) && log.deliveries(limit: 10).count == 1)
        // One that goes on from there is right.
        for hour in 0..<25 as Range<Int64> { try log.apply(Retention(), now: 1_400 * day + hour * 3_600) }
        #expect(try sequences(log).found == [10] && log.deliveries(limit: 10).isEmpty)
    }

    /// A worker begins a spool with each start, and an ill-meaning one with each batch: the latest are remembered.
    @Test func spoolsOfAWorkerAreBounded() throws {
        let folder = try TemporaryFolder()
        let log = try AlarmLog(path: folder.path("alarms.db"))
        try log.append([], delivery: ("a", 500, 9), now: 5)
        for spool in 1...40 as ClosedRange<UInt64> { try log.append([], delivery: ("m", spool, 1), now: 5) }
        try log.append([], delivery: ("m", 30, 2), now: 5)
        let kept = try log.deliveries(limit: 100)
        #expect(kept.filter { $0.worker == "m" }.map(\.spool).sorted() == Array(25...40))
        #expect(kept.first { $0.worker == "m" && $0.spool == 30 }?.delivered == 2)
        #expect(kept.contains { $0.worker == "a" && $0.delivered == 9 })
    }

    @Test func aSpoolKeepsItsNameAndWhatIsNotDelivered() throws {
        let folder = try TemporaryFolder()
        do {
            let spool = try AlarmSpool(path: folder.path("spool.db"), newIdentity: 42)
            #expect(try spool.append([[1], [2], [3]]) == 3)
            try spool.decide(upTo: 2)
        }
        let spool = try AlarmSpool(path: folder.path("spool.db"), newIdentity: 43)
        // Under another name, so that an older copy of the folder never speaks for numbers that other alarms had.
        #expect(try spool.identity == 43 && spool.delivered() == 2 && spool.latest() == 3)
        #expect(try spool.alarms(after: 2, limit: 10) == [[3]])
        #expect(try spool.append([[4]]) == 4)
    }

    @Test func theSpoolKeepsWhatIsDeliveredForAWhile() throws {
        let folder = try TemporaryFolder()
        var limits = AlarmSpool.Limits()
        limits.delivered = 4
        limits.waiting = 12
        limits.refused = 2
        let spool = try AlarmSpool(path: folder.path("spool.db"), newIdentity: 9, limits: limits)
        #expect(try spool.oldest() == 1)
        #expect(try spool.append((1...10).map { [UInt8($0)] }) == 10)
        try spool.refuse([(2, "notServed"), (3, "unusable"), (4, "unusable")])
        try spool.decide(upTo: 6)
        #expect(try spool.deadLetters().map(\.number) == [3, 4])
        #expect(try spool.oldest() == 3 && spool.delivered() == 6)
        #expect(try spool.alarms(after: 6, limit: 100) == [[7], [8], [9], [10]])
        // The server has lost some.
        try spool.rewind(to: 2)
        #expect(try spool.alarms(after: 2, limit: 3) == [[3], [4], [5]])
        #expect(try spool.delivered() == 2)
        // More than may wait: the oldest go, and it is said.
        #expect(try spool.append((11...16).map { [UInt8($0)] }) == 16)
        #expect(try spool.dropped() == 2 && spool.oldest() == 5)
        #expect(try spool.alarms(after: 4, limit: 2) == [[5], [6]])
    }
}

@Suite struct AlarmSpoolTests {
    private func alarm(_ number: Int) -> [UInt8] { Array("alarm \(number)".utf8) }

    /// The names by which the server knows a spool outlast its starts, each with the last number that it had; a name that the
    /// server has never heard of does not, nor one of whose alarms none is here any more.
    @Test func namesOfEarlierStartsAreKept() throws {
        let folder = try TemporaryFolder()
        var limits = AlarmSpool.Limits()
        (limits.delivered, limits.names) = (5, 3)
        func start(_ name: UInt64) throws -> AlarmSpool {
            try AlarmSpool(path: folder.path("spool.db"), newIdentity: name, limits: limits)
        }
        do {
            let spool = try start(.max)
            _ = try spool.append([alarm(1), alarm(2)])
            #expect(try spool.earlier().isEmpty)
            try spool.keepName()
            try spool.keepName()
        }
        // The server does not hear of this one.
        do { _ = try start(2).append([alarm(3)]) }
        do {
            let spool = try start(3)
            #expect(try spool.earlier() == [EarlierSpool(spool: .max, latest: 2)])
            try spool.keepName()
            _ = try spool.append([alarm(4)])
        }
        do {
            let spool = try start(4)
            #expect(try spool.earlier() == [.init(spool: .max, latest: 2), .init(spool: 3, latest: 4)])
            try spool.keepName()
            _ = try spool.append((5...12).map(alarm))
            try spool.decide(upTo: 12)
            #expect(try spool.oldest() == 8)
        }
        do { #expect(try start(5).earlier() == [.init(spool: 4, latest: 12)]) }
        for name in 6...9 as ClosedRange<UInt64> { try start(name).keepName() }
        #expect(try start(10).earlier().map(\.spool) == [7, 8, 9])
    }
}
