import Federation
import Foundation
import Platform
import Synchronization

/// The thread that copies samples from one holder: socket, clock and disk around a ``Federation/MirrorMachine``.
final class MirrorLink: Sendable {
    private struct Order {
        var source: SampleSource?
        var revision = 0
    }

    /// Time before a holder that did not let this reader in is tried again.
    private static let pause: Duration = .milliseconds(200)

    private let order = Mutex(Order())
    private let holder: String
    private let reader: String
    private let identity: [UInt8]
    private let keys: CurveKeys?
    private let folder: MirrorFolder
    private let log: Logger
    private let changed: @Sendable () -> Void
    private let thread = Mutex<BackgroundThread?>(nil)

    /// Starts to copy.
    ///
    /// - Parameters:
    ///   - reader: this worker's name.
    ///   - identity: of this process.
    ///   - keys: with which it comes; `nil`: nothing is encrypted.
    ///   - changed: called when another copy can be used.
    init(
        _ source: SampleSource, reader: String, identity: [UInt8], keys: CurveKeys?, folder: MirrorFolder,
        log: Logger, changed: @escaping @Sendable () -> Void
    ) {
        holder = source.holder
        self.reader = reader
        self.identity = identity
        self.keys = keys
        self.folder = folder
        self.log = log
        self.changed = changed
        assign(source)
        thread.withLock { $0 = BackgroundThread(name: "mirror") { [self] in run(isCancelled: $0) } }
    }

    /// What to copy from now on.
    func assign(_ source: SampleSource) {
        order.withLock { order in
            order.source = source
            order.revision += 1
        }
    }

    /// Copies nothing until the next assignment.
    func rest() {
        order.withLock { order in
            order.source?.entities = []
            order.revision += 1
        }
    }

    func cancel() { thread.withLock { $0?.cancel() } }

    func join(upTo limit: Duration) { thread.withLock { $0 }?.join(upTo: limit) }

    private func run(isCancelled: @Sendable () -> Bool) {
        let clock = MonotonicClock()
        // Not a draw that any result depends on.
        var machine = MirrorMachine(firstRequest: UInt64.random(in: 0 ... .max))
        var port: ZeroMQPort?
        var address = ""
        var key: [UInt8] = []
        var revision = 0
        var sequence: UInt64 = 0
        var refusedUntil: Instant?
        func step(_ event: MirrorEvent) {
            for directive in machine.step(event, at: clock.now) {
                for next in carryOut(directive, port, &sequence) { step(next) }
            }
        }
        while !isCancelled() {
            let order = order.withLock { $0 }
            if order.revision != revision, let source = order.source {
                revision = order.revision
                if source.address != address || source.key != key {
                    (address, key) = (source.address, source.key)
                    port?.close()
                    port = connect(to: address, key)
                }
                step(.assigned(source))
            }
            guard let port else {
                // An address that cannot be used; the server may give another.
                Thread.sleep(forTimeInterval: 0.05)
                continue
            }
            do {
                try port.wait(upTo: .milliseconds(50))
                // The holder may hear of its grant later than this reader does.
                if try port.takeRefusal() { refusedUntil = clock.now + Self.pause }
                if let until = refusedUntil, clock.now >= until {
                    refusedUntil = nil
                    try port.reconnect()
                }
                while let message = try port.receive(on: .bulk) {
                    guard let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message),
                        envelope.sender == holder, case .samples(let answer) = envelope.message
                    else { continue }
                    step(.received(answer))
                }
            } catch {
                log.warning("samples cannot be fetched", ["holder": holder, "reason": "\(error)"])
                return
            }
            step(.tick)
        }
        port?.close()
    }

    private func connect(to address: String, _ key: [UInt8]) -> ZeroMQPort? {
        let holderKey = PublicKey(key)
        guard address.hasPrefix("tcp://"), keys == nil ? LoopbackAddress.contains(address) : holderKey != nil else {
            log.warning(
                "samples cannot be fetched",
                ["holder": holder, "reason": "\(address): nothing would be encrypted on the way"])
            return nil
        }
        do {
            var security = PortSecurity.plain
            if let keys, let holderKey { security = .connecting(keys, server: holderKey) }
            return try ZeroMQPort.connecting(data: address, identity: identity, security: security)
        } catch {
            log.warning("samples cannot be fetched", ["holder": holder, "reason": error.description])
            return nil
        }
    }

    /// Does one thing; what follows from it.
    private func carryOut(_ directive: MirrorDirective, _ port: ZeroMQPort?, _ sequence: inout UInt64) -> [MirrorEvent]
    {
        switch directive {
        case .send(let message):
            sequence += 1
            let envelope = Envelope(sender: reader, leaseEpoch: 0, sequence: sequence, message: .samples(message))
            let outcome = try? port?.send(envelope.parts(), to: [], on: .bulk)
            return outcome == .queued ? [] : [.unsent]
        case .note(let note):
            log.write(note)
            return []
        case .open(let entity, _), .write(let entity, _, _, _), .digest(let entity, _, _, _), .clear(let entity, _),
            .complete(let entity):
            do {
                return try touchDisk(directive)
            } catch {
                return [.failed(entity: entity, reason: "\(error)")]
            }
        }
    }

    private func touchDisk(_ directive: MirrorDirective) throws -> [MirrorEvent] {
        switch directive {
        case .open(let entity, let listing):
            let found = try folder.open(holder: holder, entity: entity, listing: listing)
            // Room may have been made at another copy's expense, or this one is of other files than before.
            changed()
            return [.opened(entity: entity, lengths: found.lengths, isWhole: found.isWhole)]
        case .write(let entity, let file, let offset, let bytes):
            try folder.append(holder: holder, entity: entity, file: file, offset: offset, bytes: bytes)
        case .digest(let entity, let file, let offset, let length):
            let digest = try folder.digest(
                holder: holder, entity: entity, file: file, offset: offset, length: length)
            return [.digested(entity: entity, digest: digest)]
        case .clear(let entity, let file): try folder.clear(holder: holder, entity: entity, file: file)
        case .complete(let entity):
            try folder.complete(holder: holder, entity: entity)
            log.info("samples copied", ["holder": holder, "entity": entity])
            changed()
        case .send, .note: break
        }
        return []
    }
}
