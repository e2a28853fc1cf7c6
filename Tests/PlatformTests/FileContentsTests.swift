import Foundation
import Platform
import TestSupport
import Testing

@Suite struct FileContentsTests {
    @Test func replacesAWholeFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("data")
        for bytes in [[1, 2, 3], [], [UInt8](repeating: 7, count: 100_000)] as [[UInt8]] {
            try FileContents.writeAtomically(bytes, to: path)
            #expect(try FileContents.read(path) == bytes)
        }
        #expect(try FolderContents.names(in: folder.url.path) == ["data"])
    }

    @Test func failuresAreNamed() throws {
        let folder = try TemporaryFolder()
        let missing = #expect(throws: StorageError.self) {
            try FileContents.read(folder.path("absent"))
        }
        #expect(missing?.code == .missing)
        let directory = #expect(throws: StorageError.self) { try FileContents.read(folder.url.path) }
        #expect(directory?.code == .unreadable)
        let nowhere = #expect(throws: StorageError.self) {
            try FileContents.writeAtomically([1], to: folder.path("no/such/file"))
        }
        #expect(nowhere?.code == .missing)
        try FileContents.writeAtomically([1, 2, 3], to: folder.path("data"))
        let large = #expect(throws: StorageError.self) {
            try FileContents.read(folder.path("data"), limit: 2)
        }
        #expect(large?.code == .unsupported)
    }
}

@Suite struct FolderContentsTests {
    private func text(_ string: String) -> [UInt8] { Array(string.utf8) }

    /// A link to a file that is not there yet stays a link; a name may be as long as the file system takes.
    @Test func whereAFileIsMade() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link"), withDestinationPath: "later")
        try FileContents.writeAtomically([1], to: folder.path("link"))
        #expect(try FileContents.read(folder.path("later")) == [1] && FileContents.read(folder.path("link")) == [1])
        #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link"))) == "later")
        let long = folder.path(String(repeating: "é", count: 127))
        try FileContents.writeAtomically([2], to: long)
        #expect(try FileContents.read(long) == [2])
        #expect(try FolderContents.names(in: folder.path("")).count == 3)
    }

    @Test func replacesAWholeFolder() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("deep/model")
        try FolderContents.replaceAtomically(
            path, with: [("a", text("1")), ("b", text("2"))], mayReplace: { _ in false })
        #expect(try FolderContents.names(in: path) == ["a", "b"])
        try FolderContents.replaceAtomically(path, with: [("c", text("3"))], mayReplace: { $0 == "a" || $0 == "b" })
        #expect(try FolderContents.names(in: path) == ["c"])
        #expect(try FolderContents.names(in: folder.path("deep")) == ["model"])
    }

    @Test func filesOfOthersAreSafe() throws {
        let folder = try TemporaryFolder()
        try FileContents.writeAtomically(text("mine"), to: folder.path("thesis.tex"))
        let error = #expect(throws: StorageError.self) {
            try FolderContents.replaceAtomically(folder.url.path, with: [("a", [1])], mayReplace: { $0 == "a" })
        }
        #expect(error?.description.contains("thesis.tex") == true)
        #expect(try FolderContents.names(in: folder.url.path) == ["thesis.tex"])
        let overFile = #expect(throws: StorageError.self) {
            try FolderContents.replaceAtomically(
                folder.path("thesis.tex"), with: [], mayReplace: { _ in true })
        }
        #expect(overFile?.code == .unwritable)
    }

    /// A symbolic link to a folder stays a link.
    @Test func linksAreFollowed() throws {
        let folder = try TemporaryFolder()
        try FolderContents.makeFolder(folder.path("real"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("link"),
            withDestinationPath: folder.path("real"))
        try FolderContents.replaceAtomically(
            folder.path("link"), with: [("a", [1])], mayReplace: { _ in true })
        #expect(try FolderContents.names(in: folder.path("real")) == ["a"])
        #expect(
            (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.path("link"))) != nil
        )
    }
}

@Suite struct SealedFileTests {
    @Test func everyFlippedBitIsNoticed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("state.json")
        try SealedFile.write(Array("{\"version\":1}".utf8), to: path)
        let bytes = Array("{\"version\":2}".utf8)
        try SealedFile.write(bytes, to: path)
        #expect(try SealedFile.read(path) == bytes)
        for bit in 0..<8 * bytes.count {
            var other = bytes
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            try FileContents.writeAtomically(other, to: path)
            // What a crash between the two files leaves is the one before.
            if other == Array("{\"version\":1}".utf8) { continue }
            let error = #expect(throws: StorageError.self) { try SealedFile.read(path) }
            #expect(error?.code == .corrupt)
        }
        try FolderContents.remove(path + ".sha256")
        #expect(try SealedFile.read(path).count == bytes.count)
    }
}
