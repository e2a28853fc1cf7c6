import CZlib
import CZstd

/// What a gzip file holds; several members are read as one.
final class GzipSource: ByteSource {
    private let path: String
    private let input: BufferedInput
    private var stream = z_stream()
    private var memberEnded = false

    init(path: String, source: any ByteSource) throws {
        self.path = path
        input = BufferedInput(source)
        // 15 bits of window, and 16 for the gzip header.
        let code = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            throw TelemetryError(.unreadable, path: path, found: "no memory to unpack it", expected: "a gzip file")
        }
    }

    deinit { inflateEnd(&stream) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        stream.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = UInt32(clamping: buffer.count)
        let capacity = stream.avail_out
        while stream.avail_out == capacity {
            let more = try input.fill()
            if memberEnded {
                guard more else { return 0 }
                guard inflateReset(&stream) == Z_OK else { throw damaged("bytes behind its end") }
                memberEnded = false
            }
            let code = input.take { unread in
                stream.next_in = unread.baseAddress
                stream.avail_in = UInt32(unread.count)
                let code = inflate(&stream, Z_NO_FLUSH)
                return (unread.count - Int(stream.avail_in), code)
            }
            switch code {
            case Z_OK: continue
            case Z_STREAM_END: memberEnded = true
            case Z_BUF_ERROR where more: continue
            case Z_BUF_ERROR: throw damaged("an end in the middle of the packed data")
            default: throw damaged("damaged gzip data")
            }
        }
        return Int(capacity - stream.avail_out)
    }

    private func damaged(_ found: String) -> TelemetryError {
        TelemetryError(.malformed, path: path, found: found, expected: "a whole gzip file")
    }
}

/// What a zstd file holds; several frames are read as one.
final class ZstdSource: ByteSource {
    private let path: String
    private let input: BufferedInput
    private let stream: OpaquePointer
    private var frameIsOpen = false

    init(path: String, source: any ByteSource) throws {
        guard let stream = ZSTD_createDStream() else {
            throw TelemetryError(.unreadable, path: path, found: "no memory to unpack it", expected: "a zstd file")
        }
        self.path = path
        self.stream = stream
        input = BufferedInput(source)
    }

    deinit { ZSTD_freeDStream(stream) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var out = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while out.pos == 0 {
            let more = try input.fill()
            if !more && !frameIsOpen { return 0 }
            let before = out.pos
            let code = input.take { unread in
                var bytes = ZSTD_inBuffer(src: UnsafeRawPointer(unread.baseAddress), size: unread.count, pos: 0)
                let code = ZSTD_decompressStream(stream, &out, &bytes)
                return (bytes.pos, code)
            }
            if ZSTD_isError(code) != 0 { throw damaged("damaged zstd data") }
            frameIsOpen = code != 0
            if !more && out.pos == before { throw damaged("an end in the middle of the packed data") }
        }
        return out.pos
    }

    private func damaged(_ found: String) -> TelemetryError {
        TelemetryError(.malformed, path: path, found: found, expected: "a whole zstd file")
    }
}
