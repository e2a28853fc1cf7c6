internal import CExpat

/// The tags and the text of an XML document, read by expat. Names lose their prefix: it names the same element.
///
/// Entities that a document declares itself are refused: none that is read here needs them, and a few bytes of them can
/// stand for gigabytes.
package struct XMLTokens {
    /// A tag or a piece of text.
    package enum Token: Equatable, Sendable {
        /// An element begins, with its attributes.
        case start(String, [String: String])
        /// An element ends.
        case end(String)
        /// Text between tags; one text may come in several pieces.
        case text(String)
    }

    /// Why bytes are no XML document.
    package struct SyntaxError: Error, Sendable {
        /// The line, counted from 1.
        package let line: Int
        /// What was found.
        package let reason: String
    }

    /// The tokens in their order, each with its line.
    package private(set) var tokens: [(token: Token, line: Int)] = []

    /// Reads a whole document in UTF-8.
    ///
    /// - Throws: ``SyntaxError``.
    package init(_ bytes: [UInt8]) throws(SyntaxError) {
        guard let parser = unsafe XML_ParserCreate("UTF-8") else { throw SyntaxError(line: 1, reason: "out of memory") }
        defer { unsafe XML_ParserFree(parser) }
        let collector = unsafe Collector(parser: parser)
        unsafe XML_SetUserData(parser, Unmanaged.passUnretained(collector).toOpaque())
        unsafe XML_SetElementHandler(
            parser,
            { data, name, attributes in
                unsafe Collector.of(data)?.start(name, attributes)
            },
            { data, name in unsafe Collector.of(data)?.end(name) })
        unsafe XML_SetCharacterDataHandler(parser) { data, text, count in
            unsafe Collector.of(data)?.text(text, Int(count))
        }
        unsafe XML_SetEntityDeclHandler(parser) { data, name, _, _, _, _, _, _, _ in
            unsafe Collector.of(data)?.refuseEntity(name)
        }
        // Pieces: expat counts in 32 bits.
        var start = 0
        repeat {
            let end = min(start + 1 << 20, bytes.count)
            let status = unsafe bytes[start..<end].withUnsafeBytes { piece in
                unsafe XML_Parse(
                    parser, piece.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(piece.count),
                    end == bytes.count ? 1 : 0)
            }
            guard status == XML_STATUS_OK else {
                let line = unsafe Int(XML_GetCurrentLineNumber(parser))
                let message = unsafe XML_ErrorString(XML_GetErrorCode(parser)).map { unsafe String(cString: $0) }
                throw SyntaxError(line: line, reason: collector.refusal ?? message ?? "no XML")
            }
            start = end
        } while start < bytes.count
        tokens = collector.tokens
    }

    /// What expat's callbacks fill; lives as long as the parser.
    @safe private final class Collector {
        private let parser: XML_Parser
        var tokens: [(token: Token, line: Int)] = []
        var refusal: String?

        init(parser: XML_Parser) { unsafe self.parser = parser }

        static func of(_ data: UnsafeMutableRawPointer?) -> Collector? {
            unsafe data.map { unsafe Unmanaged<Collector>.fromOpaque($0).takeUnretainedValue() }
        }

        private func add(_ token: Token) { tokens.append((token, unsafe Int(XML_GetCurrentLineNumber(parser)))) }

        private func local(_ name: UnsafePointer<XML_Char>?) -> String {
            guard let name = unsafe name.map({ unsafe String(cString: $0) }) else { return "" }
            return name.split(separator: ":").last.map(String.init) ?? name
        }

        func start(
            _ name: UnsafePointer<XML_Char>?, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
        ) {
            var values: [String: String] = [:]
            if let attributes = unsafe attributes {
                var index = 0
                while let key = unsafe attributes[index], let value = unsafe attributes[index + 1] {
                    unsafe values[local(key)] = String(cString: value)
                    index += 2
                }
            }
            unsafe add(.start(local(name), values))
        }

        func end(_ name: UnsafePointer<XML_Char>?) { unsafe add(.end(local(name))) }

        func text(_ text: UnsafePointer<XML_Char>?, _ count: Int) {
            guard let text = unsafe text else { return }
            let bytes = unsafe UnsafeRawBufferPointer(start: text, count: count)
            unsafe add(.text(String(decoding: bytes, as: UTF8.self)))
        }

        func refuseEntity(_ name: UnsafePointer<XML_Char>?) {
            unsafe refusal = "the document declares the entity '\(local(name).prefix(20))'; none is expanded here"
            _ = unsafe XML_StopParser(parser, 0)
        }
    }
}
