package import Platform

/// Lets through at most one note of each kind in a while, with the number of those that were held back: what a peer can
/// provoke as often as it likes does not fill a log.
package struct NoteLimiter: Sendable {
    private struct Past: Sendable {
        var last: Instant
        var held = 0
    }

    private var pasts: [String: Past] = [:]
    private let pause: Duration
    private let most: Int

    /// - Parameters:
    ///   - pause: time between two notes of a kind.
    ///   - most: kinds that are told apart; when there are more, those of the longest silence are forgotten.
    package init(pause: Duration = .seconds(60), most: Int = 1_024) {
        precondition(most > 0, "a limiter tells one kind at least apart")
        self.pause = pause
        self.most = most
    }

    /// The note, with how many of its kind were held back before it; `nil` when it is held back too.
    ///
    /// - Parameter key: names the kind besides its message: a sender and a reason.
    package mutating func pass(_ note: Note, _ key: String, at now: Instant) -> Note? {
        let key = "\(note.message)\n\(key)"
        if let past = pasts[key], now - past.last < pause {
            pasts[key]?.held += 1
            return nil
        }
        var note = note
        if let held = pasts[key]?.held, held > 0 { note.fields["heldBack"] = "\(held)" }
        if pasts.count >= most, pasts[key] == nil {
            let silent = pasts.sorted { $0.value.last < $1.value.last }.prefix(max(1, most / 2))
            for (key, _) in silent { pasts[key] = nil }
        }
        pasts[key] = Past(last: now)
        return note
    }
}
