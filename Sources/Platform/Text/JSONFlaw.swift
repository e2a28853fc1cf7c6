/// Why a text is no JSON, and where: for those who wrote it.
package struct JSONFlaw: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    package let line: Int
    /// The place in it, in bytes, counted from 1.
    package let column: Int
    /// What was found there, as a person can read it.
    package let found: String
    /// What was expected.
    package let expected: String

    /// Characters of what was found.
    private static let mostFound = 24

    /// Looks for the first flaw; `nil` where the bytes are JSON (RFC 8259) whose numbers are finite.
    package init?(in bytes: some Sequence<UInt8>) {
        do throws(JSONFlaw) {
            _ = try Self.value(of: Array(bytes))
            return nil
        } catch {
            self = error
        }
    }

    /// What bytes say that are JSON (RFC 8259) whose numbers are finite.
    ///
    /// - Throws: ``JSONFlaw``, the first one of others.
    package static func value(of bytes: [UInt8]) throws(JSONFlaw) -> ParsedJSON {
        let found: Result<ParsedJSON, ParsedJSON.SyntaxError> = unsafe bytes.withUnsafeBufferPointer { text in
            var parser = unsafe JSONParser(bytes: text, isStrict: true)
            do throws(ParsedJSON.SyntaxError) {
                let value = try parser.value(depth: 0)
                parser.skipBlanks()
                guard parser.cursor == text.count else {
                    return .failure(.init(offset: parser.cursor, expected: "nothing after the value"))
                }
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        switch found {
        case .success(let value): return value
        case .failure(let error): throw JSONFlaw(error, in: bytes)
        }
    }

    private init(_ flaw: ParsedJSON.SyntaxError, in bytes: [UInt8]) {
        let before = bytes[..<min(flaw.offset, bytes.count)]
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        line = before.count { $0 == 0x0A } + 1
        column = before.count - start + 1
        let rest = bytes[before.endIndex...]
        let isWordy = { (byte: UInt8) in
            byte >= 0x80 || Character(Unicode.Scalar(byte)).isLetter || (0x30...0x39).contains(byte)
                || "+-.".utf8.contains(byte)
        }
        let word = rest.first.map(isWordy) ?? false ? rest.prefix(while: isWordy) : rest.prefix(1)
        found =
            rest.isEmpty
            ? "the end" : "'" + PrintableText.line(String(decoding: word, as: UTF8.self), limit: Self.mostFound) + "'"
        expected = flaw.expected
    }

    /// One line.
    package var description: String { "line \(line), column \(column): found \(found), expected \(expected)" }
}
