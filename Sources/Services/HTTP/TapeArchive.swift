import Synchronization

/// Files as one stream of bytes that `tar` unpacks, made piece by piece while it is sent.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format"; names of more than 100 bytes as GNU tar has them, in a record
/// before the file's.
package final class TapeArchive: Sendable {
    private let pieces: Mutex<ArraySlice<[UInt8]>>
    private static let block = 512
    private static let longestName = 100

    /// An archive of files in a folder.
    ///
    /// - Precondition: the folder's name has at most 155 bytes.
    package init(_ files: [(name: String, bytes: [UInt8])], folder: String) {
        var pieces: [[UInt8]] = []
        func add(_ name: String, in folder: String, _ bytes: [UInt8], type: String = "0") {
            pieces.append(Self.header(name: name, prefix: folder, size: bytes.count, type: type))
            pieces.append(bytes)
            pieces.append([UInt8](repeating: 0, count: (Self.block - bytes.count % Self.block) % Self.block))
        }
        for file in files {
            if file.name.utf8.count > Self.longestName {
                add("././@LongLink", in: "", Array("\(folder)/\(file.name)\0".utf8), type: "L")
            }
            add(file.name, in: folder, file.bytes)
        }
        // Two empty blocks are the end.
        pieces.append([UInt8](repeating: 0, count: 2 * Self.block))
        self.pieces = Mutex(pieces.filter { !$0.isEmpty }[...])
    }

    /// The next bytes; `nil` at the end.
    package func next() -> [UInt8]? { pieces.withLock { $0.popFirst() } }

    private static func header(name: String, prefix: String, size: Int, type: String) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: block)
        func put(_ text: String, at place: Int, most: Int) {
            for (offset, byte) in text.utf8.prefix(most).enumerated() { header[place + offset] = byte }
        }
        func octal(_ value: Int, _ digits: Int) -> String {
            let text = String(value, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0, most: longestName)
        put(octal(0o644, 7), at: 100, most: 7)
        put(octal(0, 7), at: 108, most: 7)
        put(octal(0, 7), at: 116, most: 7)
        put(octal(size, 11), at: 124, most: 11)
        put(octal(0, 11), at: 136, most: 11)
        put("        ", at: 148, most: 8)
        put(type, at: 156, most: 1)
        put("ustar", at: 257, most: 5)
        put("00", at: 263, most: 2)
        put(prefix, at: 345, most: 155)
        // The checksum is that of a header with blanks in its place.
        put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148, most: 6)
        header[154] = 0
        return header
    }
}
