/// CRC-32 with the reflected polynomial EDB88320 (ISO-HDLC, as in Ethernet and zlib); finds damage, not malice.
package struct CyclicRedundancyCheck: Sendable {
    private var register: UInt32 = 0xffff_ffff

    /// The checksum of no bytes.
    package init() {}

    /// The checksum of the bytes so far.
    package var value: UInt32 { ~register }

    /// Appends bytes.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        var register = register
        if bytes.withContiguousStorageIfAvailable({ register = Self.advance(register, over: $0) }) == nil {
            Array(bytes).withUnsafeBufferPointer { register = Self.advance(register, over: $0) }
        }
        self.register = register
    }

    private static func advance(_ start: UInt32, over bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var register = start
        table.withUnsafeBufferPointer { table in
            for byte in bytes { register = table[Int(UInt8(truncatingIfNeeded: register) ^ byte)] ^ register >> 8 }
        }
        return register
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
}
