import Autoencoders
import Federation
import Foundation
import Platform
import Services
import Telemetry
import TestSupport
import Testing
import Watching

/// A live stream gives the same alarms however its rows come, over a restart and past rows that are bad.
@Suite struct EntityStreamTests {
    /// Rows of three metrics; in the second file two faults.
    fileprivate static func table(
        _ rows: Int, seed: UInt64, isFaulty: Bool, bad: Set<Int> = [], silent: [Range<Int>] = []
    ) -> String {
        var state = seed
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        var text = "time,cpu_user,mem_used,net_rx\n"
        for row in 0..<rows {
            let load = noise() + Double(row % 50) / 25
            let fault = isFaulty && ((200..<290).contains(row) || (400..<404).contains(row)) ? 8.0 : 0
            let (cpu, memory, network) = (load + noise(), 2 * load + 0.1 * noise() + fault, noise())
            let received = silent.contains { $0.contains(row) } ? "" : "\(network)"
            text += "\(row * 60),\(cpu),\(memory),\(received)\n"
            if bad.contains(row) { text += "\(row * 60),oops,1,2\n" }
        }
        return text
    }

    private struct Setting {
        let folder: TemporaryFolder
        let model: MonitoringModel
        let stream: EntitySource
        let backend: any AcceleratorBackend

        init(bad: Set<Int> = [], silent: [Range<Int>] = []) throws {
            folder = try TemporaryFolder()
            backend = try AcceleratorCatalog.backend(named: "cpu")
            let train = try folder.write("farm/host1_train.csv", EntityStreamTests.table(900, seed: 3, isFaulty: false))
            let test = try folder.write(
                "farm/host1_test.csv", EntityStreamTests.table(600, seed: 4, isFaulty: true, bad: bad, silent: silent))
            let learned = try #require(DataCatalog.discover([train], options: ReaderOptions()).first)
            stream = try #require(DataCatalog.discover([test], options: ReaderOptions()).first)
            var configuration = TrainingConfiguration()
            (configuration.window, configuration.hidden, configuration.epochs) = (9, [5, 3], 1)
            let bundle = try ModelTrainer(configuration: configuration).train(
                [learned], options: ModelTrainer.DataOptions(rules: try GroupRules.builtIn()), tool: "test")
            let detectors = try DetectorTraining(
                methods: [DetectorTraining.method(named: "zscore"), DetectorTraining.autoencoder]
            ).detectors(for: bundle, sources: [learned], reader: ReaderOptions(), backend: backend)
            model = MonitoringModel(
                bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: "zscore")
        }

        func makeStream() throws -> EntityStream {
            var options = ReaderOptions()
            options.skipsBadRows = true
            return try EntityStream(
                source: stream, options: options, model: model, method: "zscore", worker: "w", version: 3,
                quietSamples: 10, engines: ModelEngines(model.bundle, backend: backend))
        }

        func events(rows: [Int]) throws -> [AlarmEvent] {
            var stream = try makeStream()
            var events: [AlarmEvent] = []
            var turn = 0
            while !stream.hasEnded {
                events += try stream.advance(rows: rows[turn % rows.count])
                turn += 1
            }
            return events
        }
    }

    @Test func alarmsDoNotDependOnTheCut() throws {
        let setting = try Setting()
        let whole = try setting.events(rows: [10_000])
        #expect(whole.contains { $0.state == .raised } && whole.contains { $0.state == .settled })
        #expect(whole.contains { $0.state == .cleared && $0.fingerprint.first?.metric == "mem_used" })
        #expect(whole.allSatisfy { $0.reconstruction != nil })
        for rows in [[1], [7, 64], [199, 3]] { #expect(try setting.events(rows: rows) == whole) }
    }

    private func falseAlarm(_ event: AlarmEvent, with other: [(String, String)] = []) throws -> FalseAlarm {
        let bytes = try #require(FalseAlarm(event)?.encoded)
        let text = other.reduce(String(decoding: bytes, as: UTF8.self)) { $0.replacing($1.0, with: $1.1) }
        return try FalseAlarm(decoding: Array(text.utf8))
    }

    /// The events of the rest of a stream.
    private func rest(_ stream: inout EntityStream) throws -> [AlarmEvent] {
        var events: [AlarmEvent] = []
        while !stream.hasEnded { events += try stream.advance(rows: 64) }
        return events
    }

    @Test func theSameAgainAsAFalseAlarmIsNone() throws {
        let setting = try Setting()
        let whole = try setting.events(rows: [64])
        let raised = whole.filter { $0.state == .raised }
        #expect(raised.map(\.onset.index).count { (400..<410).contains($0) } == 1)
        let first = try #require(whole.last { $0.state == .cleared && (200..<210).contains($0.onset.index) })
        #expect(try #require(first.groupScores).keys.sorted() == first.groups && !first.groups.isEmpty)
        func events(_ heeded: [FalseAlarm], undone: Bool = false) throws -> [AlarmEvent] {
            var stream = try setting.makeStream()
            var events: [AlarmEvent] = []
            while stream.nextRow < 390 { events += try stream.advance(rows: min(64, 390 - stream.nextRow)) }
            events += stream.heed(heeded)
            if undone { events += stream.heed([]) }
            return try events + rest(&stream)
        }
        let same = try events([falseAlarm(first)])
        #expect(same == whole.filter { $0.onset.index < 390 }, "what came before is as it was, and no alarm comes")
        #expect(try events([falseAlarm(first)], undone: true) == whole, "taken back, all is as before")
        // Further than it reached, and other groups.
        let weak = try falseAlarm(first, with: [("\"score\":\(first.score)", "\"score\":0.5")])
        #expect(try events([weak]) == whole)
        let elsewhere = try falseAlarm(first, with: first.groups.map { ($0, "access.other") })
        #expect(try events([elsewhere]) == whole)
        let long = try falseAlarm(
            first, with: [("\"from\":", "\"from\":-9e9,\"x\":"), ("\"to\":", "\"to\":-8e9,\"y\":")])
        #expect(try events([long]) == whole, "longer ago than it is remembered")
    }

    @Test func aFalseAlarmThatStandsIsOver() throws {
        let setting = try Setting()
        var stream = try setting.makeStream()
        var events: [AlarmEvent] = []
        while stream.nextRow < 250 { events += try stream.advance(rows: min(64, 250 - stream.nextRow)) }
        let open = try #require(events.last)
        #expect(open.state != .cleared && stream.openAlarm?.index == open.onset.index)
        let ended = try stream.heed([falseAlarm(open)])
        #expect(ended.map(\.state) == [.cleared] && ended[0].id == open.id && ended[0].revision == open.revision + 1)
        #expect(ended[0].at.index == 249 && stream.openAlarm == nil)
        #expect(try stream.heed([falseAlarm(open)]).isEmpty, "it is over once")
        // A restart goes on as if nothing had happened.
        let state = stream.state(identity: "model 3")
        var next = try setting.makeStream()
        try next.resume(state, identity: "model 3")
        _ = try next.heed([falseAlarm(ended[0])])
        let after = try rest(&next)
        #expect(after.allSatisfy { $0.id == open.id && $0.state == .settled && $0.isOver == true }, "\(after)")
    }

    /// What is told of scores is the largest since it was last told, with what else holds of these rows.
    @Test func scoresAreToldOnce() throws {
        let setting = try Setting(silent: [420..<600])
        var stream = try setting.makeStream()
        var told = stream.takeScores()
        #expect(told == nil)
        _ = try stream.advance(rows: 190)
        told = stream.takeScores()
        let quiet = try #require(told)
        #expect(quiet.line.entity == "farm/host1" && quiet.line.time == 189 * 60 && quiet.line.flags.isEmpty)
        #expect(quiet.line.whole > ScoreLevel.none && quiet.groups.count == quiet.line.groups.count)
        told = stream.takeScores()
        #expect(told == nil)
        _ = try stream.advance(rows: 90)
        told = stream.takeScores()
        let loud = try #require(told)
        #expect(loud.line.whole > ScoreLevel.limit && loud.line.flags.contains(.alarm))
        #expect(loud.line.groups.max() ?? 0 > ScoreLevel.limit && loud.line.time == 279 * 60)
        while !stream.hasEnded { _ = try stream.advance(rows: 64) }
        told = stream.takeScores()
        #expect(told?.line.flags.contains(.missing) == true)
        // Rows that another stream has told are not told again.
        var next = try setting.makeStream()
        let warmed = try next.warm(rows: 300, before: 300)
        told = next.takeScores()
        #expect(warmed == 300 && told == nil)
    }

    @Test func aRestartBetweenAnyTwoRowsChangesNothing() throws {
        let setting = try Setting()
        let whole = try setting.events(rows: [64])
        for row in [0, 1, 205, 262, 291, 300, 403, 599] {
            var stream = try setting.makeStream()
            var events: [AlarmEvent] = []
            while stream.nextRow < row { events += try stream.advance(rows: min(64, row - stream.nextRow)) }
            let state = stream.state(identity: "model 3")
            var next = try setting.makeStream()
            try next.resume(state, identity: "model 3")
            #expect(next.nextRow == row && next.scoredRows == row)
            while !next.hasEnded { events += try next.advance(rows: 64) }
            #expect(events == whole, "a restart after row \(row)")
        }
    }

    @Test func aStateOfAnotherModelOrSourceIsRefused() throws {
        let setting = try Setting()
        var stream = try setting.makeStream()
        _ = try stream.advance(rows: 300)
        let state = stream.state(identity: "model 3")
        func resume(_ bytes: [UInt8], identity: String) throws {
            var next = try setting.makeStream()
            try next.resume(bytes, identity: identity)
        }
        #expect(throws: StateError.self) { try resume(state, identity: "model 4") }
        #expect(throws: StateError.self) { try resume(state + [0], identity: "model 3") }
        #expect(throws: StateError.self) { try resume(Array(state.dropLast()), identity: "model 3") }
        _ = try setting.folder.write("farm/host1_test.csv", Self.table(200, seed: 4, isFaulty: true))
        #expect(throws: StateError.self) { try resume(state, identity: "model 3") }
        let later = Self.table(600, seed: 4, isFaulty: true).replacing("\n0,", with: "\n7,", maxReplacements: 1)
        _ = try setting.folder.write("farm/host1_test.csv", later)
        #expect(throws: StateError.self) { try resume(state, identity: "model 3") }
    }

    @Test func badRowsArePassedOverAndSaid() throws {
        let clean = try Setting().events(rows: [50])
        let setting = try Setting(bad: [10, 11, 250])
        var stream = try setting.makeStream()
        var events: [AlarmEvent] = []
        var findings: [DataQualityFinding] = []
        while !stream.hasEnded {
            events += try stream.advance(rows: 50)
            findings += stream.takeFindings().filter(\.isRaised)
        }
        #expect(events == clean)
        #expect(findings.allSatisfy { $0.kind == .malformed })
        #expect(findings.reduce(0) { $0 + $1.count } == 3)
        #expect(findings.first?.subjects.first?.contains("oops") == true)
    }

    @Test func anotherModelTakesOverBetweenTwoRows() throws {
        let setting = try Setting()
        let whole = try setting.events(rows: [64])
        var stream = try setting.makeStream()
        var events: [AlarmEvent] = []
        while stream.nextRow < 220 { events += try stream.advance(rows: min(64, 220 - stream.nextRow)) }
        // The same model again, warmed up on the same rows: nothing may be seen of the change but the version.
        var successor = try setting.makeStream()
        try successor.takeOver(from: stream, version: 4)
        stream = successor
        while !stream.hasEnded { events += try stream.advance(rows: 64) }
        let late = whole.filter { $0.onset.index >= 220 }
        #expect(!late.isEmpty && events.filter { $0.onset.index >= 220 }.allSatisfy { $0.modelVersion == 4 })
        let renamed = events.map { event in
            var event = event
            event.modelVersion = 3
            return event
        }
        #expect(renamed == whole)
        #expect(events.filter { $0.onset.index < 220 }.allSatisfy { $0.modelVersion == 3 })
    }

    /// A metric that is gone is told once, whatever model watches, and so is that it is back.
    @Test func whatIsGoneIsToldOnceOverModelsAndRestarts() throws {
        let setting = try Setting(silent: [100..<150, 250..<420])
        let carried = 10
        var stream = try setting.makeStream()
        _ = try stream.advance(rows: 120)
        let first = stream.takeFindings()
        #expect(first.map(\.isRaised) == [true] && first.first?.since == Double(100 + carried) * 60)
        // Rows that were seen by nobody, and what was over among them, are history; what stands was found at their end.
        var late = try setting.makeStream()
        while try late.warm(rows: 90, before: 300) > 0 {}
        let standing = late.takeFindings()
        #expect(standing.map(\.isRaised) == [true] && standing.first?.subjects == ["net_rx"])
        #expect(standing.first?.since == Double(250 + carried) * 60 && standing.first?.at == 299 * 60)

        // Another model takes over, and a process starts again.
        while stream.nextRow < 300 { _ = try stream.advance(rows: min(50, 300 - stream.nextRow)) }
        #expect(stream.takeFindings().map(\.isRaised) == [false, true])
        var successor = try setting.makeStream()
        try successor.takeOver(from: stream, version: 4)
        #expect(successor.takeFindings().isEmpty)
        var again = try setting.makeStream()
        try again.resume(successor.state())
        #expect(again.takeFindings().isEmpty)
        for var stream in [successor, again] {
            while !stream.hasEnded { _ = try stream.advance(rows: 64) }
            let findings = stream.takeFindings()
            #expect(findings.map(\.isRaised) == [false] && findings.first?.since == Double(250 + carried) * 60)
        }
        // One that is back when the other model takes over is back.
        var gone = try setting.makeStream()
        while gone.nextRow < 300 { _ = try gone.advance(rows: min(50, 300 - gone.nextRow)) }
        _ = gone.takeFindings()
        while gone.nextRow < 450 { _ = try gone.advance(rows: min(50, 450 - gone.nextRow)) }
        var last = try setting.makeStream()
        try last.takeOver(from: gone, version: 5)
        #expect(last.takeFindings().map(\.isRaised) == [false])
    }
}
