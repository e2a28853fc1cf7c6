import Federation
import Platform

/// What a running server has put down for processes of its own user, to take away when it stops.
struct LocalDoors: Sendable {
    private var files: [(path: String, bytes: [UInt8])] = []

    /// Nothing put down yet.
    init() {}

    private mutating func note(_ path: String) {
        if let bytes = try? FileContents.read(path, limit: 4_096) { files.append((path, bytes)) }
    }

    /// Puts down what workers enrol with.
    mutating func open(control port: Int, server: PublicKey, secret: [UInt8]) throws {
        note(try LocalDoor.open(control: port, server: server, secret: secret))
    }

    /// Puts down what tools show over HTTP.
    mutating func open(http port: Int, token: String) throws {
        note(try LocalDoor.open(http: port, token: token))
    }

    /// Takes everything away that nobody has replaced meanwhile.
    func close() {
        for file in files { LocalDoor.close(file.path, unlessChangedFrom: file.bytes) }
    }
}
