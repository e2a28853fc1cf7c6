import Autoencoders
import Glibc
import Numerics
import Platform
import Services
import Telemetry
import Watching

/// What a row costs on its way from file to alarm, part by part: the same rows are read, then read and cleaned, and so
/// on; what a part adds is its cost. Processor time of the thread, the shortest of several repetitions.
package struct StreamBenchmark: Sendable {
    /// Microseconds a row.
    package struct Result: Codable, Sendable {
        /// Metrics of a row.
        package var metrics: Int
        /// Rows of the stream.
        package var rows: Int
        /// The detection method that decides alarms.
        package var method: String
        /// From bytes to numbers.
        package var reading: Double
        /// From raw to clean rows.
        package var cleaning: Double
        /// The autoencoders.
        package var autoencoders: Double
        /// The detector's own arithmetic.
        package var detector: Double
        /// From deviations to scores, thresholds and alarms, and all handing over.
        package var rest: Double
        /// All of it, as a worker does it.
        package var total: Double
        /// What is left without the autoencoders' and the detector's own arithmetic.
        package var road: Double
        /// Alarm events that came of it.
        package var events: Int
        /// Bytes of the stream's written state.
        package var stateBytes: Int
    }

    private let metrics: Int
    private let rows: Int
    private let chunk: Int
    private let method: String
    private let repetitions: Int

    /// A benchmark of `rows` rows, scored `chunk` at a time.
    package init(metrics: Int, rows: Int, chunk: Int, method: String, repetitions: Int) {
        self.metrics = metrics
        self.rows = rows
        self.chunk = chunk
        self.method = method
        self.repetitions = repetitions
    }

    /// Makes up samples in `folder`, learns from some of them and streams the others.
    ///
    /// - Throws: whatever goes wrong.
    package func run(in folder: String) throws -> Result {
        try FolderContents.makeFolder(folder)
        let learned = try write("\(folder)/host_train.csv", rows: 1_500, seed: 1)
        let streamed = try write("\(folder)/host_test.csv", rows: rows, seed: 2)
        let backend = try AcceleratorCatalog.backend(named: "cpu")
        let model = try train(learned, backend)
        let engines = ModelEngines(model.bundle, backend: backend)
        let detector = try model.detectors(of: method).model(for: learned.key, type: learned.type)
        var events = 0
        var stateBytes = 0

        let reading = try fastest {
            var reader = try streamed.makeReader()
            while try reader.nextChunk(maximumRows: chunk) != nil {}
        }
        let cleaned = try fastest { try forEachBlock(streamed, model) { _ in } }
        let usesResiduals = detector.method.needsResiduals
        let reconstructed = try fastest {
            var residuals: ResidualStream?
            try forEachBlock(streamed, model) { rows in
                if residuals == nil {
                    residuals = try ResidualStream(bundle: model.bundle, engines: engines, schema: rows.schema)
                }
                _ = try residuals?.residuals(of: rows)
            }
        }
        var samples: DetectorSamples?
        try forEachBlock(streamed, model, chunk: .max) { rows in
            var collector = SampleCollector(schema: rows.schema, limit: rows.count)
            collector.append(rows, residuals: [])
            samples = collector.samples(heldOutShare: 0)
        }
        let judged = fastest {
            if let samples, !usesResiduals { detector.detector.run(over: samples) }
        }
        let total = try fastest {
            events = 0
            var stream = try EntityStream(
                source: streamed, options: ReaderOptions(), model: model, method: method, worker: "bench", version: 1,
                quietSamples: AlarmLifecycle.defaultQuietSamples, engines: engines)
            while !stream.hasEnded { events += try stream.advance(rows: chunk).count }
            stateBytes = stream.state().count
        }
        func perRow(_ seconds: Double) -> Double { seconds * 1e6 / Double(rows) }
        let engine = reconstructed - cleaned
        return Result(
            metrics: metrics, rows: rows, method: method, reading: perRow(reading),
            cleaning: perRow(cleaned - reading), autoencoders: perRow(engine), detector: perRow(judged),
            rest: perRow(total - reconstructed - judged), total: perRow(total),
            road: perRow(total - engine - judged), events: events, stateBytes: stateBytes)
    }

    private func forEachBlock(
        _ source: EntitySource, _ model: MonitoringModel, chunk: Int? = nil, _ body: (CleanRows) throws -> Void
    ) throws {
        var reader = try source.makeReader()
        var cleaner = try RowCleaner(
            pipeline: model.bundle.pipeline(), site: source.site, entity: source.entity, type: source.type,
            columns: reader.schema)
        var rows = CleanRows(schema: cleaner.schema)
        while let frame = try reader.nextChunk(maximumRows: chunk ?? self.chunk) {
            rows.removeAll()
            try cleaner.append(frame, to: &rows)
            try body(rows)
        }
    }

    private func fastest(_ body: () throws -> Void) rethrows -> Double {
        var best = Double.infinity
        for _ in 0..<max(1, repetitions) {
            let start = Self.processorSeconds()
            try body()
            best = min(best, Self.processorSeconds() - start)
        }
        return best
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Metrics of four resources that follow a daily demand, a row a minute, with a fault now and then.
    private func write(_ path: String, rows: Int, seed: UInt64) throws -> EntitySource {
        var generator = CounterBasedGenerator(seed: seed, purpose: "bench stream")
        let resources = ["cpu", "mem", "net", "disk"]
        var text = "timestamp," + (0..<metrics).map { "\(resources[$0 % 4])_\($0)" }.joined(separator: ",") + "\n"
        for row in 0..<rows {
            text += "\(row * 60)"
            for metric in 0..<metrics {
                let phase = Double((row + 7 * metric) % 1440) / 720 - 1
                let fault = seed == 2 && metric == 3 && row % 2000 > 1960 ? 40.0 : 0
                let value = 10 * Double(1 + metric % 5) * phase * abs(phase) + generator.normal() + fault
                text += ",\((value * 1e4).rounded() / 1e4)"
            }
            text += "\n"
        }
        try FileContents.writeAtomically(Array(text.utf8), to: path)
        return EntitySource(
            site: "bench", entity: "host", type: "host", part: seed == 1 ? .train : .test, files: [path],
            format: .generic)
    }

    private func train(_ source: EntitySource, _ backend: any AcceleratorBackend) throws -> MonitoringModel {
        var configuration = TrainingConfiguration()
        configuration.epochs = 1
        let bundle = try ModelTrainer(configuration: configuration).train(
            [source], options: ModelTrainer.DataOptions(rules: try GroupRules.builtIn()), tool: "bench")
        let chosen = try DetectorTraining.method(named: method)
        let own = DetectorTraining.autoencoder
        let detectors = try DetectorTraining(methods: chosen.name == own.name ? [own] : [chosen, own]).detectors(
            for: bundle, sources: [source], reader: ReaderOptions(), backend: backend)
        return MonitoringModel(bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: method)
    }
}
