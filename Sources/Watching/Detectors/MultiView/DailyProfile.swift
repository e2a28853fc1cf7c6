package import Platform

/// What each metric is at each time of day: medians in bins, with straight lines between their middles.
package struct DailyProfile: Codable, Sendable {
    /// Bins of a day.
    package static let binCount = 96
    /// Seconds of a day.
    static let day = 86_400.0

    /// The medians `[bins × F]`, row-major.
    @Shelved package private(set) var medians: [Double]
    let width: Int

    /// A profile of `width` metrics.
    ///
    /// - Precondition: there is a median for each bin and metric.
    package init(medians: [Double], width: Int) {
        precondition(medians.count == Self.binCount * width, "a median for each bin and metric")
        self.medians = medians
        self.width = width
    }

    /// The position in the day, in bins: 0 ..< 96.
    static func phase(_ time: Double) -> Double {
        let remainder = time.truncatingRemainder(dividingBy: day)
        let inDay = remainder < 0 ? remainder + day : remainder
        let phase = inDay / day * Double(binCount)
        return phase < Double(binCount) ? phase : 0
    }

    /// The bin of a time.
    static func bin(_ time: Double) -> Int { Int(phase(time)) }

    /// The two bins whose medians surround a time, and the share of the second.
    static func neighbours(_ time: Double) -> (first: Int, second: Int, share: Double) {
        let position = phase(time) - 0.5
        let low = position.rounded(.down)
        let first = (Int(low) + binCount) % binCount
        return (first, (first + 1) % binCount, position - low)
    }
}
