package import Federation
import Foundation
import Glibc
import Platform

/// How processes of one user on one machine find each other's keys: files that nobody else can read, named by the port
/// that a server listens on. A server that listens on loopback puts there what its workers enrol with and what its tools
/// change it with; so nobody has to hand keys around on one machine, and another user gets nothing.
package enum LocalDoor {
    /// What a worker of this user needs to enrol.
    package struct Enrolment: Codable, Sendable {
        /// The server's public key.
        package var server: PublicKey
        /// The secret of the key pair to enrol with, in hexadecimal digits.
        package var secret: String
    }

    /// What a tool of this user shows over HTTP.
    package struct Token: Codable, Sendable {
        /// The token.
        package var token: String
    }

    /// The folder: `faultline` in `$XDG_RUNTIME_DIR` where there is one, otherwise `/tmp/faultline-UID`.
    package static var folder: String {
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"] ?? ""
        return runtime.hasPrefix("/") ? runtime + "/faultline" : "/tmp/faultline-\(geteuid())"
    }

    private static func path(_ kind: String, _ port: Int) -> String { "\(folder)/\(kind)-\(port).json" }

    /// The file with which workers enrol at the control endpoint of that port.
    package static func enrolmentPath(_ port: Int) -> String { path("control", port) }

    /// The file with what tools show over HTTP at that port.
    package static func tokenPath(_ port: Int) -> String { path("http", port) }

    /// Makes sure that the folder is this user's and closed to everybody else.
    ///
    /// - Throws: ``ServiceError`` (73) that says what it is instead.
    private static func checkFolder(making: Bool) throws -> Bool {
        let folder = folder
        if making, unsafe mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw ServiceError(.folder, "\(folder) cannot be made: \(unsafe String(cString: strerror(errno)))")
        }
        var status = stat()
        guard unsafe lstat(folder, &status) == 0 else { return false }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw ServiceError(
                .folder,
                "\(folder): found \(status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "something else") of user "
                    + "\(status.st_uid) with mode \(String(status.st_mode & 0o777, radix: 8)), expected a folder of user "
                    + "\(geteuid()) with mode 700: remove it, or set XDG_RUNTIME_DIR")
        }
        return true
    }

    private static func put(_ value: some Encodable, at path: String) throws -> String {
        umask(0o077)
        _ = try checkFolder(making: true)
        try FileContents.writeAtomically(try DeterministicJSON.encode(value), to: path)
        return path
    }

    /// Puts down what workers enrol with; the file's path.
    package static func open(control port: Int, server: PublicKey, secret: [UInt8]) throws -> String {
        try put(Enrolment(server: server, secret: Hexadecimal.text(secret)), at: enrolmentPath(port))
    }

    /// Puts down what tools show over HTTP; the file's path.
    package static func open(http port: Int, token: String) throws -> String {
        try put(Token(token: token), at: tokenPath(port))
    }

    /// Takes a file away, if it is still what was put there.
    package static func close(_ path: String, unlessChangedFrom bytes: [UInt8]) {
        if let there = try? FileContents.read(path, limit: 4_096), there == bytes { unsafe unlink(path) }
    }

    /// What workers enrol with at that port; `nil` where no server of this user has listened on it.
    package static func enrolment(control port: Int) throws -> Enrolment? { try read(enrolmentPath(port)) }

    /// What tools show at that port; `nil` where there is nothing.
    package static func token(http port: Int) -> String? { (try? read(tokenPath(port)) as Token?)??.token }

    private static func read<Value: Decodable>(_ path: String) throws -> Value? {
        guard try checkFolder(making: false) else { return nil }
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid(), status.st_mode & 0o077 == 0, status.st_size <= 4_096
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return try? DeterministicJSON.decode(Value.self, from: Array(bytes[..<count]))
    }
}
