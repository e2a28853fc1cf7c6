extension EntitySource {
    /// All rows, and what is known of each.
    package struct LabelledRows: Sendable {
        /// The rows.
        package var frame: MetricFrame
        /// One label for each row; `nil` where nothing marks anomalies.
        package var labels: RowLabels?
        /// Whether the rows' times are their own, not counted.
        package var hasClock: Bool
        /// What is to be said of the labels, in words.
        package var notes: [String] = []
    }

    /// All rows with their labels: those of the file that goes with the source, else those of the column that marks
    /// anomalies.
    ///
    /// - Throws: ``TelemetryError`` for what cannot be read, and for a label file that does not fit the rows.
    package func readLabelled(options: ReaderOptions = ReaderOptions()) throws -> LabelledRows {
        var reader = try makeReader(options: options)
        guard let frame = try reader.readAll() else {
            throw TelemetryError(.empty, path: files.first, found: "no row", expected: "a header and rows")
        }
        let layout = reader.layout
        var result = LabelledRows(frame: frame, labels: frame.labels.map(RowLabels.init(values:)), hasClock: true)
        if case .rows = layout.clock { result.hasClock = false }
        result.notes = layout.labelNotes
        guard let labelFile else { return result }
        let found = try LabelFile(labelFile, options: options).labels(
            ofRows: frame.rowCount, times: result.hasClock ? frame.times : nil, areSorted: layout.isReordered,
            of: files.first ?? entity)
        (result.labels, result.notes) = (found.labels, found.notes)
        return result
    }
}
