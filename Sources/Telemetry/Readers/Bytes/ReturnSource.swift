/// A text whose lines end in a carriage return alone, as old Macintosh programs write, with line feeds in their place.
final class ReturnSource: ByteSource {
    private let source: any ByteSource
    private var endedInReturn = false

    init(source: any ByteSource) { self.source = source }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let got = try source.read(into: buffer)
            guard got > 0 else { return 0 }
            var kept = 0
            for index in 0..<got {
                let byte = buffer[index]
                // A line feed behind a carriage return has been given already.
                if byte != 0x0A || !endedInReturn {
                    buffer[kept] = byte == 0x0D ? 0x0A : byte
                    kept += 1
                }
                endedInReturn = byte == 0x0D
            }
            if kept > 0 { return kept }
        }
    }
}
