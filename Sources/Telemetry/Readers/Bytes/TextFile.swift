import Platform

/// Opens files whatever they are packed in and however their text is encoded.
enum TextFile {
    /// The text of a file from its first line on, and what kind of text it is.
    ///
    /// gzip and zstd are known by their first bytes, whatever the file's name; UTF-16 and UTF-32 by their mark or by
    /// every other byte being zero.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be opened, or is known and cannot be read.
    static func open(_ path: String, options: ReaderOptions) throws -> (stream: ByteStream, shape: TextShape) {
        var notes: [String] = []
        var source = try Peeked(FileSource(path: path))
        for _ in 0..<2 {
            guard let format = Unpacker.Format(source.first) else { break }
            source = try Peeked(UnpackedSource(path: path, format: format, source: source))
            notes.append(format.rawValue)
        }
        if let refusal = source.first.withUnsafeBufferPointer(FileSignature.refusal) {
            throw TelemetryError(.malformed, path: path, found: refusal.found, expected: refusal.expected)
        }
        var text: any ByteSource = source
        if let encoding = source.first.withUnsafeBufferPointer({ UnicodeSource.Encoding($0) }) {
            text = UnicodeSource(source: source, encoding: encoding)
            notes.append(encoding.name)
        } else if source.first.contains(0x0D), !source.first.contains(0x0A) {
            text = ReturnSource(source: source)
            notes.append("lines end in a carriage return")
        }
        var stream = ByteStream(text, path: path, chunkBytes: options.bufferBytes)
        try stream.fill(atLeast: DelimitedHeader.sampleBytes)
        var shape = try TextShape(stream, options: options)
        if let rules = shape.rules {
            stream = ByteStream(
                LineRewriter(
                    source: StreamSource(stream), rules: rules, path: path, maximumLineBytes: options.maximumLineBytes),
                path: path, chunkBytes: options.bufferBytes)
            try stream.fill(atLeast: DelimitedHeader.sampleBytes)
        }
        shape.notes = notes + shape.notes
        return (stream, shape)
    }

    /// A source whose first bytes can be looked at before they are read.
    private final class Peeked: ByteSource {
        let first: [UInt8]
        private let source: any ByteSource
        private var given = 0

        init(_ source: any ByteSource) throws {
            var bytes = [UInt8](repeating: 0, count: 1024)
            var count = 0
            while count < bytes.count {
                let got = try bytes.withUnsafeMutableBytes {
                    try source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[count...]))
                }
                guard got > 0 else { break }
                count += got
            }
            first = Array(bytes[..<count])
            self.source = source
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            guard given < first.count else { return try source.read(into: buffer) }
            let count = min(buffer.count, first.count - given)
            first.withUnsafeBytes {
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[given..<(given + count)]))
            }
            given += count
            return count
        }
    }
}
