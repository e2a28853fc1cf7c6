/// Reads decimal numbers from bytes, correctly rounded: the double nearest to the decimal, ties to even, as `strtod`
/// gives, without allocation.
///
/// Three ways, tried in turn: mantissa and power of ten both exact in a double, so that one multiplication or division
/// rounds once (Clinger, "How to read floating point numbers accurately", PLDI 1990); a 128-bit product with a
/// truncated power of five (Lemire, "Number parsing at a gigabyte per second", SPE 51, 2021, algorithm 1, after
/// Eisel); the C library for the few that remain.
public enum DecimalParser {
    /// The decimal number at the front of `bytes` and how many bytes it takes; `nil` when there is none.
    ///
    /// Grammar: `[+-] digits [. digits] [(e|E) [+-] digits]` with at least one digit in the mantissa; an exponent
    /// without digits is not part of the number. No blanks, no hexadecimal, no names of infinities.
    /// A magnitude beyond the doubles gives an infinity, one below half the smallest a zero.
    @inlinable
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> (value: Double, count: Int)? {
        guard let start = bytes.baseAddress else { return nil }
        var value = 0.0
        let end = unsafe scan(start, start + bytes.count, &value)
        return unsafe end == start ? nil : (value, end - start)
    }

    /// Reads the number at `start`, looking at no byte at or beyond `end`; returns where it ends, and `start` when
    /// there is none. The grammar is that of ``parse(_:)``.
    @inlinable
    public static func scan(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ value: inout Double
    ) -> UnsafePointer<UInt8> {
        var cursor = unsafe start
        guard unsafe cursor < end else { return unsafe start }
        let negative = unsafe cursor.pointee == 0x2D
        if unsafe negative || cursor.pointee == 0x2B { unsafe cursor += 1 }
        let firstDigit = unsafe cursor
        var mantissa: UInt64 = 0
        while unsafe cursor < end {
            let digit = unsafe cursor.pointee &- 0x30
            if digit > 9 { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            unsafe cursor += 1
        }
        var digits = unsafe cursor - firstDigit
        var exponent = 0
        if unsafe cursor < end && cursor.pointee == 0x2E {
            let point = unsafe cursor
            unsafe cursor += 1
            while unsafe cursor < end {
                let digit = unsafe cursor.pointee &- 0x30
                if digit > 9 { break }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                unsafe cursor += 1
            }
            exponent = unsafe point + 1 - cursor
            digits -= exponent
        }
        if digits == 0 { return unsafe start }
        if unsafe cursor < end && cursor.pointee | 0x20 == 0x65 { unsafe cursor = scanExponent(cursor, end, &exponent) }
        // Up to 19 digits cannot have wrapped around.
        if digits <= 19 && mantissa <= 1 << 53 && exponent >= -22 && exponent <= 22 {
            let power = PowersOfTen.exact[exponent < 0 ? -exponent : exponent]
            let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            value = negative ? -magnitude : magnitude
            return unsafe cursor
        }
        value = unsafe slow(start, cursor, mantissa: mantissa, digits: digits, exponent: exponent, negative: negative)
        return unsafe cursor
    }

    /// Reads `e[+-]digits` and adds it to `exponent`; returns `cursor` when no digit follows.
    @usableFromInline
    static func scanExponent(
        _ cursor: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ exponent: inout Int
    ) -> UnsafePointer<UInt8> {
        var next = unsafe cursor + 1
        guard unsafe next < end else { return unsafe cursor }
        let negative = unsafe next.pointee == 0x2D
        if unsafe negative || next.pointee == 0x2B { unsafe next += 1 }
        let firstDigit = unsafe next
        var magnitude = 0
        while unsafe next < end {
            let digit = unsafe next.pointee &- 0x30
            if digit > 9 { break }
            // Beyond this every number is zero or infinite, whatever its mantissa of at most 2³⁰ digits.
            if magnitude < 1 << 40 { magnitude = magnitude * 10 + Int(digit) }
            unsafe next += 1
        }
        if unsafe next == firstDigit { return unsafe cursor }
        exponent += negative ? -magnitude : magnitude
        return unsafe next
    }

    /// What the fast path left: many digits, large exponents.
    @usableFromInline @inline(never)
    static func slow(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, mantissa: UInt64, digits: Int, exponent: Int,
        negative: Bool
    ) -> Double {
        if digits <= 19 {
            if let value = PowersOfTen.scaled(mantissa, exponent) { return negative ? -value : value }
            return unsafe fallback(start, end)
        }
        // Leading zeros do not count as digits; of the rest, 19 decide unless they lie too near a tie.
        var cursor = unsafe start
        if unsafe cursor.pointee == 0x2D || cursor.pointee == 0x2B { unsafe cursor += 1 }
        var leading: UInt64 = 0
        var significant = 0
        var dropped = 0
        var seenPoint = false
        var fraction = 0
        while unsafe cursor < end {
            let byte = unsafe cursor.pointee
            if byte == 0x2E {
                seenPoint = true
            } else {
                let digit = byte &- 0x30
                if digit > 9 { break }
                if seenPoint { fraction += 1 }
                if significant < 19 {
                    leading = leading * 10 + UInt64(digit)
                    if leading != 0 { significant += 1 }
                } else {
                    dropped += 1
                }
            }
            unsafe cursor += 1
        }
        // `exponent` already holds −fraction plus what the text says; each dropped digit moves it up by one.
        let scale = exponent + dropped
        if let low = PowersOfTen.scaled(leading, scale) {
            if dropped == 0 { return negative ? -low : low }
            if let high = PowersOfTen.scaled(leading + 1, scale), low == high { return negative ? -low : low }
        }
        return unsafe fallback(start, end)
    }

    /// Calls `body` with 10⁰ … 10²², the powers of ten that a double holds exactly: for loops that read many numbers
    /// by themselves. A mantissa up to 2⁵³ times or divided by one of them is rounded once, and so correctly.
    @inlinable
    public static func withPowersOfTen<Result>(_ body: (UnsafeBufferPointer<Double>) throws -> Result) rethrows
        -> Result
    {
        unsafe try PowersOfTen.exact.withUnsafeBufferPointer(body)
    }
}
