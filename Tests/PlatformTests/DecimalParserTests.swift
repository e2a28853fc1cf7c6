import Glibc
import Numerics
import Platform
import Testing

/// The parser against the C library's `strtod`, bit for bit.
struct DecimalParserTests {
    static func parse(_ text: String) -> (value: Double, count: Int)? {
        Array(text.utf8).withUnsafeBufferPointer { DecimalParser.parse($0) }
    }

    static func check(_ text: String, _ comment: Comment? = nil) {
        let expected = strtod(text, nil)
        guard let (value, count) = parse(text) else {
            Issue.record("\(text) was not read")
            return
        }
        if value.bitPattern != expected.bitPattern || count != text.utf8.count {
            Issue.record("\(text): read \(value) over \(count) bytes, expected \(expected)")
        }
    }

    @Test("Half a million seeded doubles in their shortest form, in 17 digits and with long tails")
    func randomBitPatterns() {
        var generator = CounterBasedGenerator(seed: 1, purpose: "decimal bits")
        for _ in 0..<200_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            Self.check("\(value)")
        }
    }

    @Test("Random digits, points and exponents, from short to very long")
    func randomDecimals() {
        var generator = CounterBasedGenerator(seed: 2, purpose: "decimal digits")
        for _ in 0..<200_000 {
            let length = Int(generator.next() % (generator.next() % 8 == 0 ? 60 : 21)) + 1
            var text = generator.next() % 2 == 0 ? "-" : ""
            let point = Int(generator.next() % UInt64(length + 1))
            for index in 0..<length {
                if index == point { text += "." }
                text += String(generator.next() % 10)
            }
            switch generator.next() % 4 {
            case 0: text += "e\(Int(generator.next() % 700) - 380)"
            case 1: text += "E+\(generator.next() % 30)"
            default: break
            }
            Self.check(text)
        }
    }

    @Test(
        "Ties, subnormals and the edges of the range",
        arguments: [
            "0", "-0", "0.0", "00012.500", "1e0", "1e22", "1e23", "9007199254740993", "9007199254740992.5",
            "9007199254740993.0000000000000000000000000000000000001", "4.9e-324", "2.4703282292062327e-324",
            "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072014e-308", "1.7976931348623157e308",
            "1.7976931348623158e308", "1.7976931348623159e308", "1e309", "-1e400", "1e-400", "1e-99999999999999999999",
            "1e99999999999999999999", "0e99999999999999999999", "6.02214076e23", "123456789012345678901234567890",
            "5e-324",
            "2.47032822920623272088284396434110686182e-324", "8.5e-324", "0.000000000000000000000000000000000000001",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
            "7.2057594037927933e16", "9.5e-7", "-9.7e-07",
        ])
    func edges(_ text: String) { Self.check(text) }

    @Test(
        "What is no number is not read, and what follows one is left",
        arguments: [
            ("", 0), ("-", 0), (".", 0), ("e5", 0), ("abc", 0), ("+", 0), ("inf", 0), ("1e", 1), ("1e+", 1),
            ("1.5;2", 3),
            ("12x", 2), ("1.", 2), (".5", 2), ("1.2.3", 3), ("0x10", 1), (" 1", 0),
        ])
    func extent(_ text: String, _ count: Int) {
        #expect((Self.parse(text)?.count ?? 0) == count)
    }

    @Test("No byte beyond the end is looked at")
    func bounds() {
        let bytes = Array("123456".utf8)
        for length in 0...6 {
            bytes.withUnsafeBufferPointer { all in
                let part = UnsafeBufferPointer(rebasing: all[..<length])
                #expect((DecimalParser.parse(part)?.count ?? 0) == length)
            }
        }
    }
}
