import Services
package import Telemetry

// What a store is told and what it tells.
extension SampleStore {
    /// How much is kept.
    package struct Limits: Sendable, Hashable {
        /// Bytes of compressed rows; the file is a little larger.
        package var bytes = 1 << 30
        /// Seconds before an entity's latest row, for each has a clock of its own, and seconds without a row after which an
        /// entity goes, in the store's own time; `nil`: as long as there is room.
        package var ageSeconds: Double? = 14 * 86_400
        /// Entities; beyond, those go first that have had no rows for longest, an hour at least.
        package var entities = LiveEntity.most
        /// Seconds by which a row may jump ahead of this machine's clock.
        package var aheadSeconds = SourceIntake.mostAheadSeconds
        /// Values in a block.
        package var blockValues = 65_536

        /// A gibibyte and two weeks.
        package init() {}

        /// Rows in a block of so many columns.
        func blockRows(columns: Int) -> Int { max(32, min(1_024, blockValues / max(1, columns))) }
    }

    /// An entity that has rows here.
    package struct Entity: Sendable, Hashable {
        /// Its number, for as long as the store lives.
        package var number: Int
        /// The site.
        package var site: String
        /// Its name.
        package var name: String
        /// Its type.
        package var type: String
        /// Its columns so far; places never change.
        package var columns: [String]
        /// The first row that is still there.
        package var firstRow: Int
        /// Behind the last row.
        package var nextRow: Int
        /// The time of the last row; `nil` before there is one.
        package var lastTime: Double?

        /// `site/entity`.
        package var key: String { "\(site)/\(name)" }
    }

    /// Rows to add to an entity.
    package struct Addition: Sendable {
        /// The site.
        package var site: String
        /// The entity.
        package var entity: String
        /// Its type, for its first rows.
        package var type: String
        /// Its columns so far.
        package var columns: [String]
        /// The rows.
        package var rows: [SampledRow]

        /// An addition with every field given.
        package init(site: String, entity: String, type: String, columns: [String], rows: [SampledRow]) {
            self.site = site
            self.entity = entity
            self.type = type
            self.columns = columns
            self.rows = rows
        }

        /// The same rows with the columns in the order in which the store has them; new ones come at the end. Another
        /// source of the entity may have had its columns in another order.
        func fitting(_ known: [String]) -> Addition {
            guard !columns.starts(with: known) else { return self }
            var result = self
            result.columns = known
            var places = Dictionary(uniqueKeysWithValues: known.enumerated().map { ($0.element, $0.offset) })
            let targets = columns.map { name in
                if let place = places[name] { return place }
                result.columns.append(name)
                places[name] = result.columns.count - 1
                return result.columns.count - 1
            }
            result.rows = rows.map { row in
                var values = [Double](repeating: .nan, count: result.columns.count)
                for (column, value) in row.values.enumerated() { values[targets[column]] = value }
                return SampledRow(time: row.time, values: values, quality: row.quality)
            }
            return result
        }
    }

    /// What the store has done, for whoever watches it.
    package struct Counters: Sendable, Hashable {
        /// Rows taken since the start.
        package var appended = 0
        /// Rows that were let go since the start, to make room or because they were too old.
        package var forgotten = 0
        /// Blocks that were not what was written.
        package var damaged = 0
        /// Bytes of compressed rows.
        package var bytes = 0
        /// Samples behind them.
        package var samples = 0
    }
}
