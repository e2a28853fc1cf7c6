import Autoencoders
import Foundation
import Platform
import Telemetry
import TestSupport
import Testing
import Watching

/// Scores of a stream do not depend on how it is cut.
@Suite struct EntityMonitorTests {
    /// 700 rows of three metrics with missing values, two gaps in time and a shift.
    ///
    /// - Parameter still: rows in which the last metric repeats its value.
    private static func table(still: Range<Int> = 0..<0) -> String {
        var state: UInt64 = 3
        func noise() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        var text = "time,cpu_user,mem_used,net_rx\n"
        for row in 0..<700 {
            let time = row * 60 + (row >= 300 ? 7200 : 0) + (row >= 317 ? 90_000 : 0)
            let load = noise() + Double(row % 50) / 25
            var values = [load + noise(), 2 * load + 0.1 * noise() + (row >= 600 ? 5 : 0), noise()]
            if still.contains(row) { values[2] = 0.25 }
            let isMissing = row % 37 == 5 || (200..<215).contains(row)
            text += "\(time)," + values.map { isMissing ? "nan" : "\($0)" }.joined(separator: ",") + "\n"
        }
        return text
    }

    private static func train(_ folder: TemporaryFolder) throws -> (MonitoringModel, EntitySource) {
        let path = try folder.write("farm/host1.csv", table())
        let sources = try DataCatalog.discover([path], options: ReaderOptions())
        var configuration = TrainingConfiguration()
        configuration.window = 9
        configuration.hidden = [5, 3]
        configuration.epochs = 2
        let trainer = try ModelTrainer(configuration: configuration, threads: 1) { threads in
            try AcceleratorCatalog.backend(named: "auto", threads: threads)
        }
        let bundle = try trainer.train(
            sources, options: ModelTrainer.DataOptions(rules: try GroupRules.builtIn()), tool: "test", checkpoints: nil,
            control: TrainingControl())
        let methods = try ["default", "autoencoder", "zscore", "pca", "random"].map(DetectorTraining.method(named:))
        let detectors = try DetectorTraining(methods: methods).detectors(
            for: bundle, sources: sources, reader: ReaderOptions(),
            backend: try AcceleratorCatalog.backend(named: "auto"))
        let model = MonitoringModel(
            bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: "default")
        return (model, sources[0])
    }

    /// Every number of the scores of a whole stream that is read in pieces of these sizes, taken in turn.
    private static func score(
        _ source: EntitySource, _ model: MonitoringModel, method: String, pieces: [Int]
    ) throws -> EntityScores {
        var reader = try source.makeReader(options: model.reader)
        var monitor = try EntityMonitor(
            model: model, method: method, site: source.site, entity: source.entity, type: source.type,
            schema: reader.schema, backend: try AcceleratorCatalog.backend(named: "auto"))
        var all: EntityScores?
        var turn = 0
        while let frame = try reader.nextChunk(maximumRows: pieces[turn % pieces.count]) {
            turn += 1
            let scores = try monitor.append(frame)
            #expect(scores.count == frame.rowCount)
            if all == nil { all = scores } else { all?.append(scores) }
        }
        return try #require(all)
    }

    /// What one method cannot learn of an entity costs neither the entity another method nor others theirs, and whoever
    /// asks for the autoencoders' evidence is watched without.
    @Test func aMethodThatCannotBeFittedCostsNoOther() throws {
        let folder = try TemporaryFolder()
        try folder.write("farm/host1.csv", Self.table())
        try folder.write("farm/lamp.csv", (0..<300).reduce(into: "time,light\n") { $0 += "\($1 * 60),5\n" })
        try folder.write("farm/short.csv", "time,queue\n0,1\n60,2\n120,1\n")
        let sources = try DataCatalog.discover([folder.path("farm")], options: ReaderOptions())
        var configuration = TrainingConfiguration()
        (configuration.window, configuration.hidden, configuration.epochs) = (9, [3], 1)
        let bundle = try ModelTrainer(configuration: configuration).train(
            sources, options: ModelTrainer.DataOptions(rules: try GroupRules.builtIn()), tool: "test")
        let backend = try AcceleratorCatalog.backend(named: "cpu")
        var failures: [String] = []
        let detectors = try DetectorTraining().detectors(
            for: bundle, sources: sources, reader: ReaderOptions(), backend: backend,
            onFailure: { source, error in failures.append("\(source.key): \(error)") })
        #expect(detectors["default"]?.entities.keys.sorted() == ["farm/host1", "farm/lamp"])
        #expect(detectors["autoencoder"]?.entities.keys.sorted() == ["farm/host1"])
        #expect(
            failures == [
                "farm/lamp: fitting 'autoencoder' to farm/lamp: no metric to learn from, one that varies is needed",
                "farm/short: fitting 'default' to farm/short: 3 samples of an entity, at least 8 are needed",
                "farm/short: fitting 'autoencoder' to farm/short: no metric to learn from, one that varies is needed",
            ], "\(failures)")
        let model = MonitoringModel(
            bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: "default")
        let lamp = sources[1]
        var monitor = try EntityMonitor(
            model: model, method: "default", site: lamp.site, entity: lamp.entity, type: lamp.type, schema: ["light"],
            givesEvidence: true, engines: ModelEngines(bundle, backend: backend))
        #expect(try monitor.append(lamp.read()).count == 300)
        #expect(monitor.evidence(0) == nil)
        #expect(throws: DetectionError.self) {
            _ = try DetectorTraining().detectors(
                for: bundle, sources: sources, reader: ReaderOptions(), backend: backend)
        }
    }

    @Test func anyCutGivesTheSameBits() throws {
        let folder = try TemporaryFolder()
        let (model, source) = try Self.train(folder)
        for method in ["default", "autoencoder"] {
            let whole = try Self.score(source, model, method: method, pieces: [10_000])
            #expect(whole.count == 700 && whole.scores.joined().allSatisfy(\.isFinite))
            #expect(Set(whole.scores[whole.combined]).count > 50, "scores say something")
            for pieces in [[1], [2, 3, 5], [8], [300, 1], [299, 2, 16], [64], [317, 100]] {
                let cut = try Self.score(source, model, method: method, pieces: pieces)
                #expect(cut.times == whole.times && cut.alarms == whole.alarms, "\(method), \(pieces)")
                #expect(
                    cut.scores.joined().map(\.bitPattern) == whole.scores.joined().map(\.bitPattern),
                    "\(method), \(pieces)")
                #expect(cut.thresholds == whole.thresholds && cut.found == whole.found, "\(method), \(pieces)")
            }
        }
    }

    @Test func aModelThatWasWrittenAndReadScoresTheSame() throws {
        let folder = try TemporaryFolder()
        let (model, source) = try Self.train(folder)
        try model.write(to: folder.path("model"))
        let read = try MonitoringModel(path: folder.path("model"))
        for method in ["default", "autoencoder"] {
            let before = try Self.score(source, model, method: method, pieces: [100])
            let after = try Self.score(source, read, method: method, pieces: [100])
            #expect(before.scores == after.scores && before.thresholds == after.thresholds)
        }
    }

    /// Scores, with a restart from the written state after `row` rows.
    private static func scoreWithRestart(
        _ source: EntitySource, _ model: MonitoringModel, method: String, after row: Int
    ) throws -> EntityScores {
        var reader = try source.makeReader(options: model.reader)
        let backend = try AcceleratorCatalog.backend(named: "auto")
        let schema = reader.schema
        func makeMonitor() throws -> EntityMonitor {
            try EntityMonitor(
                model: model, method: method, site: source.site, entity: source.entity, type: source.type,
                schema: schema, givesEvidence: true, engines: ModelEngines(model.bundle, backend: backend))
        }
        var monitor = try makeMonitor()
        var scores = EntityScores(of: monitor.model)
        while scores.count < row, let frame = try reader.nextChunk(maximumRows: min(50, row - scores.count)) {
            try monitor.append(frame, to: &scores)
        }
        var state = StateWriter()
        monitor.save(to: &state)
        scores.save(to: &state)
        var next = try makeMonitor()
        var restored = EntityScores(of: next.model)
        var stored = StateReader(state.bytes)
        try next.restore(from: &stored)
        try restored.restore(from: &stored)
        #expect(stored.isAtEnd)
        while let frame = try reader.nextChunk(maximumRows: 64) { try next.append(frame, to: &restored) }
        return restored
    }

    @Test func aRestartFromTheWrittenStateGivesTheSameBits() throws {
        let folder = try TemporaryFolder()
        let (model, source) = try Self.train(folder)
        let path = try folder.write("later/farm/host1.csv", Self.table(still: 380..<560))
        let later = try DataCatalog.discover([path], options: ReaderOptions())[0]
        let moving = try Self.score(source, model, method: "default", pieces: [10_000])
        let still = try Self.score(later, model, method: "default", pieces: [10_000])
        // That it stands still is seen, and how long it has so far survives.
        #expect(still.found.deviations[550 * 3 + 2] > moving.found.deviations[550 * 3 + 2] + 0.2)
        let restarts = ["default", "autoencoder", "pca", "random"].flatMap { [($0, source), ($0, later)] }
        for (method, source) in restarts {
            let whole = try Self.score(source, model, method: method, pieces: [10_000])
            for row in [1, 205, 310, 500, 650] {
                let resumed = try Self.scoreWithRestart(source, model, method: method, after: row)
                #expect(
                    resumed.scores.joined().map(\.bitPattern) == whole.scores.joined().map(\.bitPattern), "\(method)")
                #expect(resumed.thresholds == whole.thresholds && resumed.alarms == whole.alarms, "\(method), \(row)")
                #expect(resumed.found == whole.found && resumed.times == whole.times, "\(method), \(row)")
            }
        }
    }

    @Test func aStateOfAnotherModelIsRefused() throws {
        let folder = try TemporaryFolder()
        let (model, source) = try Self.train(folder)
        func monitor(_ method: String) throws -> EntityMonitor {
            try EntityMonitor(
                model: model, method: method, site: source.site, entity: source.entity, type: source.type,
                schema: ["cpu_user", "mem_used", "net_rx"], backend: try AcceleratorCatalog.backend(named: "auto"))
        }
        var state = StateWriter()
        try monitor("default").save(to: &state)
        for length in [0, 1, 17, state.bytes.count / 2, state.bytes.count - 1] {
            var cut = StateReader(Array(state.bytes.prefix(length)))
            #expect(throws: StateError.self) {
                var other = try monitor("default")
                try other.restore(from: &cut)
            }
        }
        #expect(throws: StateError.self) {
            var other = try monitor("autoencoder")
            var reader = StateReader(state.bytes)
            try other.restore(from: &reader)
        }
    }

    /// The training rows again, without a column from a row on.
    private static func frame(_ source: EntitySource, without column: String, from row: Int) throws -> MetricFrame {
        var frame = try source.read()
        let index = try #require(frame.schema.firstIndex(of: column))
        for row in row..<frame.rowCount { frame[row, index] = .nan }
        return frame
    }

    @Test func aMetricThatGoesAwayIsLeftOutAndTheOthersGoOn() throws {
        let folder = try TemporaryFolder()
        let (model, source) = try Self.train(folder)
        for method in ["default", "autoencoder", "zscore"] {
            let whole = try Self.frame(source, without: "net_rx", from: 700)
            let cut = try Self.frame(source, without: "net_rx", from: 400)
            func monitor() throws -> EntityMonitor {
                try EntityMonitor(
                    model: model, method: method, site: source.site, entity: source.entity, type: source.type,
                    schema: whole.schema, backend: try AcceleratorCatalog.backend(named: "auto"))
            }
            var (first, second) = (try monitor(), try monitor())
            let (before, after) = (try first.append(whole), try second.append(cut))
            #expect(second.presence.filter(\.isAway).map { second.schema.metrics[$0.metric] }.contains("net_rx"))
            let combined = before.combined
            func alarms(_ scores: EntityScores, _ rows: Range<Int>) -> Int {
                rows.count { scores.alarms[combined][$0] }
            }
            // 411 is the first row without it; what the others say goes on, and nothing is made of the silence.
            let quiet = 420..<590
            #expect(alarms(after, quiet) <= alarms(before, quiet) + 8, "\(method)")
            let width = after.found.metrics.count
            let place = try #require(after.found.metrics.firstIndex(of: "net_rx"))
            #expect((420..<700).allSatisfy { after.found.deviations[$0 * width + place] == 0 }, "\(method)")
            let group = try #require(after.groups.firstIndex(of: second.metricGroups[place]))
            let isAlone = second.metricGroups.count { $0 == second.metricGroups[place] } == 1
            #expect(!isAlone || !after.alarms[group][420..<700].contains(true), "\(method)")
            #expect(Set(after.scores[combined][420..<700]).count > 50, "\(method): the others still say something")
        }
    }
}
