import Glibc

extension DecimalParser {
    /// The C library's answer. The process keeps the C locale, so the decimal point is a point.
    static func fallback(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Double {
        let count = unsafe end - start
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { copy in
            for index in 0..<count { unsafe copy[index] = CChar(bitPattern: start[index]) }
            unsafe copy[count] = 0
            guard let text = copy.baseAddress else { return .nan }
            return unsafe strtod(text, nil)
        }
    }
}
