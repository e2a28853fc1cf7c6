import Foundation

/// Finds the entities in files and folders.
public enum DataCatalog {
    /// The sources among `paths`, sorted by site, entity and part; the same paths give the same order.
    ///
    /// A folder is searched with all its folders. Files that are no telemetry (by name or content) are left out in a
    /// folder, and an error when named themselves.
    ///
    /// - Throws: ``TelemetryError`` for a path that does not exist, a named file that cannot be understood, and a
    ///   folder without any source.
    public static func discover(_ paths: [String], options: ReaderOptions = ReaderOptions()) throws -> [EntitySource] {
        var discovery = Discovery(options: options)
        for path in paths { try discovery.add(path) }
        let sources = discovery.sources
        guard !sources.isEmpty else {
            throw TelemetryError(
                .noData, path: paths.first, found: "no samples", expected: "files or folders with metrics")
        }
        return sources
    }
}
