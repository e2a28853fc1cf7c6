/// What is worth saying about the times and labels of a source before anything is learned from it.
public struct ClockAudit: Sendable {
    /// Rows seen.
    public private(set) var rows = 0
    /// Rows with the same time as the row before.
    public private(set) var duplicates = 0
    /// Rows with an earlier time than the row before.
    public private(set) var backwardSteps = 0
    /// Rows that are labelled anomalous.
    public private(set) var labelledRows = 0
    /// Runs of them.
    public private(set) var labelledEvents = 0
    private var isInEvent = false
    /// The earliest time in seconds.
    public private(set) var firstTime: Double?
    /// The latest time in seconds.
    public private(set) var lastTime: Double?
    /// Times after steps back, and ahead, of a whole hour or half of one.
    private var hoursBack: [Double] = []
    private var hoursAhead: [Double] = []
    private var previous: Double?
    private var step: Double?

    /// Nothing has been seen.
    public init() {}

    /// Looks at the rows of a frame.
    public mutating func add(_ frame: MetricFrame) {
        var starts = frame.fileStarts[...]
        for (row, time) in frame.times.enumerated() {
            if starts.first == row {
                starts = starts.dropFirst()
                previous = nil
            }
            add(time)
            guard let labels = frame.labels else { continue }
            if labels[row] != 0 {
                labelledRows += 1
                if !isInEvent { labelledEvents += 1 }
            }
            isInEvent = labels[row] != 0
        }
    }

    private mutating func add(_ time: Double) {
        rows += 1
        firstTime = min(firstTime ?? time, time)
        lastTime = max(lastTime ?? time, time)
        defer { previous = time }
        guard let previous else { return }
        let elapsed = time - previous
        if elapsed == 0 { duplicates += 1 }
        if elapsed < 0 { backwardSteps += 1 }
        if let step, step < 900 {
            let jump = elapsed - step
            let isHour = jump.magnitude > 1700 && (jump / 1800 - (jump / 1800).rounded()).magnitude * 1800 <= 2 * step
            if isHour, jump.magnitude < 15 * 3600 {
                if jump < 0, hoursBack.count < 8 { hoursBack.append(time) }
                if jump > 0, hoursAhead.count < 8 { hoursAhead.append(time) }
            }
        }
        if elapsed > 0, step.map({ elapsed < 5 * $0 }) ?? true { step = elapsed }
    }

    /// Whether times are seconds since 1970.
    public func isAbsolute(_ layout: SourceLayout) -> Bool {
        switch layout.clock {
        case .rows: false
        case .text: true
        case .number: (firstTime ?? 0) >= 1e8
        }
    }

    /// What there is to say, a line each.
    ///
    /// - Parameters:
    ///   - isTraining: whether models are to be learned from the rows, for which there may be too few.
    ///   - namesTexts: whether columns of text that are left out are named.
    public func notes(_ layout: SourceLayout, isTraining: Bool = false, namesTexts: Bool = true) -> [String] {
        var notes = layout.notes
        if case .rows(let seconds) = layout.clock, layout.format != .fiveGENodeB {
            notes.append("no column with a time: rows are taken to be \(Self.text(seconds)) s apart (--row-seconds)")
        }
        if !layout.entityColumns.isEmpty {
            notes.append("entities are told apart by \(layout.entityColumns.joined(separator: ", "))")
        }
        if !layout.seriesColumns.isEmpty {
            notes.append("series are told apart by \(layout.seriesColumns.joined(separator: ", "))")
        }
        notes += Self.labelNotes(layout, isTraining: isTraining)
        if namesTexts, !layout.textColumns.isEmpty {
            let names = layout.textColumns.prefix(8).joined(separator: ", ")
            let more = layout.textColumns.count > 8 ? ", … (\(layout.textColumns.count))" : ""
            notes.append("columns of text, left out: \(names)\(more)")
        }
        if duplicates > 0 { notes.append("\(duplicates) of \(rows) rows repeat the time of the row before") }
        if backwardSteps > 0 {
            notes.append(
                "\(backwardSteps) of \(rows) rows go back in time: passed over as late, unless three in a row do")
        }
        if let time = hoursBack.first {
            notes.append(
                "the clock goes back by an hour or so at \(SampleTime.text(time)): local time without its zone, or a clock that "
                    + "was set; times are best exported in UTC")
        }
        if let time = hoursAhead.first {
            notes.append(
                "an hour or so is missing before \(SampleTime.text(time)): a gap, or a clock that was set ahead")
        }
        if isTraining, rows < Self.fewRows {
            notes.append(
                "\(rows) rows are few: detectors want at least \(Self.fewRows), and thresholds are wide until then")
        }
        if isTraining, isAbsolute(layout), let firstTime, let lastTime, lastTime - firstTime < 86_400 * 0.95 {
            notes.append(
                "\(Self.text(((lastTime - firstTime) / 360).rounded() / 10)) h of data are less than a day: what is normal at "
                    + "other times of day is not known, and will be taken for strange; a week is better")
        }
        return notes
    }

    /// How much is labelled, in words; `nil` without a label column.
    public func labelledNote(_ layout: SourceLayout) -> String? {
        guard let label = layout.labelColumn else { return nil }
        let events = labelledEvents == 1 ? "1 event" : "\(labelledEvents) events"
        return "\(labelledRows) of \(rows) rows are labelled anomalous by '\(label)', in \(events)"
            + (2 * labelledRows > rows ? ": more than are normal" : "")
    }

    private static func labelNotes(_ layout: SourceLayout, isTraining: Bool) -> [String] {
        guard let label = layout.labelColumn else { return [] }
        var notes = layout.labelNotes
        let (others, mirrors) = (layout.differingLabels, layout.mirroringColumns)
        let same = layout.tellingLabels.filter {
            !others.contains($0) && !mirrors.contains($0) && !layout.joinedLabels.contains($0)
        }
        if !layout.joinedLabels.isEmpty {
            notes.append(
                "a row is anomalous where one metric's label says so: '\(label)', \(layout.joinedLabels.joined(separator: ", "))"
            )
        }
        if !same.isEmpty {
            notes.append(
                "the column '\(label)' marks anomalies; left out, since they tell the same: \(same.joined(separator: ", "))"
            )
        } else if isTraining || label.lowercased() != "label" || !layout.tellingLabels.isEmpty {
            notes.append("the column '\(label)' marks anomalies and is no metric")
        }
        if let first = others.first {
            notes.append(
                "left out, too, though they mark other rows than '\(label)': \(others.joined(separator: ", ")) "
                    + "(--label-column \(first) takes that instead)")
        }
        if !mirrors.isEmpty {
            notes.append(
                "left out, since they change in just the rows that '\(label)' marks, whatever they measure: "
                    + mirrors.joined(separator: ", "))
        }
        return notes
    }

    /// Fewer rows than this are said to be few.
    public static let fewRows = 1000

    private static func text(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
    }

}
