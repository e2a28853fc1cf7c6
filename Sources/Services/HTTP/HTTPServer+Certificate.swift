import CMicroHTTP
import Glibc
import Platform
import Synchronization

extension HTTPServer {
    /// Those that have connections: the last one takes new ones, one before it only keeps what it has.
    struct Daemons: Sendable {
        // Unchecked: libmicrohttpd's daemon functions are thread-safe.
        @safe struct Daemon: @unchecked Sendable { let pointer: OpaquePointer }

        var all: [Daemon] = []
        /// The listening socket, kept for the next of them; −1 when there will be none.
        var listening: Int32
        /// What the last one serves with.
        var pem: (certificate: String, key: String)?

        /// At most so many: beyond, the connections of the oldest are ended.
        static let most = 2
    }

    /// Takes the certificate and key that the files have now for new connections; those that are open go on as they are.
    ///
    /// - Returns: whether they are others than before.
    /// - Throws: ``ServiceError`` or `StorageError` when they cannot be used; everything stays as it is then.
    package func renew(_ files: (certificate: String, key: String)) throws -> Bool {
        let pem = try Self.pem(files)
        let outdated: [Daemons.Daemon]? = try daemons.withLock { daemons in
            guard let old = daemons.pem, old != pem, daemons.listening >= 0, let accepting = daemons.all.last else {
                return nil
            }
            let descriptor = fcntl(daemons.listening, F_DUPFD_CLOEXEC, 0)
            guard descriptor >= 0, let started = unsafe start(descriptor, pem) else {
                if descriptor >= 0 { close(descriptor) }
                throw ServiceError(
                    .configuration,
                    "\(files.certificate), \(files.key): cannot be served with, expected certificate and key in PEM, and of "
                        + "each other")
            }
            // From here on the new one takes connections, alone.
            let quiet = unsafe MHD_quiesce_daemon(accepting.pointer)
            if quiet >= 0 { close(quiet) }
            daemons.all.append(unsafe Daemons.Daemon(pointer: started))
            daemons.pem = pem
            let surplus = max(0, daemons.all.count - Daemons.most)
            defer { daemons.all.removeFirst(surplus) }
            return Array(daemons.all.prefix(surplus))
        }
        for daemon in outdated ?? [] { unsafe MHD_stop_daemon(daemon.pointer) }
        return outdated != nil
    }

    /// Whether a private key is kept well enough: this user's is for nobody else; that of another (root, who mounts Secrets
    /// into pods) may be read by its group, through which this user has it.
    ///
    /// - Parameters:
    ///   - mode: of the file.
    ///   - owner: whose it is.
    ///   - user: who reads it.
    package static func isKept(mode: UInt32, owner: UInt32, from user: UInt32) -> Bool {
        mode & (owner == user ? 0o077 : 0o037) == 0
    }

    /// The texts of a certificate and its key; the key is its owner's alone.
    static func pem(_ files: (certificate: String, key: String)) throws -> (certificate: String, key: String) {
        var status = stat()
        if unsafe stat(files.key, &status) == 0,
            !isKept(mode: status.st_mode, owner: status.st_uid, from: geteuid())
        {
            throw ServiceError(
                .configuration,
                "\(files.key): found mode \(String(status.st_mode & 0o777, radix: 8)), expected 600, or 440 where it is "
                    + "another user's: others can read the key")
        }
        let certificate = try FileContents.read(files.certificate, limit: 1 << 20)
        let key = try FileContents.read(files.key, limit: 1 << 20)
        for (path, bytes) in [(files.certificate, certificate), (files.key, key)] {
            guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") else {
                throw ServiceError(.configuration, "\(path): found no PEM, expected '-----BEGIN …'")
            }
        }
        return (String(decoding: certificate, as: UTF8.self), String(decoding: key, as: UTF8.self))
    }
}
