import CommandLine
import Platform

/// The fields of one forwarder in a configuration, taken one by one; what is left over at the end is unknown.
struct ForwarderFields {
    private var object: [String: JSONValue]
    private let path: String
    private var known: [String] = []

    init(_ json: JSONValue, path: String) {
        if case .object(let object) = json { self.object = object } else { object = [:] }
        self.path = path
    }

    func flaw(_ key: String, _ found: String, _ expected: String) -> CommandLineError {
        CommandLineError(.configuration, "\(path).\(key): \(found), expected \(expected)")
    }

    private mutating func take(_ key: String) -> JSONValue? {
        known.append(key)
        let value = object.removeValue(forKey: key)
        return value == .null ? nil : value
    }

    /// A text.
    mutating func text(
        _ key: String, default fallback: String? = nil, one choices: [String]? = nil, most: Int = 2_048
    ) throws(CommandLineError) -> String {
        let expected = choices.map { "one of " + $0.joined(separator: ", ") } ?? "a text of 1 to \(most) bytes"
        guard let value = take(key) ?? fallback.map(JSONValue.string) else { throw flaw(key, "missing", expected) }
        guard case .string(let text) = value, (1...most).contains(text.utf8.count), choices?.contains(text) ?? true,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw flaw(key, "found \(PrintableText.line(value.description, limit: 80))", expected) }
        return text
    }

    /// A text that may be absent.
    mutating func optionalText(_ key: String, most: Int = 2_048) throws(CommandLineError) -> String? {
        guard object[key] != nil else {
            known.append(key)
            return nil
        }
        return try text(key, most: most)
    }

    /// A file with certificates in PEM; may be absent.
    mutating func certificates(_ key: String) throws(CommandLineError) -> String? {
        guard let path = try optionalText(key) else { return nil }
        guard let bytes = try? FileContents.read(path, limit: 1 << 22),
            String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ")
        else { throw flaw(key, "found \(PrintableText.line(path, limit: 80))", "a file with certificates in PEM") }
        return path
    }

    /// A whole number that may be absent.
    mutating func number(_ key: String, _ range: ClosedRange<Int>) throws(CommandLineError) -> Int? {
        guard let value = take(key) else { return nil }
        guard case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole) else {
            throw flaw(
                key, "found \(PrintableText.line(value.description, limit: 80))",
                "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return whole
    }

    /// A list of texts.
    mutating func texts(_ key: String, most: Int) throws(CommandLineError) -> [String] {
        let expected = "1 to \(most) texts"
        guard case .array(let elements)? = take(key), (1...most).contains(elements.count) else {
            throw flaw(key, "missing, or no list of the right length", expected)
        }
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element, (1...512).contains(text.utf8.count),
                text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F })
            else { throw flaw(key, "found \(PrintableText.line(element.description, limit: 80))", expected) }
            texts.append(text)
        }
        return texts
    }

    /// Some of a few words, each once; what is not given is `fallback`.
    mutating func words(
        _ key: String, among choices: [String], default fallback: [String]
    ) throws(CommandLineError) -> [String] {
        guard let value = take(key) else { return fallback }
        let expected = "a list of some of \(choices.joined(separator: ", ")), each once"
        guard case .array(let elements) = value, (1...choices.count).contains(elements.count) else {
            throw flaw(key, "found \(PrintableText.line(value.description, limit: 80))", expected)
        }
        var words: [String] = []
        for element in elements {
            guard case .string(let word) = element, choices.contains(word), !words.contains(word) else {
                throw flaw(key, "found \(PrintableText.line(element.description, limit: 80))", expected)
            }
            words.append(word)
        }
        return words
    }

    /// Headers of requests.
    mutating func headers(_ key: String) throws(CommandLineError) -> [String] {
        guard let value = take(key) else { return [] }
        guard case .object(let object) = value, object.count <= 32 else {
            throw flaw(
                key, "found \(PrintableText.line(value.description, limit: 80))", "an object of at most 32 texts")
        }
        var lines: [String] = []
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            guard case .string(let text) = value, !name.isEmpty, text.utf8.count <= 8_192,
                name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }),
                text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { throw flaw("\(key).\(PrintableText.line(name, limit: 60))", "not a header", "a name and a text") }
            lines.append("\(name): \(text)")
        }
        return lines
    }

    /// Any JSON, or nothing.
    mutating func json(_ key: String) -> JSONValue? { take(key) }

    /// An address that begins with one of these schemes.
    ///
    /// - Parameter takesUser: whether it may name a user before an `@`.
    mutating func address(
        _ key: String, schemes: [String], takesUser: Bool = true
    ) throws(CommandLineError) -> PeerAddress {
        let text = try text(key)
        let expected = schemes.map { "\($0)://HOST…" }.joined(separator: " or ")
        guard let address = PeerAddress(text), schemes.contains(address.scheme) else {
            throw flaw(key, "found '\(PrintableText.line(text, limit: 80))'", expected)
        }
        guard takesUser || !address.namesUser else {
            throw flaw(key, "found a user or a password in it", "\(expected) without it")
        }
        return address
    }

    /// - Throws: when a field is left that nobody asked for.
    func end() throws(CommandLineError) {
        guard let stranger = object.keys.min() else { return }
        throw CommandLineError(
            .configuration,
            "\(path).\(PrintableText.line(stranger, limit: 60)): unknown\(Spelling.suggestion(for: stranger, among: known)), "
                + "expected one of \(known.joined(separator: ", "))")
    }
}

/// `SCHEME://HOST[:PORT][/PATH]`.
package struct PeerAddress: Sendable {
    let scheme: String
    package let host: String
    let port: Int?
    /// The whole of it.
    let text: String
    /// Whether it has a part before an `@`.
    let namesUser: Bool

    /// Reads an address; `nil` where it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[1].hasPrefix("//"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        scheme = parts[0].lowercased()
        let authority = parts[1].dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        namesUser = authority.contains("@")
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if place.hasPrefix("["), let close = place.firstIndex(of: "]") {
            host = String(place[place.index(after: place.startIndex)..<close])
            let rest = place[place.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            port = rest.isEmpty ? nil : Int(rest.dropFirst())
            guard rest.isEmpty || port != nil else { return nil }
        } else {
            let pieces = place.split(separator: ":", omittingEmptySubsequences: false)
            guard pieces.count <= 2 else { return nil }
            host = String(pieces[0])
            port = pieces.count == 2 ? Int(pieces[1]) : nil
            guard pieces.count == 1 || port != nil else { return nil }
        }
        guard !host.isEmpty, port.map({ (1...65_535).contains($0) }) ?? true else { return nil }
        self.text = text
    }
}
