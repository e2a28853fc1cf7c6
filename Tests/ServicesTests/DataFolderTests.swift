import Foundation
import Platform
import Services
import TestSupport
import Testing

@Suite struct DataFolderTests {
    private func mode(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func nobodyElseLooksIn() throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path("run")
        try FileManager.default.createDirectory(
            atPath: path + "/mirror/holder", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        _ = FileManager.default.createFile(
            atPath: path + "/mirror/holder/0.csv", contents: Data("1".utf8), attributes: [.posixPermissions: 0o644])
        let folder = try DataFolder(path)
        _ = try AlarmLog(path: folder.file("alarms.db"))
        try FileContents.writeAtomically([1], to: folder.file("state.json"))
        try FolderContents.makeFolder(folder.file("new/inner"))
        for name in ["", "/mirror", "/mirror/holder", "/new", "/new/inner"] { #expect(try mode(path + name) == 0o700) }
        for name in ["/lock", "/alarms.db", "/alarms.db-sums", "/state.json", "/mirror/holder/0.csv"] {
            #expect(try mode(path + name) == 0o600, "\(name)")
        }
    }

    /// What killed processes were just writing goes, unless they may still run somewhere.
    @Test func whatWasAbandonedGoes() throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path("run")
        try FolderContents.makeFolder(path + "/inner")
        let gone = Int32.max
        let names = [
            (".state.json.temporary-\(gone)-12", true, false), ("inner/.0.csv.temporary-\(gone)", true, false),
            (".late.temporary-\(gone)", false, true), (".mine.temporary-\(getpid())", true, true),
            ("notes.temporary-file", true, true), ("state.json", true, true),
        ]
        for (name, isOld, _) in names {
            try FileContents.writeAtomically([1], to: path + "/" + name)
            let age = isOld ? 7_200.0 : 60
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -age)], ofItemAtPath: path + "/" + name)
        }
        _ = try DataFolder(path)
        for (name, _, stays) in names {
            #expect(FileManager.default.fileExists(atPath: path + "/" + name) == stays, "\(name)")
        }
    }

    @Test func aFolderThatIsGoneIsNoticed() throws {
        let temporary = try TemporaryFolder()
        let path = temporary.path("run")
        let folder = try DataFolder(path)
        try folder.check()
        try FileManager.default.removeItem(atPath: path)
        let gone = #expect(throws: ServiceError.self) { try folder.check() }
        #expect(gone?.exitStatus == .cannotCreate)
        // Another one in its place is another one.
        let other = try DataFolder(path)
        try other.check()
        #expect(throws: ServiceError.self) { try folder.check() }
    }
}
