import Collection
import Foundation
import Platform
import Services
import Synchronization
import Telemetry
import TestSupport
import Testing

@Suite struct SampleStoreTests {
    private func addition(_ rows: [SampledRow], entity: String = "e", columns: Int = 3) -> SampleStore.Addition {
        .init(site: "s", entity: entity, type: "t", columns: (0..<columns).map { "c\($0)" }, rows: rows)
    }

    private func row(_ number: Int, columns: Int = 3) -> SampledRow {
        SampledRow(
            time: 1_700_000_000 + Double(number),
            values: (0..<columns).map { $0 == 1 && number % 7 == 0 ? .nan : Double(number * (1 + $0)) / 4 })
    }

    private func all(_ store: SampleStore, _ key: String = "s/e") throws -> [SampledRow] {
        var rows: [SampledRow] = []
        var next = 0
        while let (first, block) = try store.read(key, from: next, limit: 100) {
            #expect(first >= next)
            rows += (0..<block.rowCount).map { block[$0] }
            next = first + block.rowCount
        }
        return rows
    }

    @Test(arguments: [1, 3, 64, 1_000]) func rowsComeBackHoweverTheyCame(piece: Int) throws {
        let folder = try TemporaryFolder()
        var limits = SampleStore.Limits()
        limits.blockValues = 300
        let path = folder.url.appending(path: "samples.db").path
        let rows = (0..<700).map { row($0) }
        do {
            let store = try SampleStore(path: path, limits: limits)
            for start in stride(from: 0, to: rows.count, by: piece) {
                try store.append([addition(Array(rows[start..<min(start + piece, rows.count)]))])
                if piece == 64 { #expect(try all(store).count == min(start + piece, rows.count)) }
            }
            #expect(try all(store) == rows)
            #expect(store.entity("s/e")?.nextRow == 700)
        }
        let again = try SampleStore(path: path, limits: limits)
        #expect(again.remark == nil)
        #expect(try all(again) == rows)
        try again.append([addition((700..<750).map { row($0) })])
        #expect(try all(again) == (0..<750).map { row($0) })
    }

    @Test func columnsThatComeLaterAreMissingBefore() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "samples.db").path
        let store = try SampleStore(path: path)
        try store.append([addition([row(0, columns: 2)], columns: 2)])
        try store.append([addition([row(1, columns: 3)], columns: 3)])
        let reader = StoredRows("s/e", in: store, .stream(from: 0))
        var frames = try reader.makeReader()
        let frame = try #require(try frames.nextChunk(maximumRows: 10))
        #expect(frame.schema == ["c0", "c1", "c2"] && frame.rowCount == 2)
        #expect(frame[0, 2].isNaN && frame[1, 2] == 0.75)
        #expect(try SampleStore(path: path).entity("s/e")?.columns.count == 3)
    }

    @Test func theOldestGoFirst() throws {
        let folder = try TemporaryFolder()
        var limits = SampleStore.Limits()
        limits.blockValues = 100
        limits.ageSeconds = 200
        let store = try SampleStore(path: folder.url.appending(path: "samples.db").path, limits: limits)
        for start in stride(from: 0, to: 1_000, by: 50) {
            try store.append([addition((start..<(start + 50)).map { row($0) })])
        }
        let entity = try #require(store.entity("s/e"))
        #expect(entity.nextRow == 1_000)
        #expect((750...800).contains(entity.firstRow))
        #expect(store.counters.forgotten == entity.firstRow)
        #expect(try all(store).first?.time == 1_700_000_000 + Double(entity.firstRow))
    }

    /// It would make every other row old, and be the onset of an alarm.
    @Test func aRowAYearAheadIsLeftOutAndTold() throws {
        let folder = try TemporaryFolder()
        var limits = SampleStore.Limits()
        limits.blockValues = 300
        let path = folder.path("samples.db")
        let heard = Mutex<[DataQualityFinding]>([])
        for start in [0, 700] {
            let store = try SampleStore(path: path, limits: limits) { 1_700_001_000 }
            store.tellFindings { site, finding in
                #expect(site == "s")
                // Whoever hears may ask.
                _ = store.entities
                heard.withLock { $0.append(finding) }
            }
            try store.append([addition((start..<start + 600).map { row($0) })])
            var wrong = row(start + 600)
            wrong.time += 365 * 86_400
            try store.append([addition([wrong, row(start + 601)])], position: ("follow x.csv", []))
            #expect(store.entity("s/e")?.lastTime == row(start + 601).time)
            for number in 602..<700 {
                try store.append([addition([row(start + number)])], position: ("follow x.csv", []))
            }
            #expect(store.counters.forgotten == 0 && store.entity("s/e")?.firstRow == 0)
        }
        let found = heard.withLock { $0 }
        #expect(found.map(\.kind) == [.samplesRefused, .samplesRefused, .samplesRefused, .samplesRefused])
        #expect(found.map(\.isRaised) == [true, false, true, false] && found.first?.source == "follow x.csv")
        #expect(found.first?.detail.contains("ahead of this machine's clock") ?? false)
        let again = try SampleStore(path: path, limits: limits)
        #expect(try all(again).map(\.time) == (0..<1_400).filter { $0 % 700 != 600 }.map { row($0).time })
    }

    /// A row that was taken by an earlier build makes nothing else old, and goes with the rows around it.
    @Test func ageIsCountedFromTimesThatHaveBeen() throws {
        let folder = try TemporaryFolder()
        var limits = SampleStore.Limits()
        (limits.blockValues, limits.ageSeconds, limits.aheadSeconds) = (300, 200, .infinity)
        let path = folder.path("samples.db")
        do {
            let store = try SampleStore(path: path, limits: limits) { 1_700_001_000 }
            var rows = (0..<100).map { row($0) }
            rows[99].time += 365 * 86_400
            try store.append([addition(rows)])
        }
        limits.aheadSeconds = 3_600
        let store = try SampleStore(path: path, limits: limits) { 1_700_001_000 }
        for number in 100..<200 { try store.append([addition([row(number)])]) }
        #expect(store.entity("s/e")?.firstRow == 0)
        for number in 200..<400 { try store.append([addition([row(number)])]) }
        #expect(store.entity("s/e")?.firstRow == 100)
    }

    @Test func clocksOfTheirOwnMayBeAhead() throws {
        let folder = try TemporaryFolder()
        var limits = SampleStore.Limits()
        limits.blockValues = 300
        // From the first row on, and by and by, as a recording that is replayed faster than it was made.
        for (name, now) in [("e", 1_600_000_000.0), ("f", 1_700_000_300)] {
            let store = try SampleStore(path: folder.path("\(name).db"), limits: limits) { now }
            for start in stride(from: 0, to: 9_000, by: 30) {
                try store.append([addition((start..<start + 30).map { row($0) }, entity: name)])
            }
            #expect(try all(store, "s/\(name)") == (0..<9_000).map { row($0) })
        }
    }

    @Test func aFileThatIsGoneTakesNothingMore() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path("run"), withIntermediateDirectories: false)
        let store = try SampleStore(path: folder.path("run/samples.db"))
        try store.append([addition([row(0)])])
        _ = try store.keep(unsettled: [1], from: "a")
        try FileManager.default.removeItem(atPath: folder.path("run"))
        let error = #expect(throws: StorageError.self) { try store.append([addition([row(1)])]) }
        #expect(error?.exitStatus == .cannotCreate && error?.path == folder.path("run/samples.db"))
        #expect(throws: StorageError.self) { try store.keep(unsettled: [2], from: "a") }
        #expect(try all(store).count == 1)
    }

    @Test func aDamagedBlockCostsItselfOnly() throws {
        let folder = try TemporaryFolder()
        var limits = SampleStore.Limits()
        limits.blockValues = 300
        let path = folder.url.appending(path: "samples.db").path
        do {
            let store = try SampleStore(path: path, limits: limits)
            try store.append([addition((0..<350).map { row($0) })])
        }
        do {
            let database = try Database(path: path, migrations: SampleStore.migrations)
            try database.query("UPDATE blocks SET bytes = zeroblob(length(bytes)) WHERE first = 100")
        }
        let store = try SampleStore(path: path, limits: limits)
        let times = try all(store).map { Int($0.time - 1_700_000_000) }
        #expect(times == Array(0..<100) + Array(200..<350))
        #expect(store.counters.damaged >= 1)
        let reader = StoredRows("s/e", in: store, .window(LearningWindow(rows: 0..<400)))
        var frames = try reader.makeReader()
        var rows = 0
        while let frame = try frames.nextChunk(maximumRows: 64) { rows += frame.rowCount }
        #expect(rows == 250)
    }

    @Test func aFileThatIsNoStoreIsPutAside() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "samples.db").path
        try Data("this is no database, and long enough to look at".utf8).write(to: URL(filePath: path))
        let store = try SampleStore(path: path)
        #expect(store.remark?.contains(".damaged") ?? false)
        #expect(FileManager.default.fileExists(atPath: path + ".damaged"))
        try store.append([addition([row(0)])])
        #expect(try all(store).count == 1)
    }

    @Test("With a damaged store its checksums are put aside, too: the new one opens again")
    func aDamagedStoreLeavesNothingBehind() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "samples.db").path
        do {
            let store = try SampleStore(path: path)
            try store.append([addition((0..<350).map { row($0) })])
        }
        let length = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        try Data(repeating: 0x5a, count: length).write(to: URL(filePath: path))
        do {
            let store = try SampleStore(path: path)
            #expect(store.remark?.contains(".damaged") ?? false)
            try store.append([addition([row(0)])])
        }
        let again = try SampleStore(path: path)
        #expect(try all(again).count == 1 && again.remark == nil)
    }

    @Test func badRowsAreReadButNotLearnedFrom() throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.url.appending(path: "samples.db").path)
        var rows = (0..<20).map { row($0) }
        rows[5].quality = .incomplete
        rows[12].quality = .disconnected
        try store.append([addition(rows)])
        func frame(_ span: StoredRows.Span) throws -> MetricFrame {
            var reader = try StoredRows("s/e", in: store, span).makeReader()
            return try #require(try reader.nextChunk(maximumRows: 100))
        }
        let stream = try frame(.stream(from: 3))
        #expect(stream.rowCount == 17 && stream.firstRow == 3)
        let learned = try frame(.window(LearningWindow(rows: 0..<20)))
        #expect(learned.rowCount == 19 && learned.fileStarts == [5, 11])
        let clean = try frame(.window(LearningWindow(rows: 0..<20, excluded: [1_700_000_015...1_700_000_016.5])))
        #expect(clean.rowCount == 17 && clean.fileStarts == [5, 11, 14])
        var live = try StoredRows("s/e", in: store, .stream(from: 20)).makeReader()
        #expect(try live.nextChunk(maximumRows: 10)?.rowCount == 0)
        try store.append([addition([row(20)])])
        #expect(try live.nextChunk(maximumRows: 10)?.firstRow == 20)
    }

    /// What a worker has seen is read beside it while it runs.
    @Test func aRunningStoreIsReadByOthers() throws {
        let folder = try TemporaryFolder()
        let store = try SampleStore(path: folder.url.appending(path: "samples.db").path)
        try store.append([addition((0..<300).map { row($0) }), addition([row(3)], entity: "f")])
        let history = try StoredHistory(folder: folder.url.path)
        #expect(history.entities.map(\.key) == ["s/e", "s/f"])
        let all = try history.rows(of: history.entities[0], last: nil)
        #expect(all.rows.rowCount == 300 && all.rows[7] == row(7) && all.columns == ["c0", "c1", "c2"])
        #expect(try history.rows(of: history.entities[0], last: 9).rows.times == (290..<300).map { row($0).time })
        try store.append([addition([row(300)])])
        #expect(throws: StorageError.self) { try StoredHistory(folder: folder.url.path + "/none") }
    }

    @Test func requestsAreKeptUntilTheirRowsAre() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "samples.db").path
        let store = try SampleStore(path: path)
        let first = try store.keep(unsettled: [1, 2, 3], from: "a")
        let second = try store.keep(unsettled: [4], from: "a")
        _ = try store.keep(unsettled: [5], from: "b")
        try store.append([addition([row(0)])], position: ("p", [9]), settles: [first])
        let again = try SampleStore(path: path)
        #expect(try again.unsettled(from: "a").map(\.number) == [second])
        #expect(try again.unsettled(from: "a").map(\.bytes) == [[4]])
        #expect(try again.position(of: "p") == [9])
        #expect(try again.keep(unsettled: [6], from: "a") > second)
    }

    // MARK: Entities that are gone

    /// What has had no rows for longer than rows are kept goes, with its place; a clock that jumps takes nothing away, nor
    /// does time in which nobody used the store.
    @Test func whatIsGoneForLongIsForgotten() throws {
        let folder = try TemporaryFolder()
        let path = folder.url.appending(path: "samples.db").path
        let wall = Mutex(1_700_000_000.0)
        var limits = SampleStore.Limits()
        limits.ageSeconds = 2 * 86_400
        func open() throws -> SampleStore {
            try SampleStore(path: path, limits: limits, wallSeconds: { wall.withLock { $0 } })
        }
        var number = 0
        func feed(_ store: SampleStore, _ entities: [String]) throws {
            number += 1
            try store.append(entities.map { addition([row(number)], entity: $0) })
        }
        do {
            let store = try open()
            try store.remember([LiveWatch.placeName("s/old"): [1, 2], LiveWatch.placeName("s/new"): [3]])
            try feed(store, ["old", "new"])
            // A day, then a clock that jumps by a month.
            for _ in 0..<24 {
                wall.withLock { $0 += 3_600 }
                try feed(store, ["new"])
            }
            wall.withLock { $0 += 30 * 86_400 }
            try feed(store, ["new"])
            #expect(store.entities.map(\.name) == ["old", "new"])
        }
        wall.withLock { $0 += 60 * 86_400 }
        let store = try open()
        for _ in 0..<20 {
            wall.withLock { $0 += 3_600 }
            try feed(store, ["new"])
        }
        #expect(store.entities.map(\.name) == ["old", "new"])
        let rows = try all(store, "s/new").count
        let before = store.counters
        for _ in 0..<6 {
            wall.withLock { $0 += 3_600 }
            try feed(store, ["new"])
        }
        #expect(store.entities.map(\.name) == ["new"])
        #expect(try store.read("s/old", from: 0, limit: 10) == nil)
        #expect(try store.position(of: LiveWatch.placeName("s/old")) == nil)
        #expect(try store.position(of: LiveWatch.placeName("s/new")) == [3])
        #expect(try all(store, "s/new").count == rows + 6)
        #expect(store.counters.samples == before.samples + 6 * 3 - 3 && store.counters.forgotten == 1)
        // It comes again, as one that nobody knew.
        try feed(store, ["old", "new"])
        #expect(store.entity("s/old")?.nextRow == 1)
        #expect(try all(store, "s/old").count == 1)
        #expect(try open().entities.map(\.name) == ["new", "old"])
    }

    /// Where there are too many those go that have been silent for longest, and none that is alive.
    @Test func moreEntitiesThanThereIsRoomFor() throws {
        let folder = try TemporaryFolder()
        let wall = Mutex(1_700_000_000.0)
        var limits = SampleStore.Limits()
        limits.entities = 10
        let store = try SampleStore(
            path: folder.url.appending(path: "samples.db").path, limits: limits, wallSeconds: { wall.withLock { $0 } })
        for number in 0..<50 {
            let alive = (max(0, number - 3)...number).map { "e\($0)" }
            for _ in 0..<20 {
                wall.withLock { $0 += 60 }
                try store.append(alive.map { addition([row(number)], entity: $0) })
            }
        }
        #expect(store.entities.map(\.name) == (40..<50).map { "e\($0)" })
        // Twenty that are all alive stay.
        for minute in 0..<120 {
            wall.withLock { $0 += 60 }
            try store.append((0..<20).map { addition([row(100 + minute)], entity: "f\($0)") })
        }
        #expect(store.entities.filter { $0.name.hasPrefix("f") }.count == 20)
        #expect(store.entities.count == 20)
    }
}
