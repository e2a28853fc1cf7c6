import Platform

/// What a peer that is too busy says of when it may be asked again: the header `Retry-After`.
///
/// Source: RFC 9110, section 10.2.3.
package enum RetryAfter {
    /// The wait that a header's value asks for.
    ///
    /// - Parameters:
    ///   - text: seconds, or a date of HTTP.
    ///   - now: seconds since 1970.
    /// - Returns: none below 0; `nil` for what is neither.
    package static func wait(_ text: String, now: Double) -> Duration? {
        let word = text.trimmingPrefix { $0 == " " }
        if !word.isEmpty, word.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // Whoever says more says for ever, and what is for ever is bounded by whoever waits.
            return .seconds(Int64(word) ?? 1 << 32)
        }
        guard now.isFinite, abs(now) < 1e11, let date = InternetDate.seconds(ofHTTP: text, now: Int64(now)) else {
            return nil
        }
        return max(.zero, .seconds(Double(date) - now))
    }
}
