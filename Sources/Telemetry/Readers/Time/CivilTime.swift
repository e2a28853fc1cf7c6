/// Calendar arithmetic without a time zone.
package enum CivilTime {
    /// Days from 1970-01-01 in the proleptic Gregorian calendar. Source: Hinnant, "chrono-compatible low-level date
    /// algorithms", `days_from_civil`.
    package static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date of a day counted from 1970-01-01; the inverse of ``daysSince1970(year:month:day:)``. Source: Hinnant,
    /// `civil_from_days`.
    package static func date(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    /// Whether the calendar has this day.
    static func isDay(year: Int, month: Int, day: Int) -> Bool {
        guard (1...12).contains(month), day >= 1 else { return false }
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= lengths[month - 1]
    }

    /// The month that an English name or its first three letters stand for, in lower case; `nil` for other words.
    static func month(named word: [UInt8]) -> Int? {
        guard word.count >= 3 else { return nil }
        let names = [
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december",
        ]
        for (index, name) in names.enumerated() {
            let name = Array(name.utf8)
            if word == name || word == Array(name.prefix(3)) || (index == 8 && word == Array("sept".utf8)) {
                return index + 1
            }
        }
        return nil
    }

    /// The month that a name or an abbreviation in German, French, Spanish, Portuguese, Italian or Dutch stands for, in lower
    /// case; `nil` for other words. No word of these is another month in another of the languages.
    static func month(inAnyLanguage word: String) -> Int? {
        if let month = month(named: Array(word.utf8)) { return month }
        return word.utf8.count < 3 ? nil : foreignMonths.firstIndex { $0.contains(word) }.map { $0 + 1 }
    }

    private static let foreignMonths: [Set<String>] = [
        ["januar", "jänner", "janvier", "janv", "enero", "ene", "janeiro", "gennaio", "gen", "januari"],
        [
            "februar", "feber", "février", "févr", "fév", "fevrier", "fevr", "fev", "febrero", "fevereiro", "febbraio",
            "februari",
        ],
        ["märz", "mär", "maerz", "mrz", "mars", "marzo", "março", "marco", "maart", "mrt"],
        ["avril", "avr", "abril", "abr", "aprile"],
        ["mai", "mayo", "maio", "maggio", "mag", "mei"],
        ["juni", "juin", "junio", "junho", "giugno", "giu"],
        ["juli", "juillet", "juil", "julio", "julho", "luglio", "lug"],
        ["août", "aout", "aoû", "agosto", "ago", "augustus"],
        ["septembre", "septiembre", "setembro", "set", "settembre", "sett"],
        ["oktober", "okt", "octobre", "octubre", "outubro", "out", "ottobre", "ott"],
        ["novembre", "noviembre", "novembro"],
        ["dezember", "dez", "décembre", "déc", "decembre", "diciembre", "dic", "dezembro", "dicembre"],
    ]

    /// Whether a word in lower case is an English day of the week or its first letters.
    static func isWeekday(_ word: [UInt8]) -> Bool {
        guard word.count >= 3 else { return false }
        return ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].contains {
            Array($0.utf8).starts(with: word)
        }
    }
}
