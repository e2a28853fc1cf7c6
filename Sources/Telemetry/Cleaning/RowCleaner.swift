package import Platform

/// Cleans the rows of one entity as they come, once for all that look at them, and remembers what the next row needs.
/// No row ever changes because of a later one.
public struct RowCleaner: Sendable {
    /// What the stream consists of.
    public let schema: StreamSchema
    private var clock: RowClock
    private let carryLimit: Int32
    private var cells: [CellCleaner]
    /// What changed about the clock so far.
    public private(set) var clockChanges: [RowClock.Change] = []
    /// Whether every metric of a group is away.
    private var silent: [Bool]

    /// A cleaner at the start of an entity's stream.
    ///
    /// - Parameter columns: those of the source, in its order.
    /// - Throws: ``TelemetryError`` when the pipeline knows neither the type nor another one with these columns.
    public init(
        pipeline: CleaningPipeline, site: String, entity: String, type: String, columns: [String]
    ) throws {
        let (schema, plan, rules) = try StreamSchema.resolve(
            pipeline, site: site, entity: entity, type: type, columns: columns)
        self.schema = schema
        clock = RowClock(step: plan.steps[schema.key] ?? plan.step, gapFactor: pipeline.options.gapFactor)
        carryLimit = Int32(clamping: pipeline.options.carryLimit)
        cells = zip(rules, schema.columnOfMetric).map { rule, column in
            CellCleaner(rule, column: column, expected: rule.expected[schema.key])
        }
        silent = [Bool](repeating: false, count: schema.groups.count)
    }

    /// What each metric that was constant in training should be, by its place among the metrics; for an entity unknown
    /// then, the first value that it showed. NaN: nothing is expected.
    func expected(_ metrics: Range<Int>) -> [Double] { cells[metrics].map(\.expected) }

    /// Metrics that are away, by their places.
    package var away: [Int] { cells.indices.filter { cells[$0].age == 0 } }

    /// Cleans the rows of a frame and adds them to `rows`.
    ///
    /// - Throws: ``TelemetryError`` when the frame has other columns than the cleaner was made for.
    /// - Precondition: the rows have this cleaner's schema.
    public mutating func append(_ frame: MetricFrame, to rows: inout CleanRows) throws {
        // The reader's own array is the one that the stream began with: nothing is compared then.
        guard frame.schema == schema.columns else {
            throw TelemetryError(
                .mismatch, found: "a frame with columns \(CleaningPipeline.listed(frame.schema))",
                expected: "\(CleaningPipeline.listed(schema.columns))")
        }
        var fileStarts = frame.fileStarts[...]
        frame.values.withUnsafeBufferPointer { values in
            for row in 0..<frame.rowCount {
                let startsFile = fileStarts.first == row
                if startsFile { fileStarts = fileStarts.dropFirst() }
                let start = row * frame.columnCount
                append(
                    time: frame.times[row],
                    values: UnsafeBufferPointer(rebasing: values[start..<start + frame.columnCount]),
                    index: frame.firstRow + row, label: frame.labels?[row], startsFile: startsFile, to: &rows)
            }
        }
    }

    /// Cleans one row and adds it to `rows`.
    ///
    /// - Parameters:
    ///   - time: seconds.
    ///   - values: one value for each column; NaN: missing.
    ///   - index: index of the row among the entity's rows.
    ///   - label: 1 where the source marks the row as anomalous.
    ///   - startsFile: whether nothing connects the row to the one before it.
    /// - Precondition: there is one value for each column, and the rows have this cleaner's schema.
    public mutating func append(
        time: Double, values: UnsafeBufferPointer<Double>, index: Int, label: UInt8? = nil, startsFile: Bool = false,
        to rows: inout CleanRows
    ) {
        precondition(
            values.count == schema.columns.count && rows.width == cells.count, "values and rows of this schema")
        let place = clock.place(time, startsFile: startsFile)
        let (restarted, isLate) = (place == .restart, place == .late)
        let gap = restarted || place == .gap
        if let change = clock.takeChange() { clockChanges.append(change) }
        let carryLimit = carryLimit
        var changes: [CleanRows.PresenceChange] = []
        cells.withUnsafeMutableBufferPointer { cells in
            rows.appendRow(time: time, index: index, label: label, startsSegment: gap) { cleaned, marks, ages in
                for metric in cells.indices {
                    if restarted { cells[metric].restart() }
                    let wasAway = cells[metric].age == 0
                    (cleaned[metric], marks[metric]) = cells[metric].update(
                        values, time: time, isLate: isLate, afterGap: gap, carryLimit: carryLimit)
                    ages[metric] = cells[metric].age
                    if (ages[metric] == 0) != wasAway {
                        changes.append(
                            CleanRows.PresenceChange(index: index, time: time, metric: metric, isAway: !wasAway))
                    }
                }
            }
        }
        rows.presenceChanges += changes
        for (index, group) in schema.groups.enumerated() {
            // A group that falls silent as a whole, and one that comes back, has a gap of its own.
            let isSilent =
                !group.varying.isEmpty && group.varying.allSatisfy { cells[$0].missingRun > carryLimit }
            rows.appendGroupStart(gap || isSilent != silent[index])
            silent[index] = isSilent
        }
    }
}

extension RowCleaner: StreamState {
    /// Writes what the next row needs.
    package func save(to state: inout StateWriter) {
        clock.save(to: &state)
        for cell in cells { cell.save(to: &state) }
        state.append(silent)
    }

    /// Takes it up, in a cleaner of the same schema.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        try clock.restore(from: &state)
        for index in cells.indices { try cells[index].restore(from: &state) }
        silent = try state.bools(count: silent.count)
    }
}
