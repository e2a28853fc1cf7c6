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
        book.raise(
            .samplesRefused, source: settings.source, at: time, count: count,
            detail: "native histograms are not taken; classic ones are")
    }

    /// Takes that an answer is larger than allowed, or cannot be unpacked: nothing of it counts.
    package mutating func takeOversized(_ reason: String, on target: SeriesResolver.Target, at time: Double) {
        book.raise(.overBound, entity: target.entity, source: settings.source, at: time, detail: reason)
    }
}
