import CommandLine
package import Telemetry

/// Finds the sources that a command works on.
package enum MetricSources {
    /// The sources of a part among the paths; those that are not split belong to every part. When only the other part
    /// is there (`--data x_test.csv` to train on), it is taken as named.
    ///
    /// - Parameter note: told what was passed over.
    /// - Throws: `TelemetryError` when a path does not exist or holds nothing to read.
    package static func discover(
        _ paths: [String], part: PartOption, options: ReaderOptions, note: (String) -> Void = { _ in }
    ) throws -> [EntitySource] {
        let all = try DataCatalog.search(paths, options: options)
        if let line = all.passedOverLine { note(line) }
        let chosen = part.select(all.sources)
        return chosen.isEmpty ? all.sources : chosen
    }
}
