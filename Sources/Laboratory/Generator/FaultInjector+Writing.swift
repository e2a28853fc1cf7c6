public import Telemetry

extension FaultInjector {
    /// Puts faults into the sources and writes copies: `<site>/<entity>_train.csv` with the rows before the first
    /// fault as they were, `<entity>_test.csv` with a `label` column, `<entity>_interpretation.csv`, and
    /// `manifest.json` last.
    ///
    /// - Parameters:
    ///   - sources: entities to read, each whole in memory; labelled test parts and entities with too few rows are passed
    ///     over.
    ///   - path: the folder.
    ///   - replacing: whether the files of an earlier run may be replaced.
    ///   - progress: called after each entity with how many are done and how many there are.
    /// - Returns: the manifest, and the sources that were passed over with the reason.
    /// - Throws: ``GeneratorError``, ``TelemetryError``.
    public func write(
        _ sources: [EntitySource], options: ReaderOptions = ReaderOptions(), to path: String, replacing: Bool = false,
        progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws -> (manifest: DatasetManifest, passedOver: [String]) {
        var folder = try OutputFolder(path, replacing: replacing)
        var entities: [DatasetManifest.Entity] = []
        var passedOver: [String] = []
        for (index, source) in sources.enumerated() {
            defer { progress(index + 1, sources.count) }
            guard source.part != .test else {
                passedOver.append("\(source.key): a test part, which may hold anomalies already")
                continue
            }
            let result: Result
            do {
                result = try inject(into: source.read(options: options), name: source.key)
            } catch let error as GeneratorError where error.code == .unsuitableData {
                passedOver.append(error.description)
                continue
            }
            guard !result.faults.isEmpty else {
                passedOver.append("\(source.key): no fault fits its metrics")
                continue
            }
            let frame = result.frame
            try folder.write(
                site: source.site, entity: source.entity, metrics: frame.schema, rows: frame.rowCount,
                trainingRows: result.trainingRows, faults: result.faults, time: { frame.times[$0] }
            ) { row, column, text in
                let position = row * frame.columnCount + column
                if result.changed[position] {
                    DecimalText.append(frame.values[position], decimals: result.decimals[column], to: &text)
                } else {
                    DecimalText.appendShortest(frame.values[position], to: &text)
                }
            }
            entities.append(
                DatasetManifest.Entity(
                    site: source.site, entity: source.entity, trainingRows: result.trainingRows,
                    testRows: frame.rowCount - result.trainingRows, spreads: result.spreads,
                    faults: result.faults.map { $0.shifted(by: -result.trainingRows) }, leftOut: result.leftOut))
        }
        guard !entities.isEmpty else {
            throw GeneratorError(
                .unsuitableData, "data", found: "no entity that a fault fits (\(passedOver.joined(separator: "; ")))",
                expected: "metrics with names or groups that the catalogue of faults knows")
        }
        let manifest = DatasetManifest(
            source: "copies of given files with faults injected by fl-train inject",
            licence: "that of the given files", parameters: parameters, entities: entities, files: folder.files)
        try folder.write(manifest)
        return (manifest, passedOver)
    }

    private var parameters: [String: String] {
        let faults: String =
            switch faults {
            case .count(let count): String(count)
            case .named(let names): names.joined(separator: ",")
            }
        return [
            "seed": String(seed), "faults": faults, "severity": "\(severity.lowerBound)-\(severity.upperBound)",
            "from": from.description,
        ]
    }
}
