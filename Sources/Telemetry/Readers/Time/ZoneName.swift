/// Abbreviations of time zones whose offset is beyond doubt.
///
/// Left out on purpose, because two parts of the world use them for different offsets: `CST` (America, China), `IST`
/// (India, Ireland, Israel), `AST` (America, Arabia). A time with one of these is refused, not guessed.
enum ZoneName {
    /// Seconds east of UTC; `nil` for a word that is no zone or an ambiguous one.
    static func offset(_ word: [UInt8]) -> Int? {
        guard word.count <= 5 else { return nil }
        return hours[String(decoding: word, as: UTF8.self)].map { Int($0 * 3600) }
    }

    private static let hours: [String: Double] = [
        "z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2, "mez": 1,
        "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "sast": 2, "est": -5, "edt": -4, "cdt": -5, "mst": -7, "mdt": -6,
        "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "brt": -3, "jst": 9, "kst": 9, "hkt": 8, "sgt": 8,
        "awst": 8, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
    ]
}
