extension LabelFile {
    /// What a file of labels says of an entity's rows.
    package struct Found: Sendable, Equatable {
        /// One for each row.
        package var labels: RowLabels
        /// What else is to be said, in words.
        package var notes: [String]

        package init(labels: RowLabels, notes: [String] = []) { (self.labels, self.notes) = (labels, notes) }
    }

    /// The labels of rows.
    ///
    /// By time, every label between the first row and the last one must meet a row, and a file that names normal rows too
    /// must have a label for every row between its first and its last. By index, a file that leaves rows out, or names
    /// anomalous ones alone, means that the others are normal. By order, there must be one for each row.
    ///
    /// - Parameters:
    ///   - times: seconds of each row, `[rows]`; `nil` where the rows have no clock of their own.
    ///   - areSorted: whether the rows stand in another order than in their file.
    ///   - owner: what the rows are called in messages.
    /// - Throws: ``TelemetryError`` (`mismatch`, `malformed`) that names the line where labels and rows do not fit.
    package func labels(
        ofRows count: Int, times: [Double]?, areSorted: Bool = false, of owner: String
    ) throws -> Found {
        var found = try rows(count, times, areSorted, owner)
        if let note { found.notes.insert(note, at: 0) }
        return found
    }

    private func rows(_ count: Int, _ times: [Double]?, _ areSorted: Bool, _ owner: String) throws -> Found {
        if hasTimes, let times { return try byTime(times, owner) }
        guard !areSorted else {
            throw TelemetryError(
                .mismatch, path: path, line: 1,
                found: "labels by \(hasIndices ? "index" : "order") for rows that were sorted by time",
                expected: "a column of times, such as \(owner) has")
        }
        return Found(labels: try hasIndices ? byIndex(count, owner) : byOrder(count, owner))
    }

    /// Whether the time of any label is that of a row.
    package func meets(_ times: [Double]) -> Bool {
        let rows = Set(times.map(Self.key))
        return marks.contains { mark in mark.time.map { rows.contains(Self.key($0)) } ?? false }
    }

    private func byOrder(_ count: Int, _ owner: String) throws -> RowLabels {
        guard marks.count == count else {
            throw TelemetryError(
                .mismatch, path: path, found: "\(marks.count) labels",
                expected: "\(count), one for each of the \(count) rows of \(owner), or a column of indices or times")
        }
        return RowLabels(values: marks.map(\.label))
    }

    private func byIndex(_ count: Int, _ owner: String) throws -> RowLabels {
        var values = [UInt8](repeating: 0, count: count)
        for mark in marks {
            guard let index = mark.index, index < count else {
                throw TelemetryError(
                    .mismatch, path: path, line: mark.line, found: "row index \(mark.index ?? 0)",
                    expected: "one of the \(count) rows of \(owner), from 0 to \(count - 1)")
            }
            values[index] = mark.label
        }
        // A file that names every row up to some, normal ones too, was cut off or is of other rows.
        let isDense = marks.contains { $0.label == 0 } && (marks.compactMap(\.index).max() ?? 0) < marks.count
        guard !isDense || marks.count == count else {
            throw TelemetryError(
                .mismatch, path: path, found: "\(marks.count) labels, of each row from 0 to \(marks.count - 1)",
                expected: "one for each of the \(count) rows of \(owner), or those of anomalous rows alone")
        }
        return RowLabels(values: values)
    }

    private func byTime(_ times: [Double], _ owner: String) throws -> Found {
        let own = marks.map { $0.time ?? .nan }
        if own == times { return Found(labels: RowLabels(values: marks.map(\.label))) }
        var known: [Double: Int] = [:]
        known.reserveCapacity(own.count)
        for (place, time) in own.enumerated() {
            if let other = known.updateValue(place, forKey: Self.key(time)), marks[other].label != marks[place].label {
                throw TelemetryError(
                    .malformed, path: path, line: marks[place].line,
                    found: "another label for \(SampleTime.text(time)) than in line \(marks[other].line)",
                    expected: "one label for each time")
            }
        }
        var values = [UInt8](repeating: 0, count: times.count)
        var unlabelled: [Int] = []
        for (row, time) in times.enumerated() {
            if let place = known[Self.key(time)] { values[row] = marks[place].label } else { unlabelled.append(row) }
        }
        guard let first = times.min(), let last = times.max(), unlabelled.count < times.count else {
            throw TelemetryError(
                .mismatch, path: path, line: marks.first?.line,
                found: own.first.map { "labels from \(SampleTime.text($0)) on that meet no row" } ?? "no label",
                expected: "the times of \(owner), from \(SampleTime.text(times.min() ?? 0)) to "
                    + SampleTime.text(times.max() ?? 0))
        }
        let rows = Set(times.map(Self.key))
        if let stray = own.indices.first(where: {
            (first...last).contains(own[$0]) && !rows.contains(Self.key(own[$0]))
        }) {
            let nearest = times.min { abs($0 - own[stray]) < abs($1 - own[stray]) } ?? first
            throw TelemetryError(
                .mismatch, path: path, line: marks[stray].line,
                found: "a label of \(SampleTime.text(own[stray])), when there is no row",
                expected: "the times of \(owner), of which \(SampleTime.text(nearest)) is the nearest")
        }
        let namesNormal = marks.contains { $0.label == 0 }
        if namesNormal, let start = own.min(), let end = own.max(),
            let bare = unlabelled.first(where: { (start...end).contains(times[$0]) })
        {
            throw TelemetryError(
                .mismatch, path: path, found: "no label of \(SampleTime.text(times[bare])), when \(owner) has a row",
                expected: "one for every row between the first label and the last, or those of anomalous rows alone")
        }
        var found = Found(labels: RowLabels(values: values))
        if namesNormal, !unlabelled.isEmpty {
            found.notes.append(
                "\(unlabelled.count) of \(times.count) rows lie before or after all labels, and count as normal")
        }
        let beyond = own.indices.filter { !(first...last).contains(own[$0]) }
        if !beyond.isEmpty {
            let anomalous = beyond.count { marks[$0].label != 0 }
            found.notes.append(
                "\(beyond.count) of \(own.count) labels, \(anomalous) of them anomalous, lie before or after all rows")
        }
        return found
    }

    /// Times that are the same to the millisecond are the same.
    private static func key(_ time: Double) -> Double { (time * 1_000).rounded() }
}
