import Federation
package import Telemetry

/// An entity whose samples come without an end.
package struct LiveEntity: Sendable, Hashable {
    /// The site.
    package var site: String
    /// Its name.
    package var name: String
    /// Its type.
    package var type: String
    /// The first row that can be read.
    package var firstRow: Int
    /// Behind the last row.
    package var nextRow: Int
    /// How many columns it has.
    package var columns: Int
    /// Most that a worker may have in a federation.
    package static let most = WireLimits.entities
    /// `site/entity`.
    package var key: String { "\(site)/\(name)" }

    /// An entity with every field given.
    package init(site: String, name: String, type: String, firstRow: Int, nextRow: Int, columns: Int) {
        self.site = site
        self.name = name
        self.type = type
        self.firstRow = firstRow
        self.nextRow = nextRow
        self.columns = columns
    }
}

/// Something that is wrong with the watching, and of which site.
package struct SiteFinding: Codable, Sendable, Hashable {
    /// The site.
    package var site: String
    /// The finding.
    package var finding: DataQualityFinding

    /// A finding of a site.
    package init(site: String, finding: DataQualityFinding) {
        self.site = site
        self.finding = finding
    }
}

/// Rows that are learned from: a range, less what alarms say of it.
package struct LearningWindow: Sendable, Hashable {
    /// The rows.
    package var rows: Range<Int>
    /// Spans of time in epoch seconds, in order and apart, whose rows are left out.
    package var excluded: [ClosedRange<Double>]

    /// A window with every field given.
    package init(rows: Range<Int>, excluded: [ClosedRange<Double>] = []) {
        self.rows = rows
        self.excluded = excluded
    }
}

/// A worker's live entities: what its sources have brought and go on bringing, behind a store.
///
/// Usable from any thread.
package protocol LiveEntities: AnyObject, Sendable {
    /// The entities so far.
    var all: [LiveEntity] { get }
    /// Rows of an entity from a row on, without an end.
    func stream(_ key: String, from row: Int) -> EntitySource
    /// The latest rows of an entity that are good to learn from, as of now: so many, or all where there are fewer.
    func window(of key: String, latest count: Int) -> LearningWindow
    /// The rows of a window.
    func learnable(_ key: String, _ window: LearningWindow) -> EntitySource
    /// Waits for further rows, at most so long.
    func wait(upTo seconds: Double)
    /// What was found of the watching since the last call.
    func takeFindings() -> [SiteFinding]
    /// Says that an alarm of an entity stands, or is over: models do not learn from its rows.
    func note(alarmOf key: String, from start: Double, to end: Double, isOver: Bool)
    /// Says which of the alarms that were noted were false, by entity and when they began: models learn from their rows, and from
    /// those of no others.
    func learn(fromAlarmsAt onsets: [String: Set<Double>])
    /// Keeps bytes under names, durably, all or none.
    func remember(_ states: [String: [UInt8]]) throws
    /// Bytes that were kept; `nil`: none.
    func recall(_ name: String) throws -> [UInt8]?
    /// How much has come and gone.
    var figures: LiveFigures { get }
    /// Stops the sources.
    func stop()
}

/// What a store of live entities counts, since its start but for the bytes.
package struct LiveFigures: Sendable, Hashable {
    /// Rows taken from sources.
    package var taken = 0
    /// Rows let go, to make room or because they were too old.
    package var forgotten = 0
    /// Blocks that were not what was written.
    package var damaged = 0
    /// Bytes that it has.
    package var bytes = 0

    /// Nothing yet.
    package init() {}
}

extension LiveEntities {
    /// The latest rows of an entity that are good to learn from, at most so many.
    package func learnable(_ key: String, latest count: Int) -> EntitySource {
        learnable(key, window(of: key, latest: count))
    }

    package var figures: LiveFigures { LiveFigures() }
}
