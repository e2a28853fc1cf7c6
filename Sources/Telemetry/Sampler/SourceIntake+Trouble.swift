/// What is wrong with a source, beside what its answers say.
extension SourceIntake {
    /// Takes that a target could not be read.
    package mutating func takeFailure(_ reason: String, on target: SeriesResolver.Target, at time: Double) {
        var state = targets[target] ?? TargetState()
        state.failures += 1
        targets[target] = state
        guard state.failures >= settings.failuresUntilDown else { return }
        book.raise(
            .sourceDown, entity: target.entity, source: settings.source, at: time, detail: reason)
    }

    /// Takes that a target that gives no exposition has answered.
    package mutating func takeSuccess(on target: SeriesResolver.Target, at time: Double) {
        targets[target]?.failures = 0
        book.clear(.sourceDown, entity: target.entity, source: settings.source, at: time)
    }

    /// Takes that something was pushed that cannot be read.
    package mutating func takeMalformed(_ what: String, at time: Double) {
        book.raise(.malformed, source: settings.source, at: time, detail: what)
    }

    /// Takes that what was pushed could be read.
    package mutating func takeReadable(at time: Double) {
        book.clear(.malformed, source: settings.source, at: time)
    }

    /// Takes that samples came of a kind that is not taken.
    package mutating func takeUnsupported(_ count: Int, at time: Double) {
        refusals.unsupported = refusals.unsupported ?? "native histograms are not taken; classic ones are"
        tellRefusals(count, at: time)
    }

    /// Takes that samples were left out whose times are too far ahead of the clock by which they came.
    package mutating func takeAhead(_ ahead: PushedSamples.Ahead, at time: Double) {
        refusals.lastAhead = time
        refusals.ahead = refusals.ahead ?? "samples were left out: \(ahead.description(at: time))"
        tellRefusals(ahead.count, at: time)
    }

    /// What was refused of a source, by why; told once each.
    struct Refusals {
        /// Seconds without one after which none comes any more.
        static let secondsUntilOver = 60.0
        var unsupported: String?
        var ahead: String?
        var lastAhead = -Double.infinity
        var unnamed: String?
        /// Series of such names that were not told yet.
        var newlyUnnamed = 0
    }

    private mutating func tellRefusals(_ count: Int, at time: Double) {
        let standing = [
            ("native histograms", refusals.unsupported), ("times ahead of the clock", refusals.ahead),
            ("names", refusals.unnamed),
        ].filter { $0.1 != nil }
        book.raise(
            .samplesRefused, source: settings.source, at: time, subjects: standing.map(\.0), count: count,
            detail: standing.compactMap(\.1).joined(separator: "; "))
    }

    /// Tells of names that cannot be used, and says that no sample is ahead of the clock any more, when none has been for a
    /// minute.
    mutating func lookAtRefusals(at time: Double) {
        book.pass(to: time)
        if refusals.newlyUnnamed > 0 {
            tellRefusals(refusals.newlyUnnamed, at: time)
            refusals.newlyUnnamed = 0
        }
        guard refusals.ahead != nil, time - refusals.lastAhead >= Refusals.secondsUntilOver else { return }
        refusals.ahead = nil
        if refusals.unsupported == nil, refusals.unnamed == nil {
            book.clear(.samplesRefused, source: settings.source, at: time)
        }
    }

    /// A series for which there is no room, and the entity whose metrics are too many; `nil`: the source has too many.
    struct Beyond {
        var series: String
        var entity: String?
    }

    /// Tells of series that were pushed for which there is no room: once of the source, once of each entity.
    mutating func tellBeyond(at time: Double) {
        guard !beyond.isEmpty else { return }
        let byEntity = Dictionary(grouping: beyond, by: \.entity).sorted { ($0.key ?? "") < ($1.key ?? "") }
        for (entity, series) in byEntity {
            guard !book.stands(.overBound, entity: entity, source: settings.source) else { continue }
            let few = series.prefix(DataQualityBook.mostSubjects).map(\.series)
            book.raise(
                .overBound, entity: entity, source: settings.source, at: time, subjects: few, count: series.count,
                detail: "\(series.count) series beyond the bound are left out, such as \(few[0].prefix(200))")
        }
        beyond = []
    }

    /// Takes that an answer is larger than allowed, or cannot be unpacked: nothing of it counts.
    package mutating func takeOversized(_ reason: String, on target: SeriesResolver.Target, at time: Double) {
        book.raise(.overBound, entity: target.entity, source: settings.source, at: time, detail: reason)
    }
}
