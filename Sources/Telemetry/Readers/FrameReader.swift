/// Delivers the rows of one entity in chunks, so that a file larger than memory can be read.
public protocol FrameReader {
    /// Names of the columns of every frame.
    var schema: [String] { get }
    /// What was found out about the source before the first row: separator, clock, columns left out.
    var layout: SourceLayout { get }

    /// The next rows, at most `maximumRows` and at least one; `nil` when there are no more.
    ///
    /// A chunk never spans two files (its first row is in ``MetricFrame/fileStarts`` when it opens another file than
    /// the first). Wide rows may make it shorter than asked for.
    ///
    /// - Throws: ``TelemetryError`` for input that the format does not allow. Rows before the bad one have been
    ///   delivered; after an error the reader delivers nothing more.
    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame?
    /// The rows that were skipped since the last call, where the options say that bad ones are
    /// (``ReaderOptions/skipsBadRows``); `nil`: none.
    mutating func takeSkippedRows() -> SkippedRows?
    /// Looks whether rows were appended behind the end that was reached: whole lines come with the next chunks, the end of
    /// one that is half written when it is there. False where the source cannot grow, or has not.
    mutating func goOn() -> Bool
}

/// Rows that could not be read and were passed over.
public struct SkippedRows: Sendable {
    /// How many.
    public var count: Int
    /// What was wrong with the first of them.
    public var first: TelemetryError

    /// Takes in rows that were skipped later.
    mutating func add(_ later: SkippedRows) { count += later.count }
}

extension FrameReader {
    /// None.
    public mutating func takeSkippedRows() -> SkippedRows? { nil }

    /// It cannot.
    public mutating func goOn() -> Bool { false }

    /// All remaining rows of the source in one frame.
    ///
    /// - Throws: ``TelemetryError`` as ``nextChunk(maximumRows:)`` does, and when there is no row.
    public mutating func readAll() throws -> MetricFrame? {
        guard var all = try nextChunk(maximumRows: .max) else { return nil }
        while let next = try nextChunk(maximumRows: .max) {
            all.fileStarts += next.fileStarts.map { $0 + all.rowCount }
            all.times += next.times
            all.values += next.values
            if let labels = next.labels { all.labels?.append(contentsOf: labels) }
        }
        return all
    }
}

/// How to read a source where it does not speak for itself. The defaults detect everything.
public struct ReaderOptions: Hashable, Sendable, Codable {
    /// The byte between two fields, such as `,`, `;`, tab, `|` or blank; `nil`: detected from the header.
    public var separator: Character?
    /// Name of the column with the time; `nil`: detected by name and shape.
    public var timeColumn: String?
    /// Unit of a numeric time column; `nil`: detected from the magnitude.
    public var timeUnit: TimeUnit?
    /// Seconds between two rows, for sources without a usable time column; `nil`: 1, or what the format says.
    public var rowSeconds: Double?
    /// Which comes first in dates that leave it open, such as 03/04/2025; `nil`: told by the whole column, or refused.
    public var dateOrder: DateOrder?
    /// Name of the column that tells entities apart; `nil`: detected by name and content.
    public var entityColumn: String?
    /// Name of the column with the labels (0 normal, else anomalous); `nil`: a column named `label` if there is one.
    public var labelColumn: String?
    /// Whether a text in a number column counts as a missing value; otherwise it is an error.
    public var textIsMissing: Bool
    /// Whether a row that cannot be read is passed over and counted, instead of ending the reading: for streams, which
    /// go on. Half a row at the end of a file is such a row. Not part of a model's record.
    public var skipsBadRows = false
    /// The same, but that bad rows are passed over.
    package var skippingBadRows: ReaderOptions {
        var options = self
        options.skipsBadRows = true
        return options
    }

    /// Which of the labels 1 and −1 is the anomaly, as all files of the entity together tell; `nil`: each file by itself.
    /// Not part of a model's record.
    package var anomalousSign: LabelSigns.Sign?
    /// Bytes asked of the operating system at once.
    public var bufferBytes: Int
    /// Longest line accepted, in bytes.
    public var maximumLineBytes: Int
    /// Most columns accepted.
    public var maximumColumns: Int

    /// The defaults: everything detected, 1 MiB buffer, lines up to 16 MiB, up to 65,536 columns.
    public init() {
        separator = nil
        timeColumn = nil
        timeUnit = nil
        rowSeconds = nil
        dateOrder = nil
        entityColumn = nil
        labelColumn = nil
        textIsMissing = false
        bufferBytes = 1 << 20
        maximumLineBytes = 1 << 24
        maximumColumns = 1 << 16
    }

    /// Times from one row to the next that a file may have.
    public static let rowSecondsRange = 1e-9...1e9

    private enum CodingKeys: String, CodingKey {
        case separator, timeColumn, timeUnit, rowSeconds, labelColumn, textIsMissing, bufferBytes, maximumLineBytes
        case maximumColumns, dateOrder, entityColumn
    }

    /// Reads the options; the separator is a string of one character.
    public init(from decoder: any Decoder) throws {
        self.init()
        let container = try decoder.container(keyedBy: CodingKeys.self)
        separator = try container.decodeIfPresent(String.self, forKey: .separator)?.first
        timeColumn = try container.decodeIfPresent(String.self, forKey: .timeColumn)
        timeUnit = try container.decodeIfPresent(TimeUnit.self, forKey: .timeUnit)
        rowSeconds = try container.decodeIfPresent(Double.self, forKey: .rowSeconds)
        dateOrder = try container.decodeIfPresent(DateOrder.self, forKey: .dateOrder)
        entityColumn = try container.decodeIfPresent(String.self, forKey: .entityColumn)
        labelColumn = try container.decodeIfPresent(String.self, forKey: .labelColumn)
        textIsMissing = try container.decodeIfPresent(Bool.self, forKey: .textIsMissing) ?? textIsMissing
        bufferBytes = try container.decodeIfPresent(Int.self, forKey: .bufferBytes) ?? bufferBytes
        maximumLineBytes = try container.decodeIfPresent(Int.self, forKey: .maximumLineBytes) ?? maximumLineBytes
        maximumColumns = try container.decodeIfPresent(Int.self, forKey: .maximumColumns) ?? maximumColumns
        guard Self.rowSecondsRange.contains(rowSeconds ?? 1), (1...1 << 26).contains(bufferBytes),
            (1...1 << 30).contains(maximumLineBytes), (1...1 << 24).contains(maximumColumns)
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "sizes or times that nothing could be read with"))
        }
    }

    /// Writes the options; the separator is a string of one character.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(separator.map(String.init), forKey: .separator)
        try container.encodeIfPresent(timeColumn, forKey: .timeColumn)
        try container.encodeIfPresent(timeUnit, forKey: .timeUnit)
        try container.encodeIfPresent(rowSeconds, forKey: .rowSeconds)
        try container.encodeIfPresent(dateOrder, forKey: .dateOrder)
        try container.encodeIfPresent(entityColumn, forKey: .entityColumn)
        try container.encodeIfPresent(labelColumn, forKey: .labelColumn)
        try container.encode(textIsMissing, forKey: .textIsMissing)
        try container.encode(bufferBytes, forKey: .bufferBytes)
        try container.encode(maximumLineBytes, forKey: .maximumLineBytes)
        try container.encode(maximumColumns, forKey: .maximumColumns)
    }
}

/// Which part of a date written in numbers comes first.
public enum DateOrder: String, Hashable, Sendable, Codable, CaseIterable {
    /// 31/12/2025.
    case dayMonth = "day-month"
    /// 12/31/2025.
    case monthDay = "month-day"
}

/// Unit of a numeric time.
public enum TimeUnit: String, Hashable, Sendable, Codable, CaseIterable {
    /// Seconds.
    case seconds
    /// Thousandths of a second.
    case milliseconds
    /// Millionths of a second.
    case microseconds
    /// Billionths of a second.
    case nanoseconds
    /// Minutes.
    case minutes
    /// Hours.
    case hours
    /// Days.
    case days
    /// Days as spreadsheets count them: 1 is the first of January 1900, 25569 that of 1970.
    case excelDays = "excel-days"

    /// How many make a second.
    public var perSecond: Double {
        switch self {
        case .seconds: 1
        case .milliseconds: 1e3
        case .microseconds: 1e6
        case .nanoseconds: 1e9
        case .minutes: 1.0 / 60
        case .hours: 1.0 / 3600
        case .days, .excelDays: 1.0 / 86400
        }
    }
}

/// How the time of a row is found.
public enum ClockRule: Hashable, Sendable, Codable {
    /// Row number × seconds; the source has no usable clock.
    case rows(seconds: Double)
    /// A column of numbers.
    case number(column: String, unit: TimeUnit)
    /// A column of dates and times; without a zone they are taken as UTC.
    case text(column: String)
}

/// The kinds of source a reader knows by their content.
public enum SourceFormat: String, Hashable, Sendable, Codable, CaseIterable {
    /// 5G3E base station of version 1: `;`, a sample counter for a clock.
    case fiveGENodeB = "5g3e-enb"
    /// 5G3E user equipment: `;`, milliseconds since a start of its own.
    case fiveGUserEquipment = "5g3e-ue"
    /// 5G3E core function of version 2: `,`, quoted header, dates with nanoseconds.
    case fiveGCoreFunction = "5g3e-core"
    /// 5G3E gNB of version 2: one JSON object a line with nested lists.
    case fiveGNodeB = "5g3e-gnb"
    /// `index,timestamp,<metrics>[,label]`, the layout of the shared SMD and ASD files.
    case indexed
    /// Any other separated text with a header.
    case generic
    /// JSON lines of any other content, and JSON documents with rows.
    case jsonLines = "json-lines"
    /// Points of series, one below the other: exposition text with times, line protocol, Graphite, JSON of a time
    /// series database.
    case series
}

/// What a reader found out about a source before its first row.
public struct SourceLayout: Hashable, Sendable, Codable {
    /// The kind of source.
    public var format: SourceFormat
    /// The separator between fields; `nil` for JSON lines.
    public var separator: String?
    /// How rows get their time.
    public var clock: ClockRule
    /// The label column, if there is one.
    public var labelColumn: String?
    /// Columns with text, which are left out.
    public var textColumns: [String]
    /// Columns left out for another reason: row numbers, the sample counter of an eNB.
    public var ignoredColumns: [String]
    /// Units, by column: from the name (`usage (%)`), or from behind the numbers, which are then in the base unit.
    public var units: [String: String] = [:]
    /// How text times are written.
    public var timeFormat: String?
    /// Columns that tell entities apart.
    public var entityColumns: [String] = []
    /// Columns that tell series apart, which became part of the metrics' names.
    public var seriesColumns: [String] = []
    /// Columns left out because they tell what the label tells: of a part, or which kind of anomaly it is.
    public var tellingLabels: [String] = []
    /// Those of them that are labels by their names and mark other rows than the label, and those that are none by their
    /// names and change in just the rows that the label marks.
    package var differingLabels: [String] = []
    /// Columns that mark anomalies of single metrics, as the label column does of the first: a row is anomalous where any does.
    package var joinedLabels: [String] = []
    package var mirroringColumns: [String] = []
    /// Whether the label column holds nothing but 1, and whether −1 marks anomalies in it.
    package var hasOnlyOnes = false
    package var hasSignedLabels = false
    /// How many labels are 1 and −1.
    package var labelSigns = LabelSigns()
    /// What else was recognised or done, in words: a packed file, rows turned round.
    public var notes: [String] = []
}
