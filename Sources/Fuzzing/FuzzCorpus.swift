import Foundation
import Platform

/// The inputs of a target that are kept, in one file: each with its length before it, four bytes, little-endian.
package struct FuzzCorpus: Sendable, Equatable {
    /// The inputs.
    package let inputs: [[UInt8]]

    /// The files of a folder, the shortest first.
    package init(folder: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        inputs = try names.map { try FileContents.read("\(folder)/\($0)") }.sorted {
            ($0.count, $0.description) < ($1.count, $1.description)
        }
    }

    /// Reads the file.
    package init(file: String) throws {
        var rest = try FileContents.read(file)[...]
        var inputs: [[UInt8]] = []
        while rest.count >= 4 {
            let length = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            inputs.append(Array(rest.dropFirst(4).prefix(length)))
            rest = rest.dropFirst(4 + length)
        }
        self.inputs = inputs
    }

    /// Writes the file.
    package func write(to path: String) throws {
        var bytes: [UInt8] = []
        for input in inputs {
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: input.count >> shift))
            }
            bytes += input
        }
        try FileContents.writeAtomically(bytes, to: path)
    }

    /// Writes each input into a file of its own.
    package func unpack(to folder: String) throws {
        for input in inputs {
            try FileContents.writeAtomically(input, to: "\(folder)/\(SHA256.hexadecimalDigest(of: input).prefix(40))")
        }
    }
}
