/// Reads what ``WireWriter`` wrote. Every length is checked against the bytes that are there before anything is
/// allocated, so that no claim of a peer can cost more memory than the message it came in.
package struct WireReader: ~Copyable {
    private let bytes: Bytes
    private var position: Int
    private let end: Int

    /// Reads the bytes from `start` on.
    package init(_ bytes: [UInt8], from start: Int = 0) { self.init(Bytes(bytes), from: start) }

    /// Reads the bytes from `start` on.
    package init(_ bytes: Bytes, from start: Int = 0) {
        self.bytes = bytes
        position = start
        end = bytes.count
    }

    /// Bytes not yet read.
    package var remaining: Int { end - position }

    private mutating func take(_ count: Int, _ field: StaticString) throws(FederationError) -> Int {
        guard count <= remaining else {
            throw FederationError(.malformed, "\(field): needs \(count) bytes, \(remaining) are left")
        }
        defer { position += count }
        return position
    }

    /// A fixed-width integer.
    package mutating func integer<Value: FixedWidthInteger>(
        _ field: StaticString, as type: Value.Type = Value.self
    ) throws(FederationError) -> Value {
        let start = try take(MemoryLayout<Value>.size, field)
        let part = bytes[start..<start + MemoryLayout<Value>.size]
        return Value(littleEndian: part.withUnsafeBytes { $0.loadUnaligned(as: Value.self) })
    }

    /// A double.
    package mutating func double(_ field: StaticString) throws(FederationError) -> Double {
        Double(bitPattern: try integer(field))
    }

    /// A double that is finite and not negative.
    package mutating func amount(_ field: StaticString) throws(FederationError) -> Double {
        let value = try double(field)
        guard value.isFinite, value >= 0 else {
            throw FederationError(.malformed, "\(field): \(value) is no amount")
        }
        return value
    }

    /// A byte that is 0 or 1.
    package mutating func boolean(_ field: StaticString) throws(FederationError) -> Bool {
        switch try integer(field, as: UInt8.self) {
        case 0: false
        case 1: true
        case let other: throw FederationError(.malformed, "\(field): \(other) is neither 0 nor 1")
        }
    }

    /// A byte string of at most `limit` bytes.
    package mutating func byteString(_ field: StaticString, limit: Int) throws(FederationError) -> [UInt8] {
        let count = Int(try integer(field, as: UInt32.self))
        guard count <= limit else {
            throw FederationError(.oversized, "\(field): \(count) bytes, at most \(limit) are allowed")
        }
        return try rawBytes(field, count: count)
    }

    /// Bytes without a length before them.
    package mutating func rawBytes(_ field: StaticString, count: Int) throws(FederationError) -> [UInt8] {
        let start = try take(count, field)
        return bytes[start..<start + count].array
    }

    /// A byte string of at most `limit` bytes, as a part of what is read: nothing is copied.
    package mutating func part(_ field: StaticString, limit: Int) throws(FederationError) -> Bytes {
        let count = Int(try integer(field, as: UInt32.self))
        guard count <= limit else {
            throw FederationError(.oversized, "\(field): \(count) bytes, at most \(limit) are allowed")
        }
        let start = try take(count, field)
        return bytes[start..<start + count]
    }

    /// A string of at most `limit` bytes of UTF-8.
    package mutating func string(_ field: StaticString, limit: Int = 256) throws(FederationError) -> String {
        let utf8 = try byteString(field, limit: limit)
        guard let string = String(validating: utf8, as: UTF8.self) else {
            throw FederationError(.malformed, "\(field): not UTF-8")
        }
        return string
    }

    /// Floats after their count.
    package mutating func floats(_ field: StaticString) throws(FederationError) -> [Float] {
        let count = Int(try integer(field, as: UInt32.self))
        let start = try take(count * 4, field)
        // Capacity 0 would write to the empty array that all threads share.
        guard count > 0 else { return [] }
        let part = bytes[start..<start + count * 4]
        let floats = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            part.copy(to: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
        #if _endian(little)
            return floats
        #else
            return floats.map { Float(bitPattern: $0.bitPattern.littleEndian) }
        #endif
    }

    /// At most `limit` elements after their count.
    package mutating func array<Element>(
        _ field: StaticString, limit: Int,
        each body: (inout WireReader) throws(FederationError) -> Element
    ) throws(FederationError) -> [Element] {
        let count = Int(try integer(field, as: UInt32.self))
        guard count <= limit, count <= remaining else {
            throw FederationError(.oversized, "\(field): \(count) elements, at most \(min(limit, remaining)) can be")
        }
        var result: [Element] = []
        for _ in 0..<count { result.append(try body(&self)) }
        return result
    }

    /// Checks that everything was read.
    package func finish(_ what: StaticString) throws(FederationError) {
        guard remaining == 0 else {
            throw FederationError(.malformed, "\(what): \(remaining) bytes too many")
        }
    }
}
