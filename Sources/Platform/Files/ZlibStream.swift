import CZlib

/// Streams of zlib (RFC 1950), as pictures have them.
package enum ZlibStream {
    /// The bytes, packed.
    package static func packed(_ bytes: [UInt8]) -> [UInt8] {
        let room = compressBound(UInt(bytes.count))
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(room)) { buffer, count in
            var used = room
            let code = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe compress2(
                    buffer.baseAddress, &used, source.baseAddress, UInt(source.count), Z_BEST_COMPRESSION)
            }
            precondition(code == Z_OK, "there is room for whatever comes out")
            count = Int(used)
        }
    }
}
