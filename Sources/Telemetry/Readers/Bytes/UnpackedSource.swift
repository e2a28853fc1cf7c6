import Platform

/// What a packed file holds.
final class UnpackedSource: ByteSource {
    private let path: String
    private let format: Unpacker.Format
    private let input: BufferedInput
    private let unpacker: Unpacker

    /// - Throws: ``TelemetryError`` without memory.
    init(path: String, format: Unpacker.Format, source: any ByteSource) throws {
        guard let unpacker = Unpacker(format) else {
            throw TelemetryError(.unreadable, path: path, found: "no memory to unpack it", expected: "less in use")
        }
        self.path = path
        self.format = format
        self.unpacker = unpacker
        input = BufferedInput(source)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let more = try input.fill()
            if !more && !unpacker.isOpen { return 0 }
            let step: Unpacker.Step
            do {
                step = try input.take { unread in
                    let step = try unpacker.step(UnsafeMutableRawBufferPointer(unread), into: buffer)
                    return (step.used, step)
                }
            } catch {
                throw damaged("damaged data")
            }
            if step.written > 0 { return step.written }
            if !more || step.used == 0 && !unpacker.isOpen { throw damaged("an end in the middle of the packed data") }
        }
    }

    private func damaged(_ found: String) -> TelemetryError {
        TelemetryError(.malformed, path: path, found: found, expected: "a whole \(format.rawValue) file")
    }
}
