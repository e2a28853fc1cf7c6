import Federation
import Platform
import Services
import Telemetry

extension FuzzTarget {
    /// Texts and packings that others are made of.
    static let text: [FuzzTarget] = [
        FuzzTarget(
            "json",
            texts: [#"{"a": [1, -2.5e3, true, null, "x\u00e9\ud83d\ude00\n"], "b": {"c": NaN}}"#, "[]", "\"a\""]
        ) { bytes in
            let parsed = try bytes.withUnsafeBufferPointer { buffer in
                try Result { () throws(ParsedJSON.SyntaxError) in try ParsedJSON(parsing: buffer) }.get()
            }
            _ = parsed.hashValue
        },
        FuzzTarget("json-value", texts: [#"{"a": [1, -2.5e3, 9007199254740993, true, null, "x"]}"#]) { bytes in
            let value = try DeterministicJSON.decode(JSONValue.self, from: bytes)
            let again = try DeterministicJSON.encode(value)
            try require(
                DeterministicJSON.decode(JSONValue.self, from: again) == value,
                "a value is written as another: \(value)")
            _ = JSONText.visible(value.description).utf8.count
        },
        FuzzTarget("decimal", longest: 512, texts: ["-123.4567e-89", "00001", "1e400", "0x1p3", "9007199254740993"]) {
            bytes in
            guard let (value, count) = bytes.withUnsafeBufferPointer({ DecimalParser.parse($0) }) else {
                throw Refused()
            }
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            if let known = Double(text) {
                try require(known == value || known.isNaN, "\(text) is read as \(value), not as \(known)")
            }
        },
        FuzzTarget("xml", texts: ["<?xml version=\"1.0\"?><a x:b='1'>t<c/></a>"]) { bytes in
            do throws(XMLTokens.SyntaxError) { _ = try XMLTokens(bytes).tokens.count } catch { throw Refused() }
        },
        FuzzTarget("host", longest: 300, texts: ["[::1]:80", "localhost:7410", "http://a.example:1"]) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            _ = HostName(text)
            _ = HostRule(names: ["a.example"]).allows(text)
            _ = HostRule(names: [text]).allows(origin: text, host: text)
            _ = NameRule.flaw(in: text, limit: 100)
            _ = PrintableText.line(text, limit: 40)
            _ = ListenAddress(text)
            _ = ServiceOptions.address(text)
            _ = DurationText.seconds(text)
            _ = ScrapeTarget(text)
            _ = PercentEncoding.encoded(text)
            _ = Spelling.suggestion(for: text, among: ["alpha", "beta"])
        },
        FuzzTarget("enrolment-word", longest: 400, examples: { [try enrolmentWord()] }) {
            _ = try EnrolmentToken(String(decoding: $0, as: UTF8.self))
        },
        FuzzTarget("event-stream", texts: ["id: 1\ndata: {\"a\":1}\ndata: b\n\n: note\n\nid: 2\ndata: x\n\n"]) {
            bytes in
            var whole = EventStreamParser(longestEvent: 64)
            var pieces = whole
            let events = whole.append(bytes)
            // However bytes are cut, the events are the same.
            let again = bytes.flatMap { pieces.append([$0]) }
            try require(events == again && whole.dropped == pieces.dropped, "events depend on how bytes come")
        },
        FuzzTarget("gzip", examples: { Packed.gzip }) { try unpack($0, .gzip) },
        FuzzTarget("zstd", examples: { Packed.zstd }) { try unpack($0, .zstd) },
    ]

    private static func enrolmentWord() throws -> [UInt8] {
        guard let server = PublicKey(Array(1...32)), let keys = CurveKeys(secret: Array(2...33)) else {
            throw Refused()
        }
        return Array(EnrolmentToken(server: server, keys: keys).text.utf8)
    }

    private static func unpack(_ bytes: [UInt8], _ format: Unpacker.Format) throws {
        guard let unpacker = Unpacker(format) else { throw Refused() }
        var input = bytes
        var output = [UInt8](repeating: 0, count: 512)
        var start = 0
        // A few bytes can stand for very many: whoever reads them reads a piece at a time.
        for _ in 0..<2_000 {
            let end = min(start + 700, input.count)
            let step = try input.withUnsafeMutableBytes { source in
                try output.withUnsafeMutableBytes { target in
                    try unpacker.step(UnsafeMutableRawBufferPointer(rebasing: source[start..<end]), into: target)
                }
            }
            start += step.used
            if step.used == 0, step.written == 0 { return }
        }
    }

    /// "abcabcabc" ten times, packed.
    enum Packed {
        static let gzip: [[UInt8]] = [
            [
                0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4c, 0x4a, 0x4e, 0xa4, 0x0d, 0x02,
                0x00, 0xa9, 0x44, 0x30, 0xd1, 0x5a, 0x00, 0x00, 0x00,
            ]
        ]
        static let zstd: [[UInt8]] = [
            [
                0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x4d, 0x00, 0x00, 0x18, 0x61, 0x62, 0x63, 0x01, 0x00, 0x86, 0x6e,
                0x08, 0x57, 0x43, 0xdd, 0xc7,
            ]
        ]
    }
}
