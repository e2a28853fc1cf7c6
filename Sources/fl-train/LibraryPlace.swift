import CommandLine
import Foundation
import Platform
import Services
import Watching

/// Where a fault library is: in a file, or with a server.
enum LibraryPlace: Sendable {
    case file(String)
    case server(HTTPPeer)

    /// The place that `fl-train library` is told.
    init(_ arguments: Arguments) throws {
        guard let address = arguments[optional: LibraryCommand.server] else {
            guard arguments[optional: LibraryCommand.alarm] == nil else {
                throw CommandLineError.usage("--alarm needs --server HOST:PORT: a file has no alarms")
            }
            self = .file(arguments[LibraryCommand.library])
            return
        }
        self = .server(try ServerAccess.peer(address, arguments))
    }

    /// The library there.
    ///
    /// - Throws: what is wrong with it, naming the place.
    func read() throws -> FaultLibrary {
        let bytes: [UInt8]
        switch self {
        case .file(let path): bytes = try FileContents.read(path)
        case .server(let peer):
            bytes = try Self.body { HTTPClient.get(peer, path: "/v1/library?form=file", read: $0) }
        }
        do throws(FaultLibraryError) {
            return try FaultLibrary(decoding: bytes)
        } catch {
            throw CommandLineError(.data, "\(self): \(error)")
        }
    }

    /// Adds what another library knows; a file that is missing is made.
    func merge(_ other: FaultLibrary) throws {
        switch self {
        case .file(let path):
            var library = FileManager.default.fileExists(atPath: path) ? try read() : FaultLibrary()
            library.merge(other)
            try FileContents.writeAtomically(try library.encoded(), to: path)
        case .server:
            for (name, confirmations) in other.faults.sorted(by: { $0.key < $1.key }) {
                for confirmation in confirmations {
                    try post(Confirmed(name: name, signature: confirmation.compact))
                }
            }
        }
    }

    /// Confirms what an alarm of the server was.
    ///
    /// - Parameter alarm: an event's number, or the alarm's id.
    func confirm(alarm: String, as name: String) throws {
        if let number = Int64(alarm) {
            try post(ConfirmedAlarm(name: name, alarm: number))
        } else {
            try post(ConfirmedAlarm(name: name, alarm: alarm))
        }
    }

    /// Forgets a fault.
    func remove(_ name: String) throws {
        switch self {
        case .file(let path):
            var library = try read()
            guard library.remove(name) else {
                let known = library.faults.keys.sorted().joined(separator: ", ")
                throw CommandLineError(.data, "\(path): no fault named \(name); there are \(known)")
            }
            try FileContents.writeAtomically(try library.encoded(), to: path)
        case .server(let peer):
            let path = "/v1/library/" + PercentEncoding.encoded(name)
            _ = try Self.body { HTTPClient.delete(peer, path: path, read: $0) }
        }
    }

    // MARK: The server

    private struct Confirmed: Encodable {
        let name: String
        let signature: FaultLibrary.Confirmation
    }

    private struct ConfirmedAlarm<Reference: Encodable>: Encodable {
        let name: String
        let alarm: Reference
    }

    private func post(_ body: some Encodable) throws {
        guard case .server(let peer) = self else { return }
        let json = try Console.json(body, pretty: false)
        _ = try Self.body { HTTPClient.post(peer, path: "/v1/library", json: json, read: $0) }
    }

    private static func body(_ request: ((([UInt8]) -> Bool) -> HTTPClient.Outcome)) throws -> [UInt8] {
        var body: [UInt8] = []
        let outcome = request {
            body += $0
            return true
        }
        switch outcome {
        case .finished: return body
        case .unreachable(let reason): throw CommandLineError(.unavailable, reason)
        case .refused(let status, let line) where (400..<500).contains(status):
            throw CommandLineError(.data, "the server refuses: \(line)")
        case .refused(let status, let line):
            throw CommandLineError(.unavailable, "the server answers with status \(status): \(line)")
        }
    }
}

extension LibraryPlace: CustomStringConvertible {
    /// A path, or an address.
    var description: String {
        switch self {
        case .file(let path): path
        case .server(let peer): "\(peer)"
        }
    }
}
