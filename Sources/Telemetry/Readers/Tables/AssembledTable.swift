/// What a file holds that had to be read whole before its first row could be given: rows of several entities, series
/// one below the other, rows out of order.
final class AssembledTable: Sendable {
    /// The rows of one entity, in time order.
    struct Entity: Sendable {
        /// Its name; empty when the file does not name it.
        let name: String
        let schema: [String]
        var times: [Double]
        /// `[rows × columns]`, row-major.
        var values: [Double]
        var labels: [UInt8]?
        /// What was done to the rows, in words.
        var notes: [String] = []
    }

    let entities: [Entity]
    /// The name of each among all entities: its own, made safe, and of no two the same.
    let names: [String]
    /// The place of each, by that name and by its own.
    private let places: [String: Int]
    let layout: SourceLayout
    /// The only host that the rows name, where no entity has a name.
    let onlyHost: String?
    /// What ended the reading early; the rows before it are there.
    let failure: TelemetryError?
    /// Rows that were passed over because they could not be read.
    let skipped: SkippedRows?

    init(
        entities: [Entity], layout: SourceLayout, onlyHost: String? = nil, failure: TelemetryError? = nil,
        skipped: SkippedRows? = nil
    ) {
        self.onlyHost = onlyHost
        self.skipped = skipped
        self.entities = entities
        names = EntityName.safe(entities.map(\.name))
        places = Dictionary(
            (names + entities.map(\.name)).enumerated().map { ($0.element, $0.offset % max(1, entities.count)) },
            uniquingKeysWith: { first, _ in first })
        self.layout = layout
        self.failure = failure
    }

    /// Where the entity of that name is; `nil` where there is none.
    func place(of name: String) -> Int? { places[name] }

    /// Whether the file names the entities it holds.
    var namesEntities: Bool { entities.contains { !$0.name.isEmpty } }
}

/// Delivers one entity of an assembled table.
struct AssembledReader: FrameReader {
    let schema: [String]
    let layout: SourceLayout
    private let entity: AssembledTable.Entity
    private var failure: TelemetryError?
    private var skipped: SkippedRows?
    private let firstRow: Int
    private var row = 0

    /// - Parameter index: which entity of the table.
    init(_ table: AssembledTable, entity index: Int, firstRow: Int) {
        entity = table.entities[index]
        schema = entity.schema
        var layout = table.layout
        layout.notes += entity.notes
        self.layout = layout
        failure = table.failure
        skipped = table.skipped
        self.firstRow = firstRow
    }

    mutating func takeSkippedRows() -> SkippedRows? {
        defer { skipped = nil }
        return skipped
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        precondition(maximumRows > 0, "a chunk has at least one row")
        guard row < entity.times.count else {
            if let failure {
                self.failure = nil
                throw failure
            }
            return nil
        }
        let most = max(1, min(maximumRows, (1 << 22) / max(1, schema.count)))
        let end = row + min(most, entity.times.count - row)
        let range = row..<end
        defer { row = end }
        return MetricFrame(
            schema: schema, firstRow: firstRow + row, times: Array(entity.times[range]),
            values: Array(entity.values[(range.lowerBound * schema.count)..<(range.upperBound * schema.count)]),
            labels: entity.labels.map { Array($0[range]) })
    }
}
