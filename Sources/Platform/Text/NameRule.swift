/// What names of entities, their types and groups may be: one rule for those who write them and those who read them.
///
/// Any Unicode text that shows, within a number of bytes. What files are called after a name is ``fileName(for:)``.
package enum NameRule {
    /// Bytes of a folder's or a file's name, and so of a site, an entity and a type.
    package static let longestPart = 255
    /// Bytes of an entity's key, `site/entity`.
    package static let longestEntity = 2 * longestPart + 1
    /// Bytes of a group's name without a type, `<layer>.<group>`.
    package static let longestKind = 64
    /// Bytes of a group's name, `<layer>.<group>@<type>`.
    package static let longestGroup = longestKind + 1 + longestPart
    /// Bytes of a column's name.
    package static let longestColumn = 4_096

    /// What is wrong with a name, as what was found and what is expected; `nil` for a good one.
    package static func flaw(in name: String, limit: Int) -> (found: String, expected: String)? {
        guard (1...limit).contains(name.utf8.count) else {
            return ("a name of \(name.utf8.count) bytes", "1 to \(limit) bytes")
        }
        if let scalar = name.unicodeScalars.first(where: { !PrintableText.shows($0) }) {
            return (
                "a name with the character U+\(String(scalar.value, radix: 16, uppercase: true))",
                "characters that can be seen"
            )
        }
        return nil
    }

    /// Bytes that a file name made of another name has at most; a suffix still fits.
    private static let longestFileName = 200

    /// A name for a file, different for different names: letters, digits and `. _ - + @` stay, every other byte becomes
    /// `%` and two digits; of one that is too long, or that a folder would hide, the beginning stays before `~` and a
    /// part of its SHA-256.
    package static func fileName(for name: String) -> String {
        var pieces: [String] = []
        var length = 0
        for byte in name.utf8 {
            let isPlain =
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
                    UInt8(ascii: "@"), UInt8(ascii: "+"):
                    true
                default: false
                }
            let digits = String(byte, radix: 16, uppercase: true)
            pieces.append(
                isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.utf8.count == 1 ? "0" : "") + digits)
            length += pieces[pieces.count - 1].utf8.count
        }
        if length <= longestFileName, length > 0, name.utf8.first != UInt8(ascii: ".") { return pieces.joined() }
        let digest = SHA256.hexadecimalDigest(of: name.utf8).prefix(32)
        var kept = ""
        for piece in pieces where piece != "." || !kept.isEmpty {
            guard kept.utf8.count + piece.utf8.count + digest.utf8.count < longestFileName else { break }
            kept += piece
        }
        return kept + "~" + digest
    }
}
