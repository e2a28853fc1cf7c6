package import Autoencoders
package import Telemetry

/// Everything that turns an entity's raw rows into scores and alarms: the autoencoders with cleaning and scaling, the
/// fitted detectors, and how the files are read. On disk it is the model's folder.
package struct MonitoringModel: Sendable {
    /// The autoencoders, the cleaning pipeline and the scalers.
    package var bundle: ModelBundle
    /// How the training files were read; scoring reads the same way unless told otherwise.
    package var reader: ReaderOptions
    /// The fitted detectors by the name of their method.
    package var detectors: [String: DetectorSet]
    /// The method that scoring uses unless told otherwise.
    package var defaultMethod: String
    /// How entities normally change and who depends on whom; `nil` in a model of a version before.
    package var incidents: IncidentModel?

    /// A model with every part given.
    package init(
        bundle: ModelBundle, reader: ReaderOptions, detectors: [String: DetectorSet], defaultMethod: String,
        incidents: IncidentModel? = nil
    ) {
        self.bundle = bundle
        self.reader = reader
        self.detectors = detectors
        self.defaultMethod = defaultMethod
        self.incidents = incidents
    }

    /// Reads and checks a model's folder.
    ///
    /// - Throws: `StorageError` or `ModelError` when the folder is damaged, truncated or of another format.
    package init(path: String) throws {
        let bundle = try ModelBundle.read(path)
        let manifest = "\(path)/\(ModelBundle.manifestName)"
        func section<Value: Decodable>(_ name: String, as type: Value.Type) throws(ModelError) -> Value? {
            do {
                return try bundle.manifest.section(name, as: type)
            } catch {
                throw ModelError(
                    error.code, subject: "\(manifest), section '\(name)'", found: error.found, expected: error.expected)
            }
        }
        let reader = try section("reader", as: ReaderOptions.self) ?? ReaderOptions()
        let detectors = try section("detection", as: [String: DetectorSet].self) ?? [:]
        for (method, set) in detectors {
            for (name, model) in set.all {
                guard model.isConsistent, model.method.name == method else {
                    throw ModelError(
                        .corrupt, subject: "\(manifest), detector '\(method)' of '\(name)'",
                        found: "numbers or sizes that do not fit each other", expected: "what training writes there")
                }
            }
        }
        let defaultMethod =
            try section("defaultMethod", as: String.self) ?? detectors.keys.sorted().first ?? ""
        let incidents = try section("incidents", as: IncidentModel.self)
        guard incidents?.isConsistent ?? true else {
            throw ModelError(
                .corrupt, subject: "\(manifest), section 'incidents'",
                found: "numbers or sizes that do not fit each other", expected: "what training writes there")
        }
        self.init(
            bundle: bundle, reader: reader, detectors: detectors, defaultMethod: defaultMethod, incidents: incidents)
    }

    /// Writes the model's folder as a whole: whoever reads it finds the old model or the new one.
    ///
    /// - Throws: `StorageError`.
    package func write(to path: String) throws {
        var bundle = bundle
        try bundle.manifest.setSection("reader", to: reader)
        try bundle.manifest.setSection("detection", to: detectors)
        try bundle.manifest.setSection("defaultMethod", to: defaultMethod)
        if let incidents { try bundle.manifest.setSection("incidents", to: incidents) }
        try bundle.write(to: path)
    }

    /// The detectors of a method.
    ///
    /// - Throws: `ModelError` with the code `schemaMismatch` that lists the methods there are.
    package func detectors(of method: String) throws -> DetectorSet {
        guard let set = detectors[method] else {
            throw ModelError(
                .schemaMismatch, subject: "detection method '\(method)'", found: "the model was not trained for it",
                expected: "one of " + detectors.keys.sorted().joined(separator: ", "))
        }
        return set
    }
}

extension MonitoringModel {
    /// How far the thresholds of the method that scoring uses can be trusted: the worst of its entities, with why it is not
    /// better; `nil` where that was not looked at.
    package var confidenceLine: String? {
        let known = (detectors[defaultMethod]?.entities ?? [:]).values.compactMap(\.confidence)
        let order = ModelConfidence.Level.allCases
        let worst = known.min { order.firstIndex(of: $0.level) ?? 0 < order.firstIndex(of: $1.level) ?? 0 }
        return worst.map { worst in worst.level.rawValue + (worst.reason.map { ": \($0)" } ?? "") }
    }
}

/// The fitted detectors of one method.
package struct DetectorSet: Codable, Sendable {
    /// Of each entity that was there in training, by its key `site/entity`.
    package var entities: [String: EntityModel]
    /// For entities of each type that were not: fitted to all of the type together.
    package var types: [String: EntityModel]

    /// No detector.
    package init() {
        entities = [:]
        types = [:]
    }

    /// Every model with the entity or type it is of.
    var all: [(String, EntityModel)] { entities.sorted { $0.key < $1.key } + types.sorted { $0.key < $1.key } }

    /// Whether there is a detector for an entity: its own, or its type's.
    package func knows(_ key: String, type: String) -> Bool { entities[key] != nil || types[type] != nil }

    /// The detector for an entity: its own, or its type's.
    ///
    /// - Throws: `ModelError` with the code `schemaMismatch` when the type is unknown.
    package func model(for key: String, type: String) throws -> EntityModel {
        if let model = entities[key] ?? types[type] { return model }
        throw ModelError(
            .schemaMismatch, subject: "entity '\(key)'", found: "the model knows neither it nor the type '\(type)'",
            expected: "an entity of type " + types.keys.sorted().joined(separator: ", "))
    }
}
