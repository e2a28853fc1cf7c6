import Autoencoders
import Federation
import Foundation
import Numerics
import Platform
import Services
import Telemetry
import Watching

extension FuzzTarget {
    /// Statistics, versions and model files.
    static let models: [FuzzTarget] = [
        // A worker's statistics, alone and beside those of an honest one.
        FuzzTarget(
            "statistics", longest: 16_384,
            examples: { [try DeterministicJSON.encode(Examples.statistics, pretty: false)] }
        ) { bytes in
            let maker = TelemetryModelMaker(configuration: Examples.configuration, rules: Examples.rules)
            guard try maker.check(statistics: bytes, from: "w", entities: ["a/b"]) else { throw Refused() }
            let honest = try DeterministicJSON.encode(Examples.statistics, pretty: false)
            for others in [[], [("x", honest), ("y", honest)]] {
                let outcome = maker.makeModel(statistics: others + [("w", bytes)], continuing: nil)
                if case .made(let model, _) = outcome {
                    _ = try FederationContext(of: model).bundle(of: model, tool: "fuzz")
                }
            }
        },
        // A version as a worker takes it: its context, and what is made of it for scoring.
        FuzzTarget(
            "version", longest: 16_384,
            examples: { [try Examples.federatedModel().context] }
        ) { bytes in
            let groups = try Examples.federatedModel().groups
            let model = FederatedModel(context: bytes, groups: groups)
            let context = try FederationContext(of: model)
            let bundle = try context.bundle(of: model, tool: "fuzz")
            try watch(bundle)
        },
        FuzzTarget("safetensors", examples: { [tensors] }) { bytes in
            let file = try Safetensors(bytes: bytes, path: "x.safetensors")
            for name in file.names {
                guard let shape = file.shape(of: name) else { continue }
                _ = try? file.tensor(name, shape: shape)
                _ = try? file.doubleTensor(name, shape: shape)
            }
        },
        // A model folder: the manifest, and behind a zero the weights of every group.
        FuzzTarget("model-folder", longest: 32_768, examples: { [try folder()] }) { bytes in
            let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            let bundle = try ModelBundle(path: "model") { name in
                name == ModelBundle.manifestName ? Array(parts[0]) : parts.count > 1 ? Array(parts[1]) : []
            }
            try watch(bundle)
        },
        FuzzTarget("detectors", longest: 65_536, examples: { [try detectors()] }) { bytes in
            let set = try DeterministicJSON.decode([String: DetectorSet].self, from: bytes)
            let models = set.values.flatMap { Array($0.entities.values) + Array($0.types.values) }
            guard models.allSatisfy(\.isConsistent) else { throw Refused() }
            let known = try Streams.shared.get()
            let model = MonitoringModel(
                bundle: known.model.bundle, reader: ReaderOptions(), detectors: set, defaultMethod: "default")
            var monitor = try EntityMonitor(
                model: model, method: "default", site: "a", entity: "b", type: "b",
                schema: Examples.frame(rows: 1).schema, engines: known.engines)
            _ = try monitor.append(Examples.frame(rows: 20))
        },
        // What a stream remembers over a restart.
        FuzzTarget("stream-state", longest: 65_536, examples: { [try Streams.shared.get().state] }) { bytes in
            let streams = try Streams.shared.get()
            var stream = try streams.make()
            try stream.resume(bytes)
            while !stream.hasEnded { _ = try stream.advance(rows: 16) }
            _ = stream.takeFindings()
        },
    ]

    private static let tensors = Safetensors.encode(
        [("a", Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [2, 3])), ("b", Tensor<Float>([7], shape: [1]))],
        metadata: ["k": "v"])

    private static func folder() throws -> [UInt8] {
        let model = try Examples.federatedModel()
        let bundle = try FederationContext(of: model).bundle(of: model, tool: "fuzz")
        var parts: [[UInt8]] = []
        for (name, bytes) in try bundle.files() {
            if name == ModelBundle.manifestName { parts.insert(bytes, at: 0) } else { parts.append(bytes) }
        }
        return parts[0] + [0] + (parts.count > 1 ? parts[1] : [])
    }

    private static func detectors() throws -> [UInt8] {
        try DeterministicJSON.encode(Streams.shared.get().model.detectors, pretty: false)
    }

    /// Some rows, cleaned and seen by a model's autoencoders.
    private static func watch(_ bundle: ModelBundle) throws {
        let backend = try AcceleratorCatalog.backend(named: "cpu")
        var cleaner = try RowCleaner(
            pipeline: try bundle.pipeline(), site: "a", entity: "b", type: "b", columns: Examples.frame(rows: 1).schema)
        var rows = CleanRows(schema: cleaner.schema)
        try cleaner.append(Examples.frame(rows: 12), to: &rows)
        for group in bundle.manifest.groups.prefix(2) { _ = try bundle.scorer(for: group.name, backend: backend) }
    }

    /// A model that watches, and a stream in the middle of its rows.
    ///
    /// Unchecked: used by one thread at a time.
    private final class Streams: @unchecked Sendable {
        static let shared = Result { try Streams() }

        let model: MonitoringModel
        let engines: ModelEngines
        private let source: EntitySource
        private(set) var state: [UInt8] = []

        init() throws {
            let federated = try Examples.federatedModel()
            let bundle = try FederationContext(of: federated).bundle(of: federated, tool: "fuzz")
            let backend = try AcceleratorCatalog.backend(named: "cpu")
            engines = ModelEngines(bundle, backend: backend)
            let path = Scratch.shared.folder + "/a/b.csv"
            try FolderContents.makeFolder(Scratch.shared.folder + "/a")
            try FileContents.writeAtomically(Array(Examples.table(rows: 160).utf8), to: path)
            let sources = try DataCatalog.discover([path])
            source = sources[0]
            let detectors = try DetectorTraining(methods: [DetectorTraining.method(named: "default")]).detectors(
                for: bundle, sources: sources, reader: ReaderOptions(), backend: backend)
            model = MonitoringModel(
                bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: "default")
            var stream = try make()
            _ = try stream.advance(rows: 80)
            state = stream.state()
        }

        func make() throws -> EntityStream {
            try EntityStream(
                source: source, options: ReaderOptions(), model: model, method: "default", worker: "w", version: 1,
                quietSamples: 5, reconstructs: false, engines: engines)
        }
    }
}
