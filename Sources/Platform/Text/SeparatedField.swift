/// A field of a text with commas between its fields.
package enum SeparatedField {
    /// The field as it stands in a row: in quotes where it holds a comma, a quote or the end of a line (RFC 4180).
    package static func text(_ field: String) -> String {
        guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }
}
