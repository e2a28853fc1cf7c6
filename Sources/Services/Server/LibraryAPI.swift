import Foundation
import Platform
import Watching

/// `/v1/library`: the faults that the server knows, and their confirmation.
struct LibraryAPI: Sendable {
    /// The library.
    let store: FaultLibraryStore
    /// The file of the log of alarms.
    let alarmLog: String
    /// Who may change it.
    let authority: HTTPAuthority

    /// The path of the whole library; faults are below it.
    static let path = "/v1/library"
    /// How the library is shown where that is said.
    static let form = WordParameter(name: "form", words: ["file"], text: "As fl-train keeps it.")
    /// What a fault's name looks like.
    static let namePattern = #"^[^\u0000-\u001f\u007f-\u009f/?#]+$"#
    /// Bytes of a fault's name.
    static let longestName = 64
    /// Bytes of an origin.
    static let longestOrigin = 256

    /// Whether a path is below `/v1/library`.
    static func serves(_ path: String) -> Bool { path == Self.path || path.hasPrefix(Self.path + "/") }

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        let name = request.path == Self.path ? nil : String(request.path.dropFirst(Self.path.count + 1))
        switch (request.method, name) {
        case (.get, nil): return try list(request)
        case (.get, let name?): return try fault(name)
        case (.post, nil): return try confirm(request)
        case (.delete, let name?): return try forget(name, request)
        case (_, nil):
            return .text(405, "GET the library or POST a confirmation here; DELETE takes a fault's own path\n")
        case (_, _): return .text(405, "GET or DELETE a fault here; POST \(Self.path) confirms one\n")
        }
    }

    // MARK: What is known

    private struct Listing: Encodable {
        struct Fault: Encodable {
            let name: String
            let signatures: Int
            let origins: [String]
            let metrics: [String]
        }
        let faults: [Fault]
        let leastSimilarity: Double
    }

    /// Every known fault with how many confirmed signatures it has, where they were seen, and the strongest metrics; or,
    /// with `?form=file`, the library as `fl-train library` keeps it.
    private func list(_ request: HTTPRequest) throws -> HTTPResponse {
        let library = store.current.library
        if try request.value(Self.form) != nil { return .json(try library.encoded()) }
        return try .encoding(
            Listing(
                faults: library.faults.sorted { $0.key < $1.key }.map { name, known in
                    Listing.Fault(
                        name: name, signatures: known.count, origins: Set(known.compactMap(\.origin)).sorted(),
                        metrics: Array(library.strongestMetrics(of: name).prefix(4)))
                }, leastSimilarity: FaultLibrary.leastSimilarity(among: library.count)))
    }

    /// One fault, as a library of its own.
    private func fault(_ name: String) throws -> HTTPResponse {
        guard let library = store.current.library.only(name) else { return Self.noFault(name) }
        return .json(try library.encoded())
    }

    private static func noFault(_ name: String) -> HTTPResponse {
        .text(404, "no fault named \(HTTPResponse.printable(name)); \(path) lists those there are\n")
    }

    // MARK: Changes

    private struct Confirmed: Encodable {
        let name: String
        let added: Bool
        let signatures: Int
        let origin: String?
    }

    private func confirm(_ request: HTTPRequest) throws -> HTTPResponse {
        if let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        // A page in a browser cannot send this type to another origin without asking first.
        guard request.header("Content-Type")?.lowercased().hasPrefix("application/json") ?? false else {
            return .text(415, "expected Content-Type: application/json\n")
        }
        let wanted: FaultConfirmation
        do {
            wanted = try FaultConfirmation(decoding: request.body)
        } catch {
            return .text(400, "\(error)\n")
        }
        let signature: FaultSignature
        var origin = wanted.origin
        var corrects = false
        switch wanted.subject {
        case .signature(let given): signature = given
        case .alarm(let reference):
            guard let event = try latest(reference) else {
                return .text(404, "alarm: found no alarm \(reference) in the log\n")
            }
            guard let seen = event.signature, seen.flaw == nil else {
                return .text(409, "alarm: \(HTTPResponse.printable(event.id)) has no signature to confirm\n")
            }
            signature = seen
            origin = String(event.id.prefix(Self.longestOrigin))
            corrects = true
        }
        return try stored {
            let change = try store.add(signature, as: wanted.name, origin: origin, corrects: corrects)
            if change.isNew { authority.audit(request, "fault confirmed: \(wanted.name)") }
            return try .encoding(
                Confirmed(name: wanted.name, added: change.isNew, signatures: change.count, origin: origin))
        }
    }

    private struct Forgotten: Encodable { let removed: String }

    private func forget(_ name: String, _ request: HTTPRequest) throws -> HTTPResponse {
        if let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        return try stored {
            try store.remove(name)
            authority.audit(request, "fault forgotten")
            return try .encoding(Forgotten(removed: name))
        }
    }

    /// A change, or the answer to one that cannot be made.
    private func stored(_ change: () throws -> HTTPResponse) throws -> HTTPResponse {
        do {
            return try change()
        } catch FaultLibraryStore.Refusal.full(let line) {
            return .text(409, line + "\n")
        } catch FaultLibraryStore.Refusal.missing(let name) {
            return Self.noFault(name)
        } catch let error as StorageError {
            return .text(507, "\(error)\n")
        }
    }

    /// The last event with a signature of an alarm.
    func latest(_ reference: FaultConfirmation.Reference) throws -> AlarmEvent? {
        let log = try AlarmLog(reading: alarmLog)
        let id: String
        switch reference {
        case .id(let given): id = given
        case .sequence(let number):
            guard let entry = try log.page(after: number - 1, limit: 1).entries.first, entry.sequence == number,
                let event = try? AlarmEvent(decoding: entry.bytes)
            else { return nil }
            id = event.id
        }
        let needle = try JSONEncoder.oneLine.encode(["id": id]).dropFirst().dropLast()
        let events = try log.entries(containing: Array(needle), limit: 64).compactMap {
            try? AlarmEvent(decoding: $0.bytes)
        }.filter { $0.id == id }
        return events.first { $0.signature != nil } ?? events.first
    }
}
