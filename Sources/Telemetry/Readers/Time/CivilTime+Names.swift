import Platform

/// What people write of the calendar.
extension CivilTime {
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
