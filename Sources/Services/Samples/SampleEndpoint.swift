import Federation
import Platform
import Synchronization

/// The thread that answers on a data endpoint: a socket around a ``Federation/SampleDesk``.
final class SampleEndpoint: Sendable {
    /// The address with the port that the system chose.
    let address: String
    private let grants: GrantBox
    private let gate: PeerGate
    private let thread: BackgroundThread

    /// Requests answered before new grants are looked for.
    private static let answersAtOnce = 16

    /// Listens.
    ///
    /// - Throws: `TransportError` when the address cannot be had.
    ///
    /// - Parameter keys: to which readers encrypt; `nil`: nothing is encrypted.
    init(address: String, worker: String, keys: CurveKeys?, files: LocalSamples, log: Logger) throws {
        let gate = PeerGate()
        self.gate = gate
        let port = try ZeroMQPort.listening(
            data: address, security: keys.map { .listening($0, gate) } ?? .plain)
        self.address = try port.boundAddresses().bulk
        let handed = HandedPort(port)
        let grants = GrantBox()
        self.grants = grants
        thread = BackgroundThread(name: "samples") { isCancelled in
            do {
                try Self.run(handed.port, worker: worker, files: files, grants: grants, log, isCancelled: isCancelled)
            } catch {
                log.warning("samples are no longer handed out", ["reason": "\(error)"])
            }
            handed.port.close()
        }
    }

    /// What the server grants from now on.
    func grant(_ new: [SampleGrant]) {
        // Nobody else gets through a handshake.
        let readers = new.compactMap { PublicKey($0.key) }.map { ($0, Caller.reader($0)) }
        gate.admit(Dictionary(readers) { first, _ in first })
        grants.put(new)
    }

    func cancel() { thread.cancel() }

    func join(upTo limit: Duration) { thread.join(upTo: limit) }

    private static func run(
        _ port: ZeroMQPort, worker: String, files: LocalSamples, grants: GrantBox, _ log: Logger,
        isCancelled: @Sendable () -> Bool
    ) throws {
        var desk = SampleDesk()
        var sequence: UInt64 = 0
        while !isCancelled() {
            try port.wait(upTo: .milliseconds(50))
            if let new = grants.take() { desk.grant(new) }
            for _ in 0..<answersAtOnce {
                guard let message = try port.receive(on: .bulk) else { break }
                guard let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message),
                    case .samples(let asked) = envelope.message
                else { continue }
                let key: [UInt8] = if case .reader(let key) = message.caller { key.bytes } else { [] }
                guard let answer = desk.answer(asked, from: envelope.sender, key: key, files: files) else { continue }
                if case .refusal(_, let reason, let text) = answer {
                    log.debug("samples refused", ["worker": envelope.sender, "why": "\(reason)", "text": text])
                }
                sequence += 1
                let reply = Envelope(sender: worker, leaseEpoch: 0, sequence: sequence, message: .samples(answer))
                // A reader that is gone or too slow asks again.
                _ = try port.send(reply.parts(), to: message.peer, on: .bulk)
            }
        }
    }
}

/// Grants on their way to the endpoint's thread.
private final class GrantBox: Sendable {
    private let grants = Mutex<[SampleGrant]?>(nil)

    func put(_ new: [SampleGrant]) { grants.withLock { $0 = new } }

    func take() -> [SampleGrant]? {
        grants.withLock { grants in
            defer { grants = nil }
            return grants
        }
    }
}

/// Hands a port to its thread.
///
/// Unchecked: after it was made, only that thread uses it.
private final class HandedPort: @unchecked Sendable {
    let port: ZeroMQPort

    init(_ port: ZeroMQPort) { self.port = port }
}
