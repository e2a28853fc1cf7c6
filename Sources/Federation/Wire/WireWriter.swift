/// Builds a byte string: integers and floats little-endian, strings and byte strings with a 32-bit length before them.
package struct WireWriter: Sendable {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    /// An empty byte string.
    package init(reserving count: Int = 0) { bytes.reserveCapacity(count) }

    /// Appends a fixed-width integer.
    package mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends a double's bits.
    package mutating func put(_ value: Double) { put(value.bitPattern) }

    /// Appends one byte, 1 for true.
    package mutating func put(_ value: Bool) { put(UInt8(value ? 1 : 0)) }

    /// Appends a length and the string's UTF-8 bytes.
    package mutating func put(_ value: String) { put(Array(value.utf8)) }

    /// Appends a length and the bytes.
    package mutating func put(_ value: [UInt8]) {
        put(UInt32(clamping: value.count))
        bytes.append(contentsOf: value)
    }

    /// Appends bytes without a length.
    package mutating func putRaw(_ value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

    /// Appends a count and the floats' bits.
    package mutating func put(_ values: [Float]) {
        put(UInt32(clamping: values.count))
        #if _endian(little)
            values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        #else
            for value in values { put(value.bitPattern) }
        #endif
    }

    /// Appends a count and each element.
    package mutating func put<Element>(
        _ values: some Collection<Element>, each body: (inout WireWriter, Element) -> Void
    ) {
        put(UInt32(clamping: values.count))
        for value in values { body(&self, value) }
    }
}
