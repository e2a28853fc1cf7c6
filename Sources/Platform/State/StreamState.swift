/// Something with a memory that can be written down between two rows and taken up again, bit for bit.
package protocol StreamState {
    /// Writes everything that the next rows depend on, besides what it was made from.
    func save(to state: inout StateWriter)
    /// Takes up what ``save(to:)`` wrote, on a value that was made from the same model.
    ///
    /// - Throws: ``StateError`` when the bytes are those of something else.
    mutating func restore(from state: inout StateReader) throws(StateError)
}

/// Bytes that are no state of what is to take it up.
package struct StateError: Error, Hashable, CustomStringConvertible {
    /// What was found.
    package let found: String
    /// For people.
    package var description: String { "a scorer's state that does not fit: \(found)" }

    /// What was found.
    package init(_ found: String) { self.found = found }
}

/// Writes a state: numbers one after the other, little-endian, arrays with their length before them.
package struct StateWriter {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    /// Nothing written.
    package init() {}

    /// Writes a whole number.
    package mutating func append(_ value: Int) { append(bits: UInt64(bitPattern: Int64(value))) }

    /// Writes a number; its bits are kept.
    package mutating func append(_ value: Double) { append(bits: value.bitPattern) }

    /// Writes a truth value.
    package mutating func append(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Writes a number that may be missing.
    package mutating func append(_ value: Double?) {
        append(value != nil)
        append(value ?? 0)
    }

    /// Writes numbers.
    package mutating func append(_ values: [Double]) { append(raw: values) }

    /// Writes numbers.
    package mutating func append(_ values: [Float]) { append(raw: values) }

    /// Writes whole numbers.
    package mutating func append(_ values: [Int]) { append(raw: values) }

    /// Writes bytes.
    package mutating func append(_ values: [UInt8]) { append(raw: values) }

    /// Writes small whole numbers.
    package mutating func append(_ values: [Int8]) { append(raw: values) }

    /// Writes truth values.
    package mutating func append(_ values: [Bool]) { append(values.map { $0 ? 1 : 0 } as [UInt8]) }

    private mutating func append(bits: UInt64) {
        unsafe withUnsafeBytes(of: bits.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func append<Element: BitwiseCopyable>(raw values: [Element]) {
        append(values.count)
        unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
}

/// Reads what a ``StateWriter`` wrote, in the same order. Nothing that the bytes claim is believed before it is held
/// against their number.
package struct StateReader {
    private var rest: ArraySlice<UInt8>

    /// Reads from the start.
    package init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// Whether everything was read.
    package var isAtEnd: Bool { rest.isEmpty }

    /// The next whole number.
    package mutating func int() throws(StateError) -> Int { Int(truncatingIfNeeded: Int64(bitPattern: try bits())) }

    /// The next whole number, within bounds.
    package mutating func int(in range: ClosedRange<Int>) throws(StateError) -> Int {
        let value = try int()
        guard range.contains(value) else { throw StateError("the number \(value), expected \(range)") }
        return value
    }

    /// The next number.
    package mutating func double() throws(StateError) -> Double { Double(bitPattern: try bits()) }

    /// The next number that may be missing.
    package mutating func optionalDouble() throws(StateError) -> Double? {
        let isThere = try bool()
        let value = try double()
        return isThere ? value : nil
    }

    /// The next truth value.
    package mutating func bool() throws(StateError) -> Bool {
        guard let byte = rest.popFirst() else { throw StateError("an end too early") }
        guard byte <= 1 else { throw StateError("a byte \(byte), expected 0 or 1") }
        return byte == 1
    }

    /// The next numbers; as many as `count` says, where it does.
    package mutating func doubles(count: Int? = nil) throws(StateError) -> [Double] { try array(count) }

    /// The next numbers.
    package mutating func floats(count: Int? = nil) throws(StateError) -> [Float] { try array(count) }

    /// The next whole numbers.
    package mutating func ints(count: Int? = nil) throws(StateError) -> [Int] { try array(count) }

    /// The next bytes.
    package mutating func bytes(count: Int? = nil) throws(StateError) -> [UInt8] { try array(count) }

    /// The next small whole numbers.
    package mutating func smallInts(count: Int? = nil) throws(StateError) -> [Int8] { try array(count) }

    /// The next truth values.
    package mutating func bools(count: Int? = nil) throws(StateError) -> [Bool] {
        let bytes = try bytes(count: count)
        guard bytes.allSatisfy({ $0 <= 1 }) else { throw StateError("a byte that is neither 0 nor 1") }
        return bytes.map { $0 == 1 }
    }

    private mutating func bits() throws(StateError) -> UInt64 {
        guard rest.count >= 8 else { throw StateError("an end too early") }
        defer { rest = rest.dropFirst(8) }
        return unsafe rest.withUnsafeBytes { unsafe UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    }

    private mutating func array<Element: BitwiseCopyable>(_ expected: Int?) throws(StateError) -> [Element] {
        let count = try int()
        guard count >= 0, count <= rest.count / MemoryLayout<Element>.stride, expected.map({ $0 == count }) ?? true
        else { throw StateError("\(count) values\(expected.map { ", expected \($0)" } ?? "")") }
        let size = count * MemoryLayout<Element>.stride
        defer { rest = rest.dropFirst(size) }
        return unsafe rest.withUnsafeBytes { source in
            unsafe [Element](unsafeUninitializedCapacity: count) { target, initialized in
                if count > 0 {
                    unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: source[..<size]))
                }
                initialized = count
            }
        }
    }
}
