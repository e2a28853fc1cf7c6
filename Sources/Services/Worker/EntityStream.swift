package import Federation
import Platform
package import Telemetry
package import Watching

/// One entity's live stream: rows come in, are scored, and alarm events come of the scores.
///
/// Alarms are decided by the detection method; the autoencoders' reconstruction error, in units of a threshold of its
/// own, goes along as evidence. The latest scores are kept for what alarms look like, no more of them than that needs.
package struct EntityStream {
    /// Whether every row was scored.
    package private(set) var hasEnded = false
    /// Whether its source was found to grow: it never ends then.
    private var isGrowing = false
    /// Rows scored.
    package private(set) var scoredRows = 0
    /// Times of the first and of the last row that were scored, in seconds; `nil` before there is one.
    package private(set) var times: ClosedRange<Double>?
    /// What the stream consists of.
    package var schema: StreamSchema { monitor.schema }
    /// Index of the row that comes next.
    package private(set) var nextRow = 0

    /// Where its rows come from.
    let source: EntitySource
    private var reader: any FrameReader
    private var monitor: EntityMonitor
    private var lifecycle: AlarmLifecycle
    /// Time of the source's first row: tells a source from another one that took its place.
    private var firstTime: Double?
    private var lastPoint = AlarmEvent.Point(index: 0, time: 0)
    /// The latest scores.
    private var history: EntityScores
    /// Row of the stream at which they begin.
    private var historyStart = 0
    /// What is wrong with the watching, as the stream sees it.
    private var book = DataQualityBook()
    /// Metrics that are away.
    private var away: Set<String> = []
    /// Whether the reader begins at the row of a state that the stream goes on from.
    private var isPositioned = false
    /// Rows that an alarm's evidence may reach back.
    private var evidenceRows: Int
    /// What was scored since somebody asked.
    private var tally: ScoreTally

    /// Rows that are kept while there is no alarm: what a fingerprint looks at before an event.
    private static let quietRows = 64
    /// Rows and bytes of scores that are never exceeded.
    private static let mostRows = 8_192
    private static let mostBytes = 32 << 20
    /// Metrics in a fingerprint.
    private static let causeCount = 6

    /// A stream at its beginning.
    ///
    /// - Parameters:
    ///   - worker: who is named in the events.
    ///   - version: the model version that is named in them.
    ///   - quietSamples: samples without an alarm after which one is cleared.
    ///   - reconstructs: whether the autoencoders' error goes along; without, they are not needed.
    ///   - engines: the model's autoencoders, shared by all streams of a thread.
    /// - Throws: what makes it impossible to read the source or to score it.
    package init(
        source: EntitySource, options: ReaderOptions, model: MonitoringModel, method: String, worker: String,
        version: UInt64, quietSamples: Int, reconstructs: Bool = true, engines: ModelEngines
    ) throws {
        self.source = source
        reader = try source.makeReader(options: options)
        monitor = try EntityMonitor(
            model: model, method: method, site: source.site, entity: source.entity, type: source.type,
            schema: reader.schema, givesEvidence: reconstructs, engines: engines)
        lifecycle = AlarmLifecycle(
            site: source.site, entity: source.entity, worker: worker, modelVersion: version, quietSamples: quietSamples,
            settlingSamples: Fingerprint.announcedRows, groupCount: monitor.model.scoredGroups.count - 1,
            identity: StreamIdentity(clock: reader.layout.clock, schema: reader.schema))
        history = EntityScores(of: monitor.model)
        evidenceRows = Self.evidenceRows(history)
        tally = ScoreTally(groups: history.groups.count)
    }

    private static func evidenceRows(_ scores: EntityScores) -> Int {
        max(1_024, min(mostRows, mostBytes / max(1, scores.bytesPerRow)))
    }

    /// Scores at most so many rows; returns the events that they make. No event where the source has nothing yet.
    package mutating func advance(rows: Int) throws -> [AlarmEvent] {
        guard !hasEnded else { return [] }
        let frame = try reader.nextChunk(maximumRows: rows)
        noteSkippedRows()
        guard let frame else { return isGrowing ? [] : end() }
        return try take(frame)
    }

    /// Looks whether rows were appended behind the end; then the stream goes on with them, and has no end any more.
    package mutating func goOn() -> Bool {
        guard reader.goOn() else { return false }
        (hasEnded, isGrowing) = (false, true)
        return true
    }

    /// Passes over all rows that there are, as if they had been scored elsewhere, and ends: what counts is what is appended.
    ///
    /// - Parameter warming: the last rows, which the scores of what follows depend on.
    package mutating func passToEnd(warming rows: Int) throws {
        let first = max(0, try source.countRows() - rows)
        var isOver = false
        while !isOver, nextRow < first {
            guard let frame = try reader.nextChunk(maximumRows: min(4_096, first - nextRow)) else { break }
            nextRow = frame.firstRow + frame.rowCount
            firstTime = firstTime ?? frame.times.first
            isOver = frame.rowCount == 0
        }
        while try warm(rows: 1_024, before: .max) > 0 {}
        _ = reader.takeSkippedRows()
        hasEnded = true
    }

    /// Ends the stream: an alarm that stands is cleared.
    package mutating func end() -> [AlarmEvent] {
        guard !hasEnded else { return [] }
        hasEnded = true
        var lifecycle = lifecycle
        defer { self.lifecycle = lifecycle }
        return withConfidence(lifecycle.end(at: lastPoint) { evidence(of: $0) })
    }

    /// Hears which of the entity's alarms were called false: from the next row on the same again is none, and one of them that
    /// stands is over. Returns the events that it makes.
    package mutating func heed(_ falseAlarms: [FalseAlarm]) -> [AlarmEvent] {
        let open = lifecycle.openEvent
        // What stands may have come further than it has told.
        monitor.tolerate(falseAlarms.map { alarm in open.map { alarm.reaching($0) } ?? alarm })
        guard let open, falseAlarms.contains(where: { $0.id == open.id }) else { return [] }
        var lifecycle = lifecycle
        defer { self.lifecycle = lifecycle }
        return withConfidence(lifecycle.dismiss(at: lastPoint) { evidence(of: $0) })
    }

    /// Scores rows that were read elsewhere; returns the events that they make.
    ///
    /// - Parameter mayStandAlarm: whether an alarm may stand of which this stream has not heard yet.
    private mutating func take(_ frame: MetricFrame, mayStandAlarm: Bool = false) throws -> [AlarmEvent] {
        guard frame.rowCount > 0 else { return [] }
        let isQuiet = lifecycle.earliestRow == nil && !mayStandAlarm
        let keeps = isQuiet ? Self.quietRows : evidenceRows + Self.quietRows
        if history.count > 2 * keeps {
            historyStart += history.count - keeps
            history.removeFirst(history.count - keeps)
        }
        if history.count == 0 { historyStart = frame.firstRow }
        let first = history.count
        lifecycle.see(frame)
        try monitor.append(frame, to: &history)
        scoredRows += frame.rowCount
        if firstTime == nil {
            firstTime = frame.times[0]
            if !monitor.missingColumns.isEmpty {
                raise(
                    .metricsVanished, at: frame.times[0], monitor.missingColumns,
                    "metrics that the model knows are not in the source")
            }
        }
        nextRow = frame.firstRow + frame.rowCount
        note(monitor.presence)
        var events: [AlarmEvent] = []
        var lifecycle = lifecycle
        let combined = history.combined
        for row in 0..<frame.rowCount {
            let place = first + row
            let time = history.times[place]
            lastPoint = AlarmEvent.Point(index: frame.firstRow + row, time: time)
            if time.isFinite { times = min(times?.lowerBound ?? time, time)...max(times?.upperBound ?? time, time) }
            let isAlarm = history.alarms[combined][place]
            let groups = isAlarm ? (0..<combined).filter { history.alarms[$0][place] } : []
            tally.add(history, row: place)
            let sample = AlarmLifecycle.Sample(
                point: lastPoint, isAlarm: isAlarm, ratio: history.ratio(place),
                groups: groups.map { history.groups[$0] }, groupRatios: groups.map { history.ratio(place, of: $0) },
                reconstruction: monitor.evidence(row))
            events += lifecycle.step(sample) { evidence(of: $0) }
        }
        self.lifecycle = lifecycle
        return withConfidence(events)
    }

    /// The same events with how far the thresholds that decided can be trusted.
    private func withConfidence(_ events: [AlarmEvent]) -> [AlarmEvent] {
        var events = events
        for index in events.indices { events[index].confidence = monitor.model.confidence?.level }
        return events
    }

    /// What rows of the stream look like: the metrics with the largest parts in the deviation, and the signature.
    /// Where the first of them are not at hand any more, there is no signature.
    private func evidence(of stream: Range<Int>) -> AlarmLifecycle.Evidence {
        let visible = max(historyStart, lastPoint.index + 1 - evidenceRows)
        let lower = max(visible, stream.lowerBound) - historyStart
        let upper = min(history.count, stream.upperBound - historyStart)
        guard lower < upper else { return AlarmLifecycle.Evidence(causes: [], signature: nil) }
        let print = Fingerprint(
            of: lower..<upper, in: history, groups: monitor.metricGroups, entity: source.key, firstIndex: historyStart)
        // The group where it most likely began comes first, and leaves room for others.
        let lead = print.groups.first?.group
        let leading = print.parts.filter { $0.group == lead }.prefix(Self.causeCount / 2)
        let others = print.parts.filter { part in !leading.contains { $0.metric == part.metric } }
        let causes = (leading + others).prefix(Self.causeCount).map { part in
            AlarmEvent.Cause(
                group: part.group, metric: part.metric, share: part.share,
                deviation: part.side < 0 ? -part.deviation : part.deviation)
        }
        let signature = FaultSignature(print).compact
        let isWhole = stream.lowerBound >= visible && signature.flaw == nil
        return AlarmLifecycle.Evidence(causes: causes, signature: isWhole ? signature : nil)
    }
}

extension EntityStream {
    /// The largest scores since the last call, and the time of the newest row; `nil` where there was no row.
    package mutating func takeScores() -> ScoreNews? {
        tally.take(
            entity: source.key, type: source.type, names: history.groups, standsAlarm: openAlarm != nil,
            isMissing: !away.isEmpty || !monitor.missingColumns.isEmpty)
    }
}

// MARK: - What is wrong with the watching

extension EntityStream {
    /// What was found wrong with the watching since the last call.
    package mutating func takeFindings() -> [DataQualityFinding] {
        book.pass(to: lastPoint.time)
        return book.take()
    }

    private static let findingSource = "stream"

    private mutating func raise(
        _ kind: DataQualityFinding.Kind, at time: Double, _ subjects: [String], count: Int? = nil, _ detail: String
    ) {
        book.raise(
            kind, entity: source.entity, source: Self.findingSource, at: time, subjects: subjects, count: count,
            detail: detail)
    }

    private mutating func note(_ changes: [CleanRows.PresenceChange]) {
        var rest = changes[...]
        while let first = rest.first {
            let together = rest.prefix { $0.index == first.index && $0.isAway == first.isAway }
            rest = rest.dropFirst(together.count)
            let names = together.map { schema.metrics[$0.metric] }
            if first.isAway { away.formUnion(names) } else { away.subtract(names) }
            noteAway(at: first.time)
        }
    }

    private mutating func noteAway(at time: Double) {
        let missing = away.union(monitor.missingColumns).sorted()
        if missing.isEmpty {
            book.clear(.metricsVanished, entity: source.entity, source: Self.findingSource, at: time)
        } else {
            raise(
                .metricsVanished, at: time, missing,
                missing.count == 1 ? "a metric is gone" : "\(missing.count) metrics are gone")
        }
    }

    private mutating func noteSkippedRows() {
        guard let skipped = reader.takeSkippedRows() else { return }
        let rows = skipped.count == 1 ? "a row that could not be read was" : "rows that could not be read were"
        raise(
            .malformed, at: lastPoint.time, [skipped.first.description], count: skipped.count, "\(rows) passed over")
        book.clear(.malformed, entity: source.entity, source: Self.findingSource, at: lastPoint.time)
    }
}

// MARK: - Over a restart, and from model to model

extension EntityStream {
    /// What ``resume(_:identity:)`` goes on from: everything that the next rows depend on besides the model.
    ///
    /// - Parameter identity: names the model; a state of another one is not taken up.
    package func state(identity: String = "") -> [UInt8] {
        var state = StateWriter()
        state.append(Array(identity.utf8))
        state.append(nextRow)
        state.append(scoredRows)
        state.append(firstTime)
        state.append(times?.lowerBound)
        state.append(times?.upperBound)
        state.append(lastPoint.index)
        state.append(lastPoint.time)
        state.append(historyStart)
        monitor.save(to: &state)
        history.save(to: &state)
        lifecycle.save(to: &state)
        state.append(book.since(.metricsVanished, entity: source.entity, source: Self.findingSource))
        return state.bytes
    }

    /// Goes on from a state, bit for bit as if nothing had happened: rows before ``nextRow`` are passed over.
    ///
    /// - Throws: ``StateError`` when the state is of another model or damaged, or the source has not that many rows;
    ///   what the reader throws. The stream is then of no further use.
    package mutating func resume(_ bytes: [UInt8], identity: String = "") throws {
        var state = StateReader(bytes)
        guard try state.bytes() == Array(identity.utf8) else { throw StateError("the state of another model") }
        nextRow = try state.int(in: 0...(1 << 60))
        scoredRows = try state.int(in: 0...(1 << 60))
        firstTime = try state.optionalDouble()
        let (first, last) = (try state.optionalDouble(), try state.optionalDouble())
        if let first, let last, first <= last { times = first...last }
        lastPoint = AlarmEvent.Point(index: try state.int(in: 0...(1 << 60)), time: try state.double())
        historyStart = try state.int(in: 0...(1 << 60))
        try monitor.restore(from: &state)
        try history.restore(from: &state)
        try lifecycle.restore(from: &state)
        let since = try state.optionalDouble()
        guard state.isAtEnd else { throw StateError("more bytes than a state has") }
        away = Set(monitor.away)
        if let since { noteAway(at: since) }
        _ = book.take()
        var passed = isPositioned ? nextRow : 0
        while passed < nextRow {
            guard let frame = try reader.nextChunk(maximumRows: min(4_096, nextRow - passed)) else {
                throw StateError("a source of \(passed) rows, expected at least \(nextRow)")
            }
            if passed == 0, let begin = frame.times.first, begin.bitPattern != firstTime?.bitPattern {
                throw StateError("a source that begins at \(begin) s, expected \(firstTime ?? .nan)")
            }
            passed = frame.rowCount == 0 ? nextRow : frame.firstRow + frame.rowCount
        }
        _ = reader.takeSkippedRows()
    }

    /// Goes on from a state with a reader that begins at its next row.
    ///
    /// - Throws: ``StateError`` when the state is of another model or damaged. The stream is then of no further use.
    package mutating func resumePositioned(_ bytes: [UInt8], identity: String) throws {
        isPositioned = true
        try resume(bytes, identity: identity)
    }

    /// Where the alarm that stands began; `nil` without one.
    package var openAlarm: AlarmEvent.Point? { lifecycle.openAlarm }

    /// Scores at most so many rows that come before `end`, without telling what they make: what another stream told of
    /// them counts. Returns how many there were.
    package mutating func warm(rows: Int, before end: Int) throws -> Int {
        guard !hasEnded, nextRow < end, let frame = try reader.nextChunk(maximumRows: min(rows, end - nextRow)),
            frame.rowCount > 0
        else { return 0 }
        let silent = lifecycle
        _ = try take(frame, mayStandAlarm: true)
        lifecycle = silent
        lifecycle.see(frame)
        book.tellWhatStands(at: lastPoint.time)
        // What these rows came to was told where they were scored.
        tally = ScoreTally(groups: history.groups.count)
        scoredRows = 0
        return frame.rowCount
    }

    /// Goes on in place of a stream of the same entity with another model, from the row that comes next there: that row is
    /// scored by this one and by nobody else. An alarm that stands goes on under its name and the version that found it.
    ///
    /// - Parameter version: the model version that is named in alarms from now on.
    /// - Throws: what the reader throws, or a ``StateError`` where the rows are not there.
    package mutating func takeOver(from other: EntityStream, version: UInt64) throws {
        while nextRow < other.nextRow {
            guard try warm(rows: 1_024, before: other.nextRow) > 0 else {
                throw StateError("rows up to \(nextRow), expected up to \(other.nextRow)")
            }
        }
        lifecycle = other.lifecycle
        lifecycle.modelVersion = version
        lifecycle.groupCount = monitor.model.scoredGroups.count - 1
        scoredRows = other.scoredRows
        times = other.times
        // What that one told stands, or is over now.
        book = other.book
        noteAway(at: lastPoint.time)
    }
}
