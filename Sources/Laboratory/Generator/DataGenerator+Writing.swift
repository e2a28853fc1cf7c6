extension DataGenerator {
    /// Generates everything and writes it: for each entity `<site>/<entity>_train.csv`, `_test.csv` with a `label`
    /// column and `_interpretation.csv`, and `manifest.json` last.
    ///
    /// - Parameters:
    ///   - path: the folder.
    ///   - replacing: whether the files of an earlier run may be replaced.
    ///   - progress: called after each entity with how many are done and how many there are.
    /// - Throws: ``GeneratorError``.
    @discardableResult
    public func write(
        to path: String, replacing: Bool = false, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws -> DatasetManifest {
        var folder = try OutputFolder(path, replacing: replacing)
        var entities: [DatasetManifest.Entity] = []
        let count = scenario.sites * scenario.entitiesPerSite
        try forEachEntity { entity in
            let columns = entity.metrics.count
            try folder.write(
                site: entity.site, entity: entity.entity, metrics: entity.metrics, rows: entity.times.count,
                trainingRows: entity.trainingRows, faults: entity.faults, time: { entity.times[$0] }
            ) { row, column, text in
                DecimalText.append(
                    entity.values[row * columns + column], decimals: entity.decimals[column], to: &text)
            }
            entities.append(
                DatasetManifest.Entity(
                    site: entity.site, entity: entity.entity, trainingRows: entity.trainingRows,
                    testRows: entity.times.count - entity.trainingRows, spreads: entity.spreads,
                    faults: entity.faults.map { $0.shifted(by: -entity.trainingRows) }, leftOut: entity.leftOut))
            progress(entities.count, count)
        }
        let manifest = DatasetManifest(
            source: "synthetic, made by fl-train generate; no measured data in it",
            licence: "CC0-1.0: public domain", parameters: scenario.parameters, entities: entities,
            files: folder.files)
        try folder.write(manifest)
        return manifest
    }
}

extension SyntheticScenario {
    /// The scenario as options of `fl-train generate`.
    var parameters: [String: String] {
        let faults: String =
            switch faults {
            case .count(let count): String(count)
            case .named(let names): names.joined(separator: ",")
            }
        return [
            "seed": String(seed), "sites": String(sites), "entities": String(entitiesPerSite),
            "types": types.map(\.rawValue).joined(separator: ","), "hours": hours.description,
            "step": stepSeconds.description, "train": trainingShare.description, "faults": faults,
            "severity": "\(severity.lowerBound)-\(severity.upperBound)", "missing": missingShare.description,
        ]
    }
}
