import CZlib

/// CRC-32 with the reflected polynomial EDB88320 (ISO-HDLC, as in Ethernet, gzip and PNG), by zlib; finds damage, not
/// malice.
package struct CyclicRedundancyCheck: Sendable {
    /// The checksum of the bytes so far.
    package private(set) var value: UInt32 = 0

    /// The checksum of no bytes.
    package init() {}

    /// Appends bytes.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        var value = value
        let isOneBlock: Void? = bytes.withContiguousStorageIfAvailable { unsafe value = Self.advance(value, $0) }
        if isOneBlock == nil { unsafe Array(bytes).withUnsafeBufferPointer { unsafe value = Self.advance(value, $0) } }
        self.value = value
    }

    private static func advance(_ start: UInt32, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        // Without an address zlib answers with the checksum of nothing, not with `start`.
        guard !bytes.isEmpty else { return start }
        return UInt32(truncatingIfNeeded: unsafe crc32_z(UInt(start), bytes.baseAddress, bytes.count))
    }
}
