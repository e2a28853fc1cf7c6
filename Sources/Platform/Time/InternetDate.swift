/// Dates of mail and HTTP, in seconds since 1970.
///
/// Sources: RFC 5322, section 3.3; RFC 9110, section 5.6.7.
package enum InternetDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// A date of mail in UTC: `Thu, 01 Jan 1970 00:00:00 +0000`.
    ///
    /// - Parameter seconds: from the year 1970 to the year 9999; others count as the nearer of the two.
    package static func text(_ seconds: Int64) -> String {
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let (days, rest) = (seconds / 86_400, seconds % 86_400)
        let (year, month, day) = CivilTime.date(daysSince1970: Int(days))
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(weekdays[Int(days % 7)]), \(two(Int64(day))) \(months[month - 1]) \(year) "
            + "\(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60)) +0000"
    }

    /// A date of HTTP in one of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and
    /// `Sun Nov  6 08:49:37 1994`.
    ///
    /// - Parameter now: seconds since 1970; a year of two digits is the one that is at most 50 years ahead.
    /// - Returns: `nil` for what is none.
    package static func seconds(ofHTTP text: String, now: Int64) -> Int64? {
        guard text.utf8.count <= 40 else { return nil }
        let words = text.split(separator: " ").map(String.init)
        var (day, month, year, time) = ("", "", "", "")
        switch words.count {
        case 6 where words[5] == "GMT": (day, month, year, time) = (words[1], words[2], words[3], words[4])
        case 5: (day, month, year, time) = (words[2], words[1], words[4], words[3])
        case 4 where words[3] == "GMT":
            let parts = words[1].split(separator: "-").map(String.init)
            guard parts.count == 3, parts[2].utf8.count == 2 else { return nil }
            (day, month, year, time) = (parts[0], parts[1], parts[2], words[2])
        default: return nil
        }
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { number(String($0), 2) }
        guard let month = months.firstIndex(of: month), let day = number(day, 2), (1...31).contains(day),
            var full = number(year, 4), clock.count == 3, let hour = clock[0], let minute = clock[1],
            let second = clock[2], hour < 24, minute < 60, second <= 60
        else { return nil }
        if year.utf8.count == 2 {
            let present = Int64(CivilTime.date(daysSince1970: Int(max(0, now) / 86_400)).year)
            full += present / 100 * 100
            if full > present + 50 { full -= 100 }
        }
        let days = CivilTime.daysSince1970(year: Int(full), month: month + 1, day: Int(day))
        return Int64(days) * 86_400 + hour * 3_600 + minute * 60 + second
    }

    private static func number(_ text: String, _ most: Int) -> Int64? {
        let isNumber = (1...most).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isNumber ? Int64(text) : nil
    }
}
