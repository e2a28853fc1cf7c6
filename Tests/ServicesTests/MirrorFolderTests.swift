import Federation
import Foundation
import Platform
import Services
import TestSupport
import Testing

@Suite struct MirrorFolderTests {
    private let listing = SampleListing(
        type: "enb", reading: "r", trainingFormat: "generic", streamFormat: "generic",
        files: [
            .init(part: .training, name: "enb0_train.csv", size: 6),
            .init(part: .stream, name: "enb0_test.csv", size: 4),
        ])

    private func mirror(_ folder: TemporaryFolder) -> MirrorFolder {
        MirrorFolder(folder.path("mirror"), limit: 1 << 20, reading: "r")
    }

    /// A whole copy, and the paths of its files.
    private func copied(_ folder: TemporaryFolder) throws -> [String] {
        let mirror = mirror(folder)
        let found = try mirror.open(holder: "h", entity: "s/enb0", listing: listing)
        #expect(found.lengths == [0, 0] && !found.isWhole && mirror.copies.isEmpty)
        try mirror.append(holder: "h", entity: "s/enb0", file: 0, offset: 0, bytes: Array("a\n1\n2\n".utf8))
        try mirror.append(holder: "h", entity: "s/enb0", file: 1, offset: 0, bytes: Array("a\n3\n".utf8))
        try mirror.complete(holder: "h", entity: "s/enb0")
        return mirror.copies.flatMap { ($0.training?.files ?? []) + ($0.stream?.files ?? []) }
    }

    private func adopted(_ folder: TemporaryFolder) -> (entities: [String], damaged: [String]) {
        let mirror = mirror(folder)
        // By existence nothing is adopted.
        #expect(mirror.copies.isEmpty)
        var damaged: [String] = []
        mirror.verify(isCancelled: { false }, found: {}, damaged: { damaged.append("\($0): \($1)") })
        return (mirror.copies.map(\.entity), damaged)
    }

    @Test func aCopyIsAdoptedWhenEveryByteIsWhatWasWritten() throws {
        let folder = try TemporaryFolder()
        let files = try copied(folder)
        #expect(files.count == 2)
        #expect(adopted(folder).entities == ["s/enb0"])
        for (index, file) in files.enumerated() {
            let good = try FileContents.read(file)
            for bit in 0..<8 * good.count {
                var bytes = good
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                try FileContents.writeAtomically(bytes, to: file)
                let found = adopted(folder)
                #expect(found.entities.isEmpty && found.damaged.count == 1, "file \(index), bit \(bit)")
            }
            try FileContents.writeAtomically(Array(good.dropLast()), to: file)
            #expect(adopted(folder).entities.isEmpty)
            try FileContents.writeAtomically(good, to: file)
        }
        #expect(adopted(folder).entities == ["s/enb0"])
        let list = (files[0] as NSString).deletingLastPathComponent + "/copy.json"
        let good = try FileContents.read(list)
        for bit in stride(from: 0, to: 8 * good.count, by: 7) {
            var bytes = good
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try FileContents.writeAtomically(bytes, to: list)
            let found = adopted(folder)
            #expect(found.entities.isEmpty && found.damaged.count == 1, "copy.json, bit \(bit)")
        }
    }

    @Test func appendedRowsAreRecorded() throws {
        let folder = try TemporaryFolder()
        let files = try copied(folder)
        let first = mirror(folder)
        first.verify(isCancelled: { false }, found: {}, damaged: { _, _ in })
        #expect(try first.open(holder: "h", entity: "s/enb0", listing: listing).isWhole)
        try first.append(holder: "h", entity: "s/enb0", file: 1, offset: 4, bytes: Array("4\n".utf8))
        #expect(adopted(folder).entities == ["s/enb0"])
        #expect(try FileContents.read(files[1]) == Array("a\n3\n4\n".utf8))
        // What came after the last record, as a crash leaves it, is fetched again.
        try FileContents.writeAtomically(Array("a\n3\n4\n5".utf8), to: files[1])
        #expect(adopted(folder).entities == ["s/enb0"])
        #expect(try FileContents.read(files[1]) == Array("a\n3\n4\n".utf8))
    }
}
