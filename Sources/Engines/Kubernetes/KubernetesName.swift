import Platform

/// Names as Kubernetes takes them, made of names that may be any text.
package enum KubernetesName {
    /// Bytes of a label (RFC 1123).
    static let longest = 63

    /// Whether a text is a label: small letters, digits and `-`, none of these at an end.
    static func isLabel(_ text: String) -> Bool {
        (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: "-") }
            && text.utf8.first != UInt8(ascii: "-") && text.utf8.last != UInt8(ascii: "-")
    }

    /// Whether a text is a label without `--`, which stands between the parts of a name that is made here.
    static func isPart(_ text: String) -> Bool {
        isLabel(text) && !zip(text.utf8, text.utf8.dropFirst()).contains { $0 == UInt8(ascii: "-") && $1 == $0 }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// A label for a name, different for different names: one that is a label stays as it is, unless it looks as if it had been
    /// made here; of others the letters and digits stay before a part of their SHA-256.
    package static func label(_ name: String) -> String {
        // `x-` and eight digits at the end say that it was made.
        if isPart(name), !isMade(name) { return name }
        let digest = SHA256.hexadecimalDigest(of: name.utf8).prefix(8)
        var kept = ""
        for byte in name.lowercased().utf8.prefix(longest - 11) {
            let next = isPlain(byte) ? Character(UnicodeScalar(byte)) : "-"
            if next != "-" || kept.last.map({ $0 != "-" }) == true { kept.append(next) }
        }
        while kept.last == "-" { kept.removeLast() }
        return (kept.isEmpty ? "" : kept + "-") + "x-" + digest
    }

    private static func isMade(_ name: String) -> Bool {
        let end = name.utf8.suffix(10)
        return end.starts(with: "x-".utf8) && end.dropFirst(2).count == 8
            && end.dropFirst(2).allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// The one name that a copy of a worker has, so that asking twice makes one.
    package static func pod(_ request: EngineJobRequest, federation: String) -> String {
        "\(federation)--\(label(request.worker))-\(request.generation)"
    }
}
