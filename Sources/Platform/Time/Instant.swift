/// A point on a monotonic time line, in nanoseconds since an origin that the caller chose. The machines of this module
/// are handed instants and never read a clock.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the origin.
    package let nanoseconds: Int64

    /// The instant that many nanoseconds after the origin.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The origin.
    package static let zero = Instant(nanoseconds: 0)

    /// Whether `a` comes before `b`.
    package static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }

    /// The instant `duration` later; saturates at the end of the time line.
    package static func + (instant: Instant, duration: Duration) -> Instant {
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// The time from `b` to `a`.
    package static func - (a: Instant, b: Instant) -> Duration {
        .nanoseconds(a.nanoseconds.subtractingReportingOverflow(b.nanoseconds).partialValue)
    }
}

extension Duration {
    /// Whole nanoseconds, saturating after 292 years.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, again) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return again ? .max : sum
    }

    /// Twice itself, as often as that, but not beyond the longest, unless it is longer from the beginning: how patience grows
    /// with what it has waited for in vain.
    package func doubled(_ times: Int, atMost longest: Duration = .seconds(Int64.max >> 32)) -> Duration {
        var result = self
        for _ in 0..<max(0, times) where result < longest { result = result * 2 }
        return min(result, max(self, longest))
    }

    /// Whole milliseconds.
    package var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Seconds with their fraction.
    package var seconds: Double { Double(nanoseconds) / 1e9 }
}
