/// Keeps what comes and goes from being told each time: it is told when it begins, and over at once where it has not come
/// back lately. What comes back within an hour is over only when it has been well for as long as it was wrong, at least
/// half a minute, twice that with each time that it was told, and at most an hour. A value: time is handed in.
package struct Steadiness: Sendable, Hashable {
    /// Seconds for which what came back has to be well, at least and at most.
    package static let (shortest, longest) = (30.0, 3_600.0)

    /// Whether it was told that it began, and not yet that it is over.
    package private(set) var stands = false
    /// How often it was over and came back since it was told.
    package private(set) var returns = 0
    /// Seconds for which it has to be well now.
    package private(set) var hold = 0.0
    private var since = 0.0
    private var wellSince: Double?
    private var ended: Double?
    /// How often it was told without an hour between.
    private var tellings = 0

    /// Nothing is wrong, and nothing was.
    package init() {}

    /// Whether it is over, and that is not told yet.
    package var isEnding: Bool { stands && wellSince != nil }

    /// It is wrong.
    ///
    /// - Parameter time: seconds.
    /// - Returns: whether that is news.
    package mutating func begins(at time: Double) -> Bool {
        if stands {
            if wellSince != nil { returns += 1 }
            wellSince = nil
            return false
        }
        tellings = ended.map { abs(time - $0) < Self.longest } ?? false ? tellings + 1 : 0
        (stands, since, returns, wellSince) = (true, time, 0, nil)
        hold = tellings == 0 ? 0 : min(Self.longest, Self.shortest * Double(1 << min(tellings - 1, 10)))
        return true
    }

    /// It is well.
    ///
    /// - Returns: whether that is news; otherwise ``passes(to:)`` says when it is.
    package mutating func ends(at time: Double) -> Bool {
        guard stands, wellSince == nil else { return passes(to: time) }
        if hold > 0 || returns > 0 { hold = min(Self.longest, max(hold, Self.shortest, time - since)) }
        wellSince = time
        return passes(to: time)
    }

    /// Time passes.
    ///
    /// - Returns: whether it is news now that it is over.
    package mutating func passes(to time: Double) -> Bool {
        guard stands, let well = wellSince else { return false }
        // A clock that was set back begins anew.
        if time < well { wellSince = time }
        guard !time.isFinite || !well.isFinite || time - well >= hold else { return false }
        (stands, wellSince, ended) = (false, nil, well)
        return true
    }
}
