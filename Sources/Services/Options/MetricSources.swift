import CommandLine
package import Telemetry

/// Finds the sources that a command works on.
package enum MetricSources {
    /// The sources of a part among the paths; those that are not split belong to every part. When only the other part
    /// is there (`--data x_test.csv` to train on), it is taken as named.
    ///
    /// - Throws: `TelemetryError` when a path does not exist or holds nothing to read.
    package static func discover(_ paths: [String], part: PartOption, options: ReaderOptions) throws -> [EntitySource] {
        let all = try DataCatalog.discover(paths, options: options)
        let chosen = part.select(all)
        return chosen.isEmpty ? all : chosen
    }
}
