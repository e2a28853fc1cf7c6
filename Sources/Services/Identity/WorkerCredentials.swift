import Federation
import Foundation
import Platform

/// With which keys a worker comes to its server: its own, kept in its folder, the server's, and before the server knows its
/// own those with which it enrols. Used by the worker's thread only.
final class WorkerCredentials {
    /// What to do next.
    enum Step {
        /// There is nothing to come with yet.
        case wait
        /// Hand over the own key.
        case enrol(PortSecurity)
        /// The server knows it.
        case connect(PortSecurity)
    }

    /// `worker.key` in the worker's folder.
    private struct Record: Codable {
        /// The worker's secret, in hexadecimal digits.
        var secret: String
        /// The server that it belongs to.
        var server: PublicKey?
        /// The token with which it enrolled last; `nil` where it enrolled by itself.
        var token: PublicKey?
        /// The secret that shall take the present one's place: the server may have it already.
        var next: String?
        /// The key that the server said it will have.
        var nextServer: PublicKey?
    }

    /// The file's name.
    static let fileName = "worker.key"

    private let path: String
    private var record: Record
    private var keys: CurveKeys
    private var wantsNewKey: Bool
    private var nextKeys: CurveKeys?
    private let control: Endpoint
    private let token: EnrolmentToken?
    private let name: String
    private let site: String
    private let domain: String
    /// The server that has the key since this start.
    private var known: PublicKey?
    private var tokenIsRefused = false
    /// The server's key with which it came last, and whether somebody answered who has it.
    private var tried: (server: PublicKey, isHeard: Bool)?
    /// Whether the server has its next key by now.
    private var isNextDue = false
    private var offered: (server: PublicKey, token: PublicKey?)?

    /// Reads the worker's key, or makes it.
    ///
    /// - Throws: ``ServiceError`` (65) when the file holds none, `StorageError` when it cannot be written.
    init(settings: WorkerSettings, path: String) throws {
        self.path = path
        control = try Endpoint(settings.control)
        token = settings.enrolmentToken
        wantsNewKey = settings.makesNewKey
        (name, site, domain) = (settings.name, settings.site, settings.domain)
        if FileManager.default.fileExists(atPath: path) {
            let bytes = try SealedKey.read(path, otherwise: "the worker then enrols anew")
            guard let record = try? DeterministicJSON.decode(Record.self, from: bytes),
                let secret = Hexadecimal.bytes(record.secret), let keys = CurveKeys(secret: secret)
            else {
                throw ServiceError(
                    .data,
                    "\(path): found no key, expected one that fl-worker wrote; without the file the worker enrols "
                        + "anew")
            }
            (self.record, self.keys) = (record, keys)
        } else {
            keys = try CurveKeys()
            record = Record(secret: Hexadecimal.text(keys.secret))
            try save()
        }
    }

    private func save() throws {
        try SealedFile.write(try DeterministicJSON.encode(record), to: path)
    }

    /// What is handed over.
    var enrolment: Enrolment {
        Enrolment(key: (nextKeys ?? keys).publicKey, site: site, domain: domain)
    }

    /// What to do next.
    ///
    /// - Throws: ``ServiceError`` (78) where nothing can come of it.
    func next() throws -> Step {
        if let token, record.token != token.keys.publicKey {
            // The token may have done its work, and only the answer was lost.
            if tokenIsRefused { return .connect(.connecting(keys, server: token.server)) }
            offered = (token.server, token.keys.publicKey)
            return .enrol(.connecting(token.keys, server: token.server))
        }
        if record.token == nil, control.isLoopback, let port = control.port,
            let door = try LocalDoor.enrolment(control: port), let secret = Hexadecimal.bytes(door.secret),
            let pair = CurveKeys(secret: secret)
        {
            if known == door.server { return try come(to: door.server) }
            offered = (door.server, nil)
            return .enrol(.connecting(pair, server: door.server))
        }
        if let server = record.server, record.token != nil || control.isLoopback { return try come(to: server) }
        guard control.isLoopback else {
            throw ServiceError(
                .configuration,
                "this worker is not enrolled at \(control): run 'fl-server enrol --name \(name) --site \(site)' there, and "
                    + "start it once with --enrol and the word that is printed")
        }
        return .wait
    }

    /// The server said that it will have another key, or has it by now.
    func learn(_ key: PublicKey, isDue: Bool) throws {
        isNextDue = isDue
        guard record.server != nil, record.server != key, record.nextServer != key else { return }
        record.nextServer = key
        try save()
    }

    /// Somebody answered who has the key with which this worker came.
    func heard() throws {
        guard let server = tried?.server, tried?.isHeard == false else { return }
        tried?.isHeard = true
        guard server == record.nextServer else { return }
        (record.server, record.nextServer, isNextDue) = (server, nil, false)
        try save()
    }

    /// With the key that the server has; first with that to hand over a new one, where one is wanted. Where nobody answered with
    /// the one of two keys, the other is tried: the server may have changed them while nobody listened.
    private func come(to known: PublicKey) throws -> Step {
        var server = known
        if let next = record.nextServer {
            let wasInVain = tried?.isHeard == false
            if wasInVain ? tried?.server == known : isNextDue { server = next }
        }
        tried = (server, false)
        guard wantsNewKey else { return .connect(.connecting(keys, server: server)) }
        let next = try nextKeys ?? CurveKeys()
        nextKeys = next
        // Before anybody else knows it.
        record.next = Hexadecimal.text(next.secret)
        try save()
        return .enrol(.connecting(keys, server: server))
    }

    /// The server has the own key.
    func enrolled() throws {
        if let next = nextKeys {
            (keys, nextKeys, wantsNewKey) = (next, nil, false)
            (record.secret, record.next) = (Hexadecimal.text(next.secret), nil)
            return try save()
        }
        guard let offered else { return }
        known = offered.server
        guard record.server != offered.server || record.token != offered.token else { return }
        (record.server, record.token) = (offered.server, offered.token)
        try save()
    }

    /// The server refuses the key with which this worker came.
    ///
    /// - Throws: ``ServiceError`` (78) when no other is left.
    func refused(whileEnrolling: Bool) throws {
        if whileEnrolling, nextKeys != nil {
            // It is the old key that is refused.
            nextKeys = nil
            wantsNewKey = false
            return try refused(whileEnrolling: false)
        }
        if whileEnrolling {
            guard token != nil, record.token != token?.keys.publicKey else {
                // What lay there was of an earlier start: its server may know the own key all the same.
                if let server = offered?.server, server == record.server { known = server }
                return
            }
            tokenIsRefused = true
        } else if record.token == nil, !tokenIsRefused, control.isLoopback {
            known = nil
        } else {
            throw ServiceError(
                .configuration,
                tokenIsRefused
                    ? "the server at \(control) does not take this token: it was used already, has expired, or is of "
                        + "another server; make one with 'fl-server enrol'"
                    : "the server at \(control) does not know this worker's key (any more): it was revoked, or the "
                        + "server's identities were lost; make a token with 'fl-server enrol'")
        }
    }
}
