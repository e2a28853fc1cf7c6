/// Lines below a table that are no rows of it: `Total,…`, `Averages (of 60 values)`, `(60 rows affected)`.
enum TableFooter {
    /// Longest footer.
    static let mostBytes = 1 << 14

    private static let words: Set<String> = [
        "total", "totals", "sum", "sums", "average", "averages", "avg", "mean", "median", "min", "minimum", "max",
        "maximum",
        "count", "std", "summe", "summen", "gesamt", "durchschnitt", "mittelwert", "moyenne", "somme", "promedio",
        "suma",
        "media", "totale",
    ]

    /// Whether a line is of a footer, by its first word.
    static func isOne(_ line: some Collection<UInt8>) -> Bool {
        let text = String(decoding: line.prefix(80).drop { [0x22, 0x20, 0x09].contains($0) }, as: UTF8.self)
            .lowercased()
        if text.first == "(" || text.first?.isNumber == true {
            let rest = text.drop { $0 == "(" }.drop { $0.isNumber }
            return rest.hasPrefix(" row") && rest.dropFirst(4).allSatisfy { $0.isLetter || "() .;,\t\"".contains($0) }
        }
        return words.contains(String(text.prefix { $0.isLetter }))
    }

    /// Whether all lines that are not blank are of a footer.
    static func isAll(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.count <= mostBytes
            && bytes.split(separator: 0x0A).allSatisfy { line in
                line.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } || isOne(line)
            }
    }
}
