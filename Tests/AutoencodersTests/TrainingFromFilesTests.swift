import Autoencoders
import Foundation
import Numerics
import Platform
import Telemetry
import TestSupport
import Testing

/// From files to a model and back to scores.
@Suite struct TrainingFromFilesTests {
    /// Two entities of one type and one of another, as files of a site.
    private func writeSite(rows: Int = 400) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (entity, columns, seed) in [("node0", 3, 1), ("node1", 3, 2), ("radio0", 2, 3)] {
            let values = Samples.series(rows: rows, features: columns, seed: UInt64(seed)).elements
            let names = entity.hasPrefix("node") ? ["cpu_0", "cpu_1", "sys_mem"] : ["dl_brate", "ul_brate"]
            var lines = [(["timestamp"] + names).joined(separator: ",")]
            for row in 0..<rows {
                let cells = (0..<columns).map { "\(values[row * columns + $0])" }
                lines.append((["\(row)"] + cells).joined(separator: ","))
            }
            try folder.write("site/\(entity).csv", lines.joined(separator: "\n") + "\n")
        }
        return folder
    }

    private func train(
        _ paths: [String], configuration: TrainingConfiguration = Samples.configuration(epochs: 2), threads: Int = 1
    ) throws -> ModelBundle {
        let sources = try DataCatalog.discover(paths).filter { $0.part != .test }
        return try ModelTrainer(configuration: configuration, threads: threads).train(
            sources, options: .init(rules: .builtIn()), tool: "faultline test")
    }

    @Test func entitiesOfATypeShareModels() throws {
        let folder = try writeSite()
        let bundle = try train([folder.path("site")])
        let cpu = try bundle.group("physical.cpu")
        #expect(cpu.metrics == ["cpu_0", "cpu_1"])
        // Of 400 rows of each entity the last 40 are held out.
        #expect(cpu.trainingWindows == 2 * (360 - 5))
        #expect(cpu.heldOutWindows == 2 * (40 - 5))
        #expect(bundle.manifest.untrainedGroups.isEmpty)
        // The same data as files in another order, on more threads: the same bytes.
        let paths = ["radio0", "node1", "node0"].map { folder.path("site/\($0).csv") }
        let other = try train(paths, threads: 3)
        #expect(try other.files().map(\.bytes) == bundle.files().map(\.bytes))
    }

    /// Tuned with the samples of one entity, the models fit it better, and are the same whenever that is done; a group
    /// that the entity does not have stays as it was.
    @Test func tuningFitsOneEntity() throws {
        let folder = try writeSite()
        let bundle = try train([folder.path("site")])
        let source = try #require(DataCatalog.discover([folder.path("site/node1.csv")]).first)
        let backend = try VectorBackend()
        let tuned = try bundle.tuned(on: [source], epochs: 6, backend: backend)
        #expect(
            try tuned.files().map(\.bytes)
                == bundle.tuned(on: [source], epochs: 6, backend: backend).files().map(\.bytes))
        #expect(tuned.manifest.scaling == bundle.manifest.scaling)
        #expect(tuned.parameters["access.traffic"] == bundle.parameters["access.traffic"])
        #expect(try error(of: tuned, on: source) < 0.9 * error(of: bundle, on: source))
        // What is written is whole: checksums are those of the new weights.
        try tuned.write(to: folder.path("tuned"))
        #expect(try ModelBundle.read(folder.path("tuned")).parameters == tuned.parameters)

        #expect(throws: ModelError.self) {
            try bundle.tuned(on: [source], epochs: 6, backend: backend, control: TrainingControl(isCancelled: { true }))
        }
    }

    /// Mean squared error of a source's windows of physical.cpu.
    private func error(of bundle: ModelBundle, on source: EntitySource) throws -> Double {
        var collector = TrainingCollector(
            pipeline: try bundle.pipeline(), scalers: bundle.manifest.scaling,
            configuration: bundle.manifest.configuration)
        try collector.append(source)
        let data = try #require(collector.finish().groups.first { $0.name == "physical.cpu" }).data
        let shape = try bundle.group("physical.cpu").shape
        let engine = try VectorBackend().makeEngine(shape: shape, maximumBatch: LocalTraining.scoringBatch)
        try engine.setParameters(try #require(bundle.parameters["physical.cpu"]))
        return try data.totalError(ofWindowsAt: data.trainingStarts, engine: engine) / Double(data.trainingStarts.count)
    }

    /// A model read from disk scores every row of a source, and the same rows online give the same bits.
    @Test func scoresEveryRow() throws {
        let folder = try writeSite()
        try train([folder.path("site")]).write(to: folder.path("model"))
        let bundle = try ModelBundle.read(folder.path("model"))
        let source = try #require(DataCatalog.discover([folder.path("site/node1.csv")]).first)
        let backend = try VectorBackend()
        let pipeline = try bundle.pipeline()
        let offline = try pipeline.clean(source)
        for series in offline where !series.metrics.isEmpty {
            let name = series.group.name
            let scorer = try bundle.scorer(for: name, backend: backend)
            let scaler = try bundle.scaler(of: name)
            let bulk = try scorer.residuals(of: scaler.scale(series), segments: series.segments)
            #expect(bulk.shape == [400, series.metrics.count])
            #expect(bulk.elements.allSatisfy { $0.isFinite })

            let frame = try source.read()
            var cleaner = try SampleCleaner(
                pipeline: pipeline, site: source.site, entity: source.entity, type: source.type, schema: frame.schema)
            var history = SampleHistory()
            var online: [Float] = []
            for row in 0..<frame.rowCount {
                cleaner.append(
                    time: frame.times[row],
                    values: frame.values[row * frame.columnCount..<(row + 1) * frame.columnCount], index: row,
                    startsFile: row == 0)
                let one = try #require(cleaner.take().first { $0.group == series.group })
                online += try scorer.residual(
                    of: scaler.scale(one).elements, beginsSegment: !one.continuesPrevious, in: &history)
            }
            #expect(online.map(\.bitPattern) == bulk.elements.map(\.bitPattern))
        }
    }

    @Test func groupsTooShortToTrainAreNamed() throws {
        let folder = try writeSite(rows: 12)
        var configuration = Samples.configuration()
        configuration.window = 20
        // A model of detectors alone.
        let none = try train([folder.path("site")], configuration: configuration)
        #expect(none.manifest.groups.isEmpty)
        #expect(none.manifest.untrainedGroups == ["access.traffic", "physical.cpu", "physical.memory"])
        let longer = try writeSite(rows: 400)
        try FileManager.default.removeItem(atPath: longer.path("site/radio0.csv"))
        try FileManager.default.copyItem(
            atPath: folder.path("site/radio0.csv"), toPath: longer.path("site/radio0.csv"))
        let bundle = try train([longer.path("site")], configuration: configuration)
        #expect(!bundle.manifest.untrainedGroups.isEmpty)
        #expect(bundle.manifest.groups.contains { $0.name == "physical.cpu" })
    }

    /// A real machine: two entities' first models are the same bytes on one thread and on two, the loss falls, and
    /// every row of the test part gets a finite residual.
    @Test(.enabled(if: SharedDatasets.has("smd"), "needs the shared data set smd"))
    func serverMachineDataset() throws {
        let root = try #require(SharedDatasets.url("smd")).path
        var configuration = TrainingConfiguration()
        configuration.epochs = 2
        configuration.hidden = [32, 16]
        configuration.maximumWindows = 6000
        let bundle = try train([root + "/machine-1-6_train.csv"], configuration: configuration)
        let again = try train([root + "/machine-1-6_train.csv"], configuration: configuration, threads: 2)
        #expect(try again.files().map(\.bytes) == bundle.files().map(\.bytes))
        let backend = try VectorBackend()
        let source = try #require(DataCatalog.discover([root + "/machine-1-6_test.csv"]).first)
        for series in try bundle.pipeline().clean(source) where !series.metrics.isEmpty {
            let group = try bundle.group(series.group.name)
            #expect(group.trainingWindows <= 6000)
            #expect(group.curve[1].loss < group.curve[0].loss)
            let scaled = try bundle.scaler(of: group.name).scale(series)
            let residuals = try bundle.scorer(for: group.name, backend: backend).residuals(
                of: scaled, segments: series.segments)
            #expect(residuals.shape == scaled.shape)
            #expect(residuals.elements.allSatisfy { $0.isFinite })
        }
    }
}
