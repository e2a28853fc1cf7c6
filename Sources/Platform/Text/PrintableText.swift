/// Text that comes from files, names and peers, as it may stand in a line that a person reads.
package enum PrintableText {
    /// Whether a scalar shows as what it is. Controls, line ends, marks that turn the direction of writing or hide
    /// themselves, and code points without a meaning do not; the two joiners, which scripts and emoji need, do.
    package static func shows(_ scalar: Unicode.Scalar) -> Bool {
        if scalar == "\u{200C}" || scalar == "\u{200D}" { return true }
        return switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
        default: true
        }
    }

    /// The text on one line, with `\u{202E}` and the like in place of what does not show, and an ellipsis in place of what
    /// is beyond `limit` scalars.
    package static func line(_ text: String, limit: Int = .max) -> String {
        // Almost every text is plain.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), text.utf8.count <= limit { return text }
        var line = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < limit else { return line + "…" }
            if shows(scalar) {
                line.unicodeScalars.append(scalar)
            } else {
                line += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            }
        }
        return line
    }
}
