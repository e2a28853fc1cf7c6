/// One entity's data: where it lies and what it belongs to.
public struct EntitySource: Hashable, Sendable, Codable {
    /// Which part of a split set the files are.
    public enum Part: String, Hashable, Sendable, Codable, CaseIterable {
        /// Not split.
        case all
        /// The part to learn from.
        case train
        /// The part to judge on.
        case test
    }

    /// The place: name of the folder that holds the files.
    public var site: String
    /// The thing that emits the metrics: `enb0`, `machine-1-6`.
    public var entity: String
    /// The entity's name without its trailing numbers: `enb`, `machine`. Entities of a type share models.
    public var type: String
    /// Which part of a split set this is.
    public var part: Part
    /// Paths of the files, in reading order; windows never straddle two of them.
    public var files: [String]
    /// The kind of source, decided from the content of the first file.
    public var format: SourceFormat
    /// Path of an `index,label` file that goes with it.
    public var labelFile: String?
    /// Path of an interpretation file (which metrics caused each anomaly) that goes with it.
    public var interpretationFile: String?

    /// The share of the rows that is read, the first ones; `nil`: all of them.
    public var leadingShare: Double?
    /// The number of rows that are read at most, the first ones; `nil`: all of them.
    public var leadingRows: Int?
    /// Rows before the first of those.
    public var firstRow = 0

    /// Where the rows are when they lie in no file: ``files`` is empty then, and what is written of the source lacks it.
    package var rows: ProvidedRows?

    private enum CodingKeys: String, CodingKey {
        case site, entity, type, part, files, format, labelFile, interpretationFile
    }

    /// A source with every field given.
    public init(
        site: String, entity: String, type: String, part: Part, files: [String], format: SourceFormat,
        labelFile: String? = nil, interpretationFile: String? = nil
    ) {
        self.site = site
        self.entity = entity
        self.type = type
        self.part = part
        self.files = files
        self.format = format
        self.labelFile = labelFile
        self.interpretationFile = interpretationFile
    }

    /// `site/entity`: names the entity among all sites.
    public var key: String { "\(site)/\(entity)" }

    /// The same under the name that one of `others` has: a stream in a folder of another name than what was learned from
    /// is the entity of that name, if there is one only.
    package func named(as others: [EntitySource]) -> EntitySource {
        guard !others.contains(where: { $0.key == key }) else { return self }
        let same = others.filter { $0.entity == entity }
        guard same.count == 1 else { return self }
        var result = self
        (result.site, result.type) = (same[0].site, same[0].type)
        return result
    }

    /// A reader over all files of the source.
    ///
    /// - Throws: ``TelemetryError`` when the first file cannot be opened or understood.
    public func makeReader(options: ReaderOptions = ReaderOptions()) throws -> any FrameReader {
        if let rows { return try rows.provider.makeReader() }
        let reader = try SourceReader(source: self, options: options)
        guard let leadingShare else {
            guard leadingRows != nil || firstRow > 0 else { return reader }
            return RowSpan(reader, first: firstRow, rows: leadingRows ?? .max)
        }
        var counted = try SourceReader(source: self, options: options)
        var rows = 0
        while let frame = try counted.nextChunk(maximumRows: 1 << 14) { rows += frame.rowCount }
        return RowSpan(
            reader, first: firstRow, rows: min(leadingRows ?? rows, Int(leadingShare * Double(rows))))
    }

    /// All rows of the source in one frame.
    ///
    /// - Throws: ``TelemetryError``.
    public func read(options: ReaderOptions = ReaderOptions()) throws -> MetricFrame {
        var reader = try makeReader(options: options)
        guard let frame = try reader.readAll() else {
            throw TelemetryError(.empty, path: files.first, found: "no row", expected: "a header and rows")
        }
        return frame
    }
}

extension EntitySource {
    /// The entity that a file's name (without extension) names: `machine-1-6_train` → `machine-1-6`.
    package static func entityName(ofFile name: String) -> String {
        let entity = Discovery.name(of: name).entity
        return entity.isEmpty ? name : entity
    }

    /// The rows to learn from, where a file's name says how many: `057_SMD_id_1_Facility_tr_4055_1st_15538.csv`, as the
    /// files of TSB-AD are called.
    package static func trainingRows(ofFile path: String) -> Int? {
        let words = path.split(separator: "/").last?.split(separator: "_") ?? []
        guard let place = words.firstIndex(of: "tr"), place + 2 < words.count, words[place + 2] == "1st" else {
            return nil
        }
        return Int(words[place + 1])
    }

    /// The type that an entity's name says: `enb0` → `enb`.
    package static func entityType(ofEntity name: String) -> String { Discovery.type(of: name) }
}
