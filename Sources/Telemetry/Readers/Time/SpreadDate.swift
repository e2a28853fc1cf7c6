import Platform

/// A date of which the year, the month and the day stand in columns of their own, as one number that is added up cell by cell,
/// in whatever order the columns stand.
///
/// Seconds of the day are the lowest part; above them stand the day, the month and the year.
enum SpreadDate {
    /// What one day, one month and one year are worth. A day has room for hours beyond its end: those that end at 24.
    static let day = 262_144.0
    static let month = 64 * day
    static let year = 16 * month

    /// Years that are read.
    static let years: ClosedRange<Double> = 1900...2199

    /// The seconds since 1970 that the sum stands for; `nil` for a day that the calendar does not have.
    static func seconds(_ sum: Double) -> Double? {
        guard (year * years.lowerBound..<year * (years.upperBound + 1)).contains(sum) else { return nil }
        let days = Int(sum / day)
        let (date, rest) = (date(days), sum - Double(days) * day)
        guard CivilTime.isDay(year: date.year, month: date.month, day: date.day) else { return nil }
        return Double(CivilTime.daysSince1970(year: date.year, month: date.month, day: date.day) * 86_400) + rest
    }

    /// The date as it stands in the columns, for messages.
    static func text(_ sum: Double) -> String {
        let date = date(Int(sum / day))
        return "\(date.year)-\(date.month)-\(date.day)"
    }

    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        (days / 1024, days / 64 % 16, days % 64)
    }
}
