import Autoencoders
import Federation
import Foundation
import Platform
import Telemetry
import Watching

/// What streams of live entities are scored with.
extension LiveWatch {
    /// A model with what was fitted to it here; used by one thread at a time, its engines too.
    struct WatchModel {
        var name: ModelName
        var monitoring: MonitoringModel
        var method: String
        /// False alarms that its thresholds allow, a day and entity.
        var falseAlarms: Double
        var engines: ModelEngines
        /// Types of entities that its cleaning knows.
        var types: Set<String>
        /// Rows of each entity that its detectors were fitted to.
        var rows: [String: Int]

        /// Whether it was fitted here, to the entities' own rows, without a federation.
        var isProvisional: Bool { name.version == 0 }

        func knows(_ entity: LiveEntity) -> Bool {
            monitoring.detectors[method]?.knows(entity.key, type: entity.type) ?? false
        }

        /// Whether it can do all that another one can.
        func knows(_ other: WatchModel) -> Bool {
            guard let mine = monitoring.detectors[method], let its = other.monitoring.detectors[other.method] else {
                return true
            }
            return its.types.keys.allSatisfy { mine.types[$0] != nil }
        }
    }

    /// What is remembered of the model in the folder.
    private struct Remembered: Codable {
        var name: ModelName
        var rows: [String: Int]
        /// How it detects.
        var way: String
        /// False alarms that its thresholds allow, a day and entity; absent in folders of earlier releases.
        var falseAlarms: Double?
    }

    private static let rememberedName = "watch/model"
    private var folder: String { settings.folder + "/live-model" }
    private func way(_ falseAlarms: Double) -> String {
        "\(settings.method) \(falseAlarms)" + settings.deviations.mark
    }

    /// Names everything that a stream's state depends on.
    func identity(_ model: WatchModel) -> String {
        "\(model.name.version) \(model.name.digest) \(model.method) \(model.falseAlarms) "
            + "\(settings.quietSamples) \(model.rows.values.reduce(0, +))" + settings.deviations.mark
    }

    /// The model that watched before a restart; `nil`: none, or one that detects in another way.
    func restored() throws -> WatchModel? {
        guard let bytes = try entities.recall(Self.rememberedName),
            let known = try? DeterministicJSON.decode(Remembered.self, from: bytes)
        else { return nil }
        let falseAlarms = known.falseAlarms ?? settings.falseAlarmsPerDay
        // What the server allows is not known yet: a version goes on as it was, and is fitted again where that is otherwise.
        guard known.way == way(falseAlarms), known.name.version > 0 || falseAlarms == settings.falseAlarmsPerDay
        else { return nil }
        do {
            guard try SealedFolder.isSound(folder, sums: folder + ".sha256") else {
                log.warning("the fitted model is not what was written, and is fitted again", ["folder": folder])
                return nil
            }
            let made = try model(MonitoringModel(path: folder), known.name, falseAlarms, rows: known.rows)
            log.info("watching again", ["version": "\(known.name.version)"])
            return made
        } catch {
            // It is fitted again when the version is at hand.
            log.warning("the fitted model cannot be used", ["reason": "\(error)"])
            return nil
        }
    }

    private func model(
        _ monitoring: MonitoringModel, _ name: ModelName, _ falseAlarms: Double, rows: [String: Int]
    ) throws -> WatchModel {
        WatchModel(
            name: name, monitoring: monitoring, method: monitoring.defaultMethod, falseAlarms: falseAlarms,
            engines: ModelEngines(monitoring.bundle, backend: try makeBackend(1)),
            types: Set(try monitoring.bundle.pipeline().types.keys), rows: rows)
    }

    /// A version of the federation, fitted to this worker's entities, with their streams warmed.
    func prepared(
        _ model: FederatedModel, name: ModelName, falseAlarms: Double,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Workshop.Prepared {
        do {
            let context = try FederationContext(of: model)
            let chosen = try DetectorTraining.method(named: settings.method)
            let own = DetectorTraining.autoencoder
            return try fitted(
                try context.bundle(of: model, tool: tool), name, chosen,
                chosen.name == own.name ? [chosen] : [chosen, own],
                entities.all.filter { context.pipeline.types[$0.type] != nil }, falseAlarms: falseAlarms,
                seed: context.configuration.seed, isCancelled: isCancelled)
        } catch {
            throw Workshop.Failure(name: name, reason: error)
        }
    }

    /// Detectors fitted to the entities' own rows, without a federation.
    func provisional(
        for mine: [LiveEntity], falseAlarms: Double, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Workshop.Prepared {
        var statistics = TelemetryStatistics()
        for entity in mine {
            let source = entities.learnable(entity.key, latest: options.fittingRows)
            try statistics.add(source, rules: rules, options: ReaderOptions())
        }
        let chosen = try DetectorTraining.method(named: settings.method)
        // The autoencoder needs what a federation learns.
        let method = chosen.name == DetectorTraining.autoencoder.name ? DetectionMethod.shipped : chosen
        let bundle = ModelBundle(
            tool: tool, configuration: TrainingConfiguration(), groups: [],
            cleaning: CleaningPipeline(fitting: statistics, rules: rules), scaling: [:])
        return try fitted(
            bundle, ModelName(version: 0, digest: ""), method, [method], mine, falseAlarms: falseAlarms, seed: 0,
            isCancelled: isCancelled)
    }

    /// Fits detectors to entities that have enough rows, keeps the model, and warms streams up to what has come by now; what
    /// comes meanwhile is little.
    private func fitted(
        _ bundle: ModelBundle, _ name: ModelName, _ chosen: DetectionMethod, _ methods: [DetectionMethod],
        _ all: [LiveEntity], falseAlarms: Double, seed: UInt64, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Workshop.Prepared {
        let mine = all.filter { $0.nextRow - $0.firstRow >= options.firstRows / 2 }
        var fitting = DetectorTraining(
            methods: methods, falseAlarmsPerDay: falseAlarms, seed: seed)
        fitting.deviations = settings.deviations
        fitting.isCancelled = isCancelled
        let detectors = try figures.fitting {
            try fitting.detectors(
                for: bundle, sources: mine.map { entities.learnable($0.key, latest: options.fittingRows) },
                reader: ReaderOptions(), backend: try makeBackend(1),
                onFailure: { [log] source, error in
                    log.warning("an entity cannot be learned from", ["entity": source.key, "reason": "\(error)"])
                })
        }
        let monitoring = MonitoringModel(
            bundle: bundle, reader: ReaderOptions(), detectors: detectors, defaultMethod: chosen.name)
        let known = detectors[chosen.name]?.entities ?? [:]
        let rows = Dictionary(
            mine.filter { known[$0.key] != nil }.map { ($0.key, min(options.fittingRows, $0.nextRow - $0.firstRow)) },
            uniquingKeysWith: { first, _ in first })
        let made = try model(monitoring, name, falseAlarms, rows: rows)
        // The workshop fits for one model at a time: nobody else writes there.
        try SealedFolder.replace(folder, sums: folder + ".sha256") { try monitoring.write(to: folder) }
        let remembered = Remembered(name: name, rows: rows, way: way(falseAlarms), falseAlarms: falseAlarms)
        try entities.remember([Self.rememberedName: DeterministicJSON.encode(remembered, pretty: false)])
        var streams: [String: EntityStream] = [:]
        for entity in all where made.knows(entity) && !isCancelled() {
            var stream = try stream(of: entity, made, from: max(entity.firstRow, entity.nextRow - options.warmRows))
            while try stream.warm(rows: 1_024, before: entity.nextRow) > 0 {}
            streams[entity.key] = stream
        }
        return Workshop.Prepared(model: made, streams: streams)
    }
}
