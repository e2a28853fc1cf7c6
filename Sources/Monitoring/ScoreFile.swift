import Storage

/// The file that scores are written to: `index,time,entity,group,score,threshold,alarm`, one row for each sample and
/// scored group.
///
/// `index` counts an entity's rows from 0, `time` is in seconds, `entity` is `site/entity`, `group` is a resource
/// group or `site` for the combined score, `alarm` is 0 or 1. Numbers are written so that reading gives the same bits.
package final class ScoreFileWriter {
    /// The header of a score file.
    package static let header = "index,time,entity,group,score,threshold,alarm"
    private let file: AtomicFileWriter

    /// A file that appears at `path` when it is complete.
    ///
    /// - Throws: `StorageError` when it cannot be created.
    package init(_ path: String) throws {
        file = try AtomicFileWriter(path)
        try file.append(Self.header + "\n")
    }

    /// Adds the rows of a block.
    ///
    /// - Throws: `StorageError`.
    package func append(_ block: ScoredBlock) throws {
        let entity = CSVText.field(block.entity)
        let groups = block.groups.map(CSVText.field)
        for row in block.times.indices {
            let start = "\(block.indices[row]),\(CSVText.number(block.times[row])),\(entity),"
            for group in groups.indices {
                let threshold = CSVText.number(block.thresholds[group][row])
                try file.append(
                    "\(start)\(groups[group]),\(CSVText.number(block.scores[group][row])),\(threshold),"
                        + (block.alarms[group][row] ? "1\n" : "0\n"))
            }
        }
    }

    /// Ends the file.
    ///
    /// - Throws: `StorageError`.
    package func commit() throws { try file.commit() }
}

/// The file beside a score file that tells the metrics apart: `index,time,entity,group,metric,deviation,cause,sign`.
///
/// `deviation` is what the metric adds to its group's score, `cause` its weight as a root cause, `sign` 1 above and −1
/// below what is expected. Rows in which both are 0 are left out.
package final class MetricScoreFileWriter {
    /// The header of the file.
    package static let header = "index,time,entity,group,metric,deviation,cause,sign"
    private let file: AtomicFileWriter

    /// The name that goes with a score file: `scores.csv` → `scores.metrics.csv`.
    package static func path(beside scores: String) -> String {
        (scores.hasSuffix(".csv") ? String(scores.dropLast(4)) : scores) + ".metrics.csv"
    }

    /// A file that appears at `path` when it is complete.
    ///
    /// - Throws: `StorageError` when it cannot be created.
    package init(_ path: String) throws {
        file = try AtomicFileWriter(path)
        try file.append(Self.header + "\n")
    }

    /// Adds the rows of a block.
    ///
    /// - Throws: `StorageError`.
    package func append(_ block: ScoredBlock) throws {
        let entity = CSVText.field(block.entity)
        let names = zip(block.metricGroups, block.metrics).map { "\(CSVText.field($0)),\(CSVText.field($1))" }
        for row in block.times.indices {
            let start = "\(block.indices[row]),\(CSVText.number(block.times[row])),\(entity),"
            for metric in names.indices {
                let cell = row * names.count + metric
                let (deviation, cause) = (block.deviations[cell], block.causes[cell])
                guard deviation != 0 || cause != 0 else { continue }
                let sign = block.signs[cell]
                try file.append(
                    "\(start)\(names[metric]),\(CSVText.number(deviation)),\(CSVText.number(cause)),\(sign)\n")
            }
        }
    }

    /// Ends the file.
    ///
    /// - Throws: `StorageError`.
    package func commit() throws { try file.commit() }
}

/// How fields are written.
enum CSVText {
    /// A text as a field, quoted where RFC 4180 asks for it.
    static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    /// A number in the shortest form that reads back to the same bits; whole numbers without a point.
    static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
        return "\(value)"
    }
}
