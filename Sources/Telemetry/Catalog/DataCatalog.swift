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
        /// What was understood of the files' names and is not plain, in words.
        public var notes: [String] = []

        /// Contents with every field given.
        public init(sources: [EntitySource], passedOver: [PassedOver]) {
            self.sources = sources
            self.passedOver = passedOver
        }

        /// So many files are named in one line.
        private static let mostNamed = 6

        /// What was passed over, folder by folder, in one line; `nil` when nothing was.
        public var passedOverLine: String? {
            guard !passedOver.isEmpty else { return nil }
            var folders: [String] = []
            var files: [String: [String]] = [:]
            for file in passedOver.prefix(Self.mostNamed) {
                let url = URL(filePath: file.path)
                let folder = url.deletingLastPathComponent().lastPathComponent
                if files[folder] == nil { folders.append(folder) }
                files[folder, default: []].append("\(url.lastPathComponent) (\(file.reason))")
            }
            let named = folders.map { "in \($0): " + (files[$0] ?? []).joined(separator: ", ") }
            return "passed over \(passedOver.count == 1 ? "1 file" : "\(passedOver.count) files")"
                + (named.count == 1 ? " " : ": ") + named.joined(separator: "; ")
                + (passedOver.count > Self.mostNamed ? ", …" : "")
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
        var contents = Contents(sources: discovery.sources, passedOver: discovery.passedOver)
        contents.notes = discovery.notes
        guard !contents.sources.isEmpty else {
            throw TelemetryError(
                .noData, path: paths.first, found: "no samples", expected: "files or folders with metrics")
        }
        return contents
    }
}
