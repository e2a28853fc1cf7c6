/// Splits XML into tags and text: as much of XML as data files use. Comments, processing instructions and document
/// types are skipped, no entity but the five predefined ones and character references is expanded.
struct XMLScanner {
    enum Token: Equatable {
        case start(String, [String: String])
        case end(String)
        case text(String)
    }

    private let bytes: [UInt8]
    private var cursor = 0
    private var pendingEnd: String?

    init(_ text: String) { bytes = Array(text.utf8) }

    /// A fault at the present place.
    func fault(_ field: String, _ reason: String) -> PlacementError {
        let line = 1 + bytes[..<min(cursor, bytes.count)].count { $0 == 0x0A }
        return PlacementError(.malformedInput, field: field, reason: "\(reason) (line \(line))")
    }

    /// The next tag or text; nil at the end.
    mutating func next() throws(PlacementError) -> Token? {
        if let name = pendingEnd {
            pendingEnd = nil
            return .end(name)
        }
        while cursor < bytes.count {
            guard bytes[cursor] == UInt8(ascii: "<") else {
                let start = cursor
                while cursor < bytes.count, bytes[cursor] != UInt8(ascii: "<") { cursor += 1 }
                return .text(try expand(bytes[start..<cursor]))
            }
            if starts("<!--") {
                try skip(through: "-->")
            } else if starts("<![CDATA[") {
                let start = cursor + 9
                try skip(through: "]]>")
                return .text(String(decoding: bytes[start..<cursor - 3], as: UTF8.self))
            } else if starts("<?") {
                try skip(through: "?>")
            } else if starts("<!") {
                try skip(through: ">")
            } else {
                return try tag()
            }
        }
        return nil
    }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - cursor >= count else { return false }
        for index in 0..<count where bytes[cursor + index] != text.utf8Start[index] { return false }
        return true
    }

    private mutating func skip(through text: StaticString) throws(PlacementError) {
        let start = cursor
        while cursor < bytes.count {
            if starts(text) {
                cursor += text.utf8CodeUnitCount
                return
            }
            cursor += 1
        }
        cursor = start
        throw fault("", "found no '\(text)' to end what begins here")
    }

    private mutating func tag() throws(PlacementError) -> Token {
        cursor += 1
        let isEnd = cursor < bytes.count && bytes[cursor] == UInt8(ascii: "/")
        if isEnd { cursor += 1 }
        let name = self.name()
        if name.isEmpty { throw fault("", "found '<' without the name of an element") }
        var attributes: [String: String] = [:]
        while true {
            skipBlanks()
            guard cursor < bytes.count else { throw fault(name, "the file ends within the tag") }
            if bytes[cursor] == UInt8(ascii: ">") {
                cursor += 1
                return isEnd ? .end(name) : .start(name, attributes)
            }
            if bytes[cursor] == UInt8(ascii: "/"), cursor + 1 < bytes.count, bytes[cursor + 1] == UInt8(ascii: ">") {
                cursor += 2
                pendingEnd = name
                return .start(name, attributes)
            }
            let attribute = self.name()
            skipBlanks()
            guard !attribute.isEmpty, cursor < bytes.count, bytes[cursor] == UInt8(ascii: "=") else {
                throw fault(name, "found an attribute without a value")
            }
            cursor += 1
            skipBlanks()
            guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: "\"") || bytes[cursor] == UInt8(ascii: "'") else {
                throw fault(name, "the value of the attribute \(attribute) is not in quotes")
            }
            let quote = bytes[cursor]
            cursor += 1
            let start = cursor
            while cursor < bytes.count, bytes[cursor] != quote { cursor += 1 }
            guard cursor < bytes.count else { throw fault(name, "the value of the attribute \(attribute) has no end") }
            attributes[attribute] = try expand(bytes[start..<cursor])
            cursor += 1
        }
    }

    private mutating func name() -> String {
        let start = cursor
        while cursor < bytes.count {
            let byte = bytes[cursor]
            if byte <= 0x20 || "<>/='\"".utf8.contains(byte) { break }
            cursor += 1
        }
        let name = String(decoding: bytes[start..<cursor], as: UTF8.self)
        // A prefix names the same element.
        return name.split(separator: ":").last.map(String.init) ?? name
    }

    private mutating func skipBlanks() {
        while cursor < bytes.count, bytes[cursor] <= 0x20 { cursor += 1 }
    }

    private func expand(_ text: ArraySlice<UInt8>) throws(PlacementError) -> String {
        guard text.contains(UInt8(ascii: "&")) else { return String(decoding: text, as: UTF8.self) }
        var result = ""
        var rest = Substring(String(decoding: text, as: UTF8.self))
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            guard let end = rest[start...].firstIndex(of: ";") else { throw fault("", "found '&' without ';'") }
            let name = rest[rest.index(after: start)..<end]
            switch name {
            case "amp": result += "&"
            case "lt": result += "<"
            case "gt": result += ">"
            case "quot": result += "\""
            case "apos": result += "'"
            default:
                let code =
                    name.hasPrefix("#x")
                    ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
                guard let scalar = code.flatMap(UnicodeScalar.init) else {
                    throw fault("", "found the unknown entity '&\(name.prefix(20));'")
                }
                result.unicodeScalars.append(scalar)
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
