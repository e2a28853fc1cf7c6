import Foundation

/// How large a score is in units of its threshold, in one byte on a logarithmic scale: sixteen levels to a doubling, from
/// 1/245 to 245. Above ``limit`` means above the threshold, and nothing else does.
package enum ScoreLevel {
    /// A score as large as its threshold.
    package static let limit: UInt8 = 128
    /// Nothing is known, such as before there is a threshold.
    package static let none: UInt8 = 0
    private static let perDoubling = 16.0

    /// The level of a score in units of its threshold; ``none`` for one that is no number.
    package static func level(of ratio: Double) -> UInt8 {
        guard ratio > 0, !ratio.isNaN else { return ratio == 0 ? 1 : none }
        let exact = (log2(min(ratio, 1e9)) * perDoubling).rounded()
        let place = ratio > 1 ? max(1, exact) : min(0, exact)
        return UInt8(min(127, max(-127, place)) + 128)
    }

    /// The score of a level in units of its threshold; `nil` for ``none``.
    package static func ratio(of level: UInt8) -> Double? {
        level == none ? nil : exp2((Double(level) - 128) / perDoubling)
    }
}
