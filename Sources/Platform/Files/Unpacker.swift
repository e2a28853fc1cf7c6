import CZlib
import CZstd

/// Unpacks gzip or zstd as it comes; several members or frames, one behind the other, are one text.
@safe package final class Unpacker {
    /// How the bytes are packed.
    package enum Format: String, Hashable, Sendable, CaseIterable {
        /// RFC 1952.
        case gzip
        /// RFC 8878.
        case zstd

        /// The format that the first bytes of a file tell; `nil` when it is neither.
        package init?(_ first: [UInt8]) {
            if first.starts(with: [0x1F, 0x8B]) {
                self = .gzip
            } else if first.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
                || (first.count > 4 && first[0] & 0xF0 == 0x50 && first[1...3] == [0x2A, 0x4D, 0x18])
            {
                // The second is a frame to be skipped, as pzstd writes them.
                self = .zstd
            } else {
                return nil
            }
        }
    }

    /// What one step did.
    package struct Step: Hashable, Sendable {
        /// Bytes taken and bytes written.
        package let used: Int
        package let written: Int
    }

    /// The bytes are damaged.
    package struct Damage: Error, Hashable, Sendable {}

    private let format: Format
    private var inflater = unsafe z_stream()
    private let zstd: OpaquePointer?
    /// Whether a member or frame has begun and not ended.
    package private(set) var isOpen = false
    private var needsReset = false

    /// An unpacker before the first byte; `nil` without memory for one.
    package init?(_ format: Format) {
        self.format = format
        unsafe zstd = format == .zstd ? ZSTD_createDStream() : nil
        switch format {
        case .gzip:
            // 15 bits of window, and 16 for the gzip header.
            let size = unsafe Int32(MemoryLayout<z_stream>.size)
            guard unsafe inflateInit2_(&inflater, 15 + 16, ZLIB_VERSION, size) == Z_OK else { return nil }
        case .zstd: guard unsafe zstd != nil else { return nil }
        }
    }

    deinit {
        switch format {
        case .gzip: unsafe inflateEnd(&inflater)
        case .zstd: unsafe ZSTD_freeDStream(zstd)
        }
    }

    /// Unpacks some of `input` into `output`.
    ///
    /// - Throws: ``Damage`` when the bytes are not of the format.
    package func step(
        _ input: UnsafeMutableRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Damage) -> Step {
        guard input.count > 0 || isOpen else { return Step(used: 0, written: 0) }
        switch format {
        case .gzip:
            if needsReset {
                guard unsafe inflateReset(&inflater) == Z_OK else { throw Damage() }
                needsReset = false
            }
            let (most, room) = (min(input.count, 1 << 30), min(output.count, 1 << 30))
            unsafe inflater.next_in = unsafe input.bindMemory(to: UInt8.self).baseAddress
            unsafe inflater.avail_in = UInt32(most)
            unsafe inflater.next_out = unsafe output.bindMemory(to: UInt8.self).baseAddress
            unsafe inflater.avail_out = UInt32(room)
            let code = unsafe inflate(&inflater, Z_NO_FLUSH)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw Damage() }
            isOpen = code != Z_STREAM_END
            needsReset = code == Z_STREAM_END
            return unsafe Step(used: most - Int(inflater.avail_in), written: room - Int(inflater.avail_out))
        case .zstd:
            var bytes = unsafe ZSTD_inBuffer(src: UnsafeRawPointer(input.baseAddress), size: input.count, pos: 0)
            var text = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let code = unsafe ZSTD_decompressStream(zstd, &text, &bytes)
            guard ZSTD_isError(code) == 0 else { throw Damage() }
            isOpen = code != 0
            return unsafe Step(used: bytes.pos, written: text.pos)
        }
    }
}
