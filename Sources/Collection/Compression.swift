import CSnappy
import CZlib
import CZstd

/// Blocks of bytes compressed by zstd, with the checksum of their contents.
enum Zstandard {
    private static func context() -> OpaquePointer? { unsafe ZSTD_createCCtx() }

    /// The bytes, compressed.
    static func compressed(_ bytes: [UInt8], level: Int) -> [UInt8] {
        guard let context = unsafe context() else { preconditionFailure("no memory for compression") }
        defer { unsafe ZSTD_freeCCtx(context) }
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
        unsafe ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        let room = ZSTD_compressBound(bytes.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = unsafe bytes.withUnsafeBytes { source in
                unsafe ZSTD_compress2(context, buffer.baseAddress, room, source.baseAddress, source.count)
            }
            precondition(ZSTD_isError(count) == 0, "there is room for whatever comes out")
        }
    }

    /// What was compressed; `nil` when the bytes are not what ``compressed(_:level:)`` gave, or hold more than `limit`.
    static func decompressed(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        let size = unsafe bytes.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        guard let size = Int(exactly: size), size <= limit else { return nil }
        guard size > 0 else { return [] }
        var isWhole = false
        let result = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let got = unsafe bytes.withUnsafeBytes {
                unsafe ZSTD_decompress(buffer.baseAddress, size, $0.baseAddress, $0.count)
            }
            isWhole = ZSTD_isError(got) == 0 && got == size
            count = isWhole ? size : 0
        }
        return isWhole ? result : nil
    }
}

/// Blocks of bytes compressed by snappy, as remote write sends them.
package enum Snappy {
    /// What was compressed; `nil` when the bytes are no block, or hold more than `limit`.
    package static func decompressed(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        var size = 0
        let known = unsafe bytes.withUnsafeBytes { raw in
            unsafe snappy_uncompressed_length(
                raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, &size)
        }
        guard known == SNAPPY_OK, size <= limit else { return nil }
        guard size > 0 else { return [] }
        var isWhole = false
        let result = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            var room = size
            let status = unsafe bytes.withUnsafeBytes { raw in
                unsafe snappy_uncompress(
                    raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count,
                    UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self), &room)
            }
            isWhole = status == SNAPPY_OK && room == size
            count = isWhole ? size : 0
        }
        return isWhole ? result : nil
    }
}

/// Bytes packed by gzip, as OpenTelemetry's collector sends them, or by what HTTP calls deflate (RFC 1950).
package enum Gzip {
    /// What was packed; `nil` when the bytes are none, or hold more than `limit`.
    package static func decompressed(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        var stream = unsafe z_stream()
        // 15 bits of window, and 32 for whichever of both headers is there.
        guard unsafe inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { unsafe inflateEnd(&stream) }
        var source = bytes
        var result: [UInt8] = []
        let isWhole = unsafe source.withUnsafeMutableBufferPointer { input -> Bool in
            unsafe stream.next_in = input.baseAddress
            unsafe stream.avail_in = UInt32(clamping: input.count)
            var part = [UInt8](repeating: 0, count: 65_536)
            while true {
                let (code, got) = unsafe part.withUnsafeMutableBufferPointer { output in
                    unsafe stream.next_out = output.baseAddress
                    unsafe stream.avail_out = UInt32(output.count)
                    let code = unsafe inflate(&stream, Z_NO_FLUSH)
                    return (code, output.count - Int(unsafe stream.avail_out))
                }
                guard result.count + got <= limit else { return false }
                result += part[..<got]
                let left = unsafe stream.avail_in
                if code == Z_STREAM_END {
                    // Another member may follow (RFC 1952, section 2.2).
                    guard left > 0 else { return true }
                    guard unsafe inflateReset(&stream) == Z_OK else { return false }
                    continue
                }
                guard code == Z_OK, got > 0 || left > 0 else { return false }
            }
        }
        return isWhole ? result : nil
    }
}
