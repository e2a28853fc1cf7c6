import Platform

/// Names from inside files as names of entities.
enum EntityName {
    private static let longest = 61

    /// A name without blanks, slashes and control characters, of at most 64 bytes. Of a longer one both ends are kept, and a
    /// digest of the whole: names of replicas differ at their ends.
    static func safe(_ name: String) -> String {
        let scalars = name.unicodeScalars.map { scalar -> Unicode.Scalar in
            let isSafe =
                scalar.value > 0x20 && scalar.value != 0x7F && scalar != "/" && !scalar.properties.isBidiControl
            return isSafe ? scalar : "_"
        }
        let whole = text(scalars)
        guard whole.utf8.count > longest else { return whole.isEmpty ? "unnamed" : whole }
        let end = fitting(scalars.reversed(), bytes: 23).reversed()
        return text(fitting(scalars, bytes: 26)) + "…" + text(end) + "~" + mark(name)
    }

    /// The names of several entities of one file, each another one: where only what is not safe tells some apart, a digest
    /// does.
    static func safe(_ names: [String]) -> [String] {
        let plain = names.map { safe($0) }
        let counts = Dictionary(plain.map { ($0, 1) }, uniquingKeysWith: +)
        return zip(names, plain).map { name, safe in
            guard counts[safe] ?? 0 > 1, safe != name else { return safe }
            return text(fitting(Array(safe.unicodeScalars), bytes: 52)) + "~" + mark(name)
        }
    }

    private static func text(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }

    /// The first, as many as have at most so many bytes.
    private static func fitting(_ scalars: [Unicode.Scalar], bytes: Int) -> ArraySlice<Unicode.Scalar> {
        var left = bytes
        return scalars.prefix { scalar in
            left -= UTF8.width(scalar)
            return left >= 0
        }
    }

    /// Eight digits that tell a name from others.
    private static func mark(_ name: String) -> String { String(SHA256.hexadecimalDigest(of: name.utf8).prefix(8)) }
}
