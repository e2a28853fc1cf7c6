import Foundation

/// Finds the entities in files and folders.
public enum DataCatalog {
    /// What was found in files and folders.
    public struct Contents: Sendable {
        /// A file in a folder that was not read.
        public struct PassedOver: Hashable, Sendable, Codable {
            /// Its path.
            public var path: String
            /// Why.
            public var reason: String
        }

        /// The sources, sorted by site, entity and part.
        public var sources: [EntitySource]
        /// Files that lie in the folders and are no telemetry, in the order in which they were met.
        public var passedOver: [PassedOver]

        /// Contents with every field given.
        public init(sources: [EntitySource], passedOver: [PassedOver]) {
            self.sources = sources
            self.passedOver = passedOver
        }

        /// What was passed over, in one line; `nil` when nothing was.
        public var passedOverLine: String? {
            guard let first = passedOver.first else { return nil }
            let names = passedOver.prefix(6).map { file in
                "\(URL(filePath: file.path).lastPathComponent) (\(file.reason))"
            }
            return "passed over \(passedOver.count == 1 ? "1 file" : "\(passedOver.count) files") in "
                + URL(filePath: first.path).deletingLastPathComponent().lastPathComponent
                + ": " + names.joined(separator: ", ") + (passedOver.count > 6 ? ", …" : "")
        }
    }

    /// The sources among `paths`, sorted by site, entity and part; the same paths give the same order.
    ///
    /// A folder is searched with all its folders. Files that are no telemetry (by name or content) are left out in a
    /// folder, and an error when named themselves. A file that holds several entities gives a source for each.
    ///
    /// - Throws: ``TelemetryError`` for a path that does not exist, a named file that cannot be understood, and a
    ///   folder without any source.
    public static func discover(_ paths: [String], options: ReaderOptions = ReaderOptions()) throws -> [EntitySource] {
        try search(paths, options: options).sources
    }

    /// The sources among `paths`, and what was passed over.
    ///
    /// - Throws: ``TelemetryError`` as ``discover(_:options:)`` does.
    public static func search(_ paths: [String], options: ReaderOptions = ReaderOptions()) throws -> Contents {
        var discovery = Discovery(options: options, paths: paths)
        for path in paths { try discovery.add(path) }
        let contents = Contents(sources: discovery.sources, passedOver: discovery.passedOver)
        guard !contents.sources.isEmpty else {
            throw TelemetryError(
                .noData, path: paths.first, found: "no samples", expected: "files or folders with metrics")
        }
        return contents
    }
}
