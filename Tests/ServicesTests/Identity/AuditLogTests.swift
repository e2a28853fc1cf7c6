import Federation
import Foundation
import Platform
import Services
import TestSupport
import Testing

/// The audit log of a server whose processes are killed at any moment.
@Suite struct AuditLogTests {
    private let folder: TemporaryFolder
    private let store: IdentityStore

    init() throws {
        folder = try TemporaryFolder()
        store = try IdentityStore(folder: folder.path("server"))
    }

    private func happen(_ text: String) throws {
        _ = try store.change(at: 7) { _ in ((), [AuditEvent(.http, of: "somebody", text)]) }
    }

    private var log: String { folder.path("server/audit.log") }
    private var identity: [String] { ["", ".sha256"].map { folder.path("server/identity.json\($0)") } }

    private func texts() throws -> [String] { try store.auditLog.entries().map(\.text) }

    /// The process ends when the log is written and `identity.json` is not: what it wrote stays, and the log is whole.
    @Test func entriesThatNobodyNamedAreTakenUp() throws {
        try happen("one")
        let before = try identity.map { try FileContents.read($0) }
        _ = try store.change(at: 7) { _ in
            ((), [AuditEvent(.http, of: "somebody", "two"), AuditEvent(.http, of: "somebody", "three")])
        }
        for (path, bytes) in zip(identity, before) { try FileContents.writeAtomically(bytes, to: path) }
        try store.verifyAudit()
        try happen("four")
        try store.verifyAudit()
        let found = try texts()
        #expect(found.count == 5 && found[..<3] == ["one", "two", "three"] && found[4] == "four")
        #expect(found[3].contains("entries 2 to 3") && found[3].contains("may not have come about"), "\(found[3])")
        // Once.
        try store.settleAudit()
        #expect(try texts() == found)
    }

    /// … or in the middle of a line, wherever that is.
    @Test func halfALineGoes() throws {
        try happen("one")
        let before = try identity.map { try FileContents.read($0) }
        let start = try FileContents.read(log)
        try happen("two")
        let whole = try FileContents.read(log)
        for length in stride(from: start.count, to: whole.count, by: 7) {
            for (path, bytes) in zip(identity, before) { try FileContents.writeAtomically(bytes, to: path) }
            try FileContents.writeAtomically(Array(whole[..<length]), to: log)
            try store.verifyAudit()
            try store.settleAudit()
            try store.verifyAudit()
            #expect(try FileContents.read(log) == start, "\(length)")
            try happen("three")
            try store.verifyAudit()
            #expect(try texts() == ["one", "three"], "\(length)")
        }
    }

    /// What was put behind the end by somebody else, or taken from it, is found as before.
    @Test func whatSomebodyElseDidIsFound() throws {
        for text in ["one", "two", "three"] { try happen(text) }
        let good = try FileContents.read(log)
        let lines = good.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast()
        for bad in [
            good + Array(lines[2]) + [0x0a], good + Array(lines[0]) + [0x0a], Array(good.dropLast(lines[2].count + 1)),
        ] {
            try FileContents.writeAtomically(bad, to: log)
            try store.settleAudit()
            #expect(throws: ServiceError.self) { try store.verifyAudit() }
            #expect(try FileContents.read(log) == bad)
        }
        try FileContents.writeAtomically(good, to: log)
        try store.verifyAudit()
    }

    /// A change of the server's key that is reported as failed has not happened: neither that it is to come, nor that it came.
    @Test func aKeyThatCannotBeLoggedDoesNotChange() throws {
        try happen("one")
        let key = try store.serverKeys().publicKey
        let aside = folder.path("aside")
        func withoutLog(_ body: () throws -> Void) throws {
            try FileManager.default.moveItem(atPath: log, toPath: aside)
            // No file can be written where a folder is.
            try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: false)
            try body()
            try FileManager.default.removeItem(atPath: log)
            try FileManager.default.moveItem(atPath: aside, toPath: log)
        }
        try withoutLog { #expect(throws: (any Error).self) { try store.announceKeys(at: 100) } }
        #expect(try store.nextKeys() == nil)
        let next = try store.announceKeys(at: 100).keys.publicKey
        #expect(throws: ServiceError.self) { try store.announceKeys(at: 200) }
        try withoutLog { #expect(throws: (any Error).self) { try store.takeNextKeys(at: 101) } }
        #expect(try store.serverKeys().publicKey == key && store.nextKeys() != nil)
        #expect(try store.takeNextKeys(at: 101)?.publicKey == next && store.serverKeys().publicKey == next)
        try store.verifyAudit()
        #expect(try texts().count == 3)
    }

    /// Without `identity.json` nobody knows who may take part, nor who was shut out: that is not taken for a new folder.
    @Test func lostIdentitiesAreSaid() throws {
        try happen("one")
        for path in identity { try FileManager.default.removeItem(atPath: path) }
        #expect {
            _ = try store.read()
        } throws: {
            ($0 as? StorageError)?.code == .corrupt && "\($0)".contains("identity.json")
        }
        #expect(throws: (any Error).self) { try store.verifyAudit() }
        // Whoever gives up both begins anew.
        try FileManager.default.removeItem(atPath: log)
        #expect(try store.read() == IdentityRecord())
    }
}
