import Platform
package import Watching

/// Writes the file of scores and, if asked for, the one beside it that tells the metrics apart. Both appear when they
/// are complete.
package final class ScoreFileWriter {
    private let scores: AtomicFileWriter
    private let metrics: AtomicFileWriter?
    private var text: [UInt8] = []

    /// The name of the per-metric file that goes with a score file: `scores.csv` → `scores.metrics.csv`.
    package static func metricsPath(beside path: String) -> String {
        (path.hasSuffix(".csv") ? String(path.dropLast(4)) : path) + ".metrics.csv"
    }

    /// Creates the files.
    ///
    /// - Throws: `StorageError` when one cannot be created.
    package init(_ path: String, perMetric: Bool) throws {
        scores = try AtomicFileWriter(path)
        metrics = perMetric ? try AtomicFileWriter(Self.metricsPath(beside: path)) : nil
        try scores.append(ScoresTable.header + "\n")
        try metrics?.append(ScoresTable.metricHeader + "\n")
    }

    /// Adds the scores of consecutive rows of an entity, the first of which is row `firstIndex`.
    ///
    /// - Throws: `StorageError`.
    package func append(
        _ block: EntityScores, entity: String, metricGroups: [String], firstIndex: Int
    ) throws {
        text.removeAll(keepingCapacity: true)
        ScoresTable.append(block, entity: entity, firstIndex: firstIndex, to: &text)
        try scores.append(text)
        guard let metrics else { return }
        text.removeAll(keepingCapacity: true)
        ScoresTable.appendMetrics(block, groups: metricGroups, entity: entity, firstIndex: firstIndex, to: &text)
        try metrics.append(text)
    }

    /// Ends the files and gives them their names.
    ///
    /// - Throws: `StorageError`.
    package func commit() throws {
        try metrics?.commit()
        try scores.commit()
    }
}
