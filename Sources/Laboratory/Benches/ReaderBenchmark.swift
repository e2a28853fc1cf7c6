import Glibc
public import Telemetry

/// Measures how fast the readers turn files into frames, set by set: all files of one folder and kind.
public struct ReaderBenchmark: Sendable {
    /// What was measured for one set of files.
    public struct Result: Hashable, Sendable, Codable {
        /// Folder and kind: `site1_2 ue`.
        public var name: String
        /// The files.
        public var files: [String]
        /// Their bytes.
        public var bytes: Int
        /// Rows read.
        public var rows: Int
        /// Seconds of each repetition.
        public var seconds: [Double]
        /// Megabytes (10⁶ bytes) a second at the median of the repetitions.
        public var megabytesPerSecond: Double
    }

    private let sets: [(name: String, sources: [EntitySource])]
    private let options: ReaderOptions

    /// A benchmark over the sources found in some paths.
    ///
    /// - Throws: ``TelemetryError`` as ``DataCatalog/discover(_:options:)`` does.
    public init(paths: [String], options: ReaderOptions = ReaderOptions()) throws {
        var sets: [(name: String, sources: [EntitySource])] = []
        for source in try DataCatalog.discover(paths, options: options) {
            let name = "\(source.site) \(source.type)"
            if let index = sets.firstIndex(where: { $0.name == name }) {
                sets[index].sources.append(source)
            } else {
                sets.append((name, [source]))
            }
        }
        self.sets = sets
        self.options = options
    }

    /// Reads every set once without measuring, and then `repetitions` times.
    ///
    /// - Parameters:
    ///   - repetitions: measurements of each set, at least one.
    ///   - clock: seconds since some fixed moment.
    /// - Throws: ``TelemetryError`` from the readers.
    public func run(repetitions: Int, clock: () -> Double) throws -> [Result] {
        precondition(repetitions > 0, "at least one repetition")
        return try sets.map { set in
            var rows = try read(set.sources)
            var seconds: [Double] = []
            for _ in 0..<repetitions {
                // Else the second time nothing is read of what had to be put together.
                DataCatalog.forgetTables()
                let start = clock()
                rows = try read(set.sources)
                seconds.append(clock() - start)
            }
            let files = set.sources.flatMap(\.files)
            let bytes = files.reduce(0) { $0 + Self.size($1) }
            let sorted = seconds.sorted()
            let median = (sorted[(repetitions - 1) / 2] + sorted[repetitions / 2]) / 2
            return Result(
                name: set.name, files: files, bytes: bytes, rows: rows, seconds: seconds,
                megabytesPerSecond: median > 0 ? Double(bytes) / median / 1e6 : 0)
        }
    }

    private func read(_ sources: [EntitySource]) throws -> Int {
        var rows = 0
        for source in sources {
            var reader = try source.makeReader(options: options)
            while let frame = try reader.nextChunk(maximumRows: 4096) { rows += frame.rowCount }
        }
        return rows
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
