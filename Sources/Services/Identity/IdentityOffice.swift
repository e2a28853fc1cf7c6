package import Federation
import Foundation
import Platform
import Synchronization

/// Keeps a running server's identities: lets keys in, reads again what commands have changed, and shuts out at once. On a
/// thread of its own, since all of it waits for the disk.
package final class IdentityOffice: IdentityKeeper {
    private struct Job: Sendable {
        var request: EnrolmentRequest
        var isHeld: Bool
        var answer: @Sendable (EnrolmentAnswer) -> Void
    }

    private struct State {
        var record: IdentityRecord
        var stamp: [Int64]
        var jobs: [Job] = []
        var audits: [AuditEvent] = []
        var changed: (@Sendable (IdentityRegistry) -> Void)?
        var failed: (@Sendable (any Error) -> Void)?
        var nextKeys: AnnouncedKeys?
        var announced: (@Sendable (AnnouncedKeys?) -> Void)?
        var taken: CurveKeys?
    }

    /// Requests and lines that wait at most.
    private static let mostWaiting = 1_024

    private let store: IdentityStore
    private let gate: PeerGate
    private let localKey: PublicKey?
    private let state: Mutex<State>
    /// Held from reading or writing the file until what it says holds: what is older never comes after what is newer.
    private let file = Mutex(())
    private let clock = MonotonicClock()
    private let something = SteadySemaphore()
    private let thread = Mutex<BackgroundThread?>(nil)

    /// Reads what there is.
    ///
    /// - Parameter localKey: with which processes of this user enrol; `nil`: only tokens let in.
    package init(store: IdentityStore, gate: PeerGate, localKey: PublicKey?) throws {
        self.store = store
        self.gate = gate
        self.localKey = localKey
        let (record, stamp) = try store.readWithStamp()
        state = Mutex(State(record: record, stamp: stamp))
        open()
        // Whoever was handed a token a moment ago does not wait for the next look at the file, and a server that is about to
        // start does not refuse it for good.
        gate.beforeRefusing { [weak self] in
            guard let self else { return }
            do {
                try readIfChanged()
            } catch {
                state.withLock { $0.failed }?(error)
            }
        }
    }

    /// Who may take part now.
    package var registry: IdentityRegistry { state.withLock { $0.record.registry } }

    /// Who may use HTTP now.
    package var tokens: [HTTPToken] { state.withLock { $0.record.tokens } }

    /// Connections of keys that name nobody.
    var refusedHandshakes: Int { gate.refused }

    /// Time until announced keys are taken.
    func remaining(_ keys: AnnouncedKeys) -> Duration { keys.remaining(at: clock.now) }

    /// Begins to work.
    ///
    /// - Parameters:
    ///   - announced: told which key the server will have; whoever is told that it keeps the one it has looks at
    ///     ``takeKeys()``.
    ///   - changed: told of every change, after it holds at the gate.
    ///   - failed: told of what could not be read or written.
    package func start(
        announced: @escaping @Sendable (AnnouncedKeys?) -> Void,
        changed: @escaping @Sendable (IdentityRegistry) -> Void, failed: @escaping @Sendable (any Error) -> Void
    ) {
        state.withLock { ($0.announced, $0.changed, $0.failed) = (announced, changed, failed) }
        readNextKeys()
        // Somebody may have been let in since it was read first.
        changed(registry)
        thread.withLock {
            $0 = BackgroundThread(name: "identities") { [self] isCancelled in
                while !isCancelled() {
                    something.wait(upTo: .milliseconds(100))
                    work()
                }
            }
        }
    }

    /// Ends the thread.
    package func stop() {
        thread.withLock { $0 }?.cancel()
        something.signal()
        thread.withLock { $0 }?.join(upTo: .milliseconds(500))
    }

    package func enrol(
        _ request: EnrolmentRequest, isHeld: Bool, answer: @escaping @Sendable (EnrolmentAnswer) -> Void
    ) {
        let fits = state.withLock { state in
            guard state.jobs.count < Self.mostWaiting else { return false }
            state.jobs.append(Job(request: request, isHeld: isHeld, answer: answer))
            return true
        }
        if fits { something.signal() } else { answer(EnrolmentAnswer(.later, "many workers enrol just now")) }
    }

    package func audit(_ event: AuditEvent) {
        state.withLock { if $0.audits.count < Self.mostWaiting { $0.audits.append(event) } }
        something.signal()
    }

    // MARK: On the thread

    private func work() {
        let (jobs, audits) = state.withLock { state in
            defer { (state.jobs, state.audits) = ([], []) }
            return (state.jobs, state.audits)
        }
        do {
            try readIfChanged()
            try takeKeysIfDue()
            let now = IdentityStore.now
            let used = gate.takeUsed()
            let isOverdue = registry.invitations.contains { $0.isNews(at: now) }
            if !audits.isEmpty || !used.isEmpty || isOverdue {
                try change { registry in
                    var directives = registry.step(.tick, at: now)
                    for key in used {
                        guard let principal = registry.active.first(where: { $0.keys.contains(key) }) else { continue }
                        directives += registry.step(.connected(principal.id, with: key), at: now)
                    }
                    return directives + audits.map { .audit($0) }
                }
            }
        } catch {
            state.withLock { $0.failed }?(error)
        }
        for job in jobs { enrol(job) }
    }

    /// The key that is the server's since somebody asked last; each once.
    func takeKeys() -> CurveKeys? {
        state.withLock { state in
            defer { state.taken = nil }
            return state.taken
        }
    }

    private func takeKeysIfDue() throws {
        guard let announced = state.withLock({ $0.nextKeys }), announced.remaining(at: clock.now) == .zero,
            let keys = try store.takeNextKeys(at: max(announced.next.at, IdentityStore.now))
        else { return }
        let tell = state.withLock { state in
            (state.taken, state.nextKeys) = (keys, nil)
            return state.announced
        }
        tell?(nil)
    }

    private func readNextKeys() {
        do {
            let next = try store.nextKeys().map {
                AnnouncedKeys($0, at: IdentityStore.now, uptime: clock.now)
            }
            let tell = state.withLock { state -> (@Sendable (AnnouncedKeys?) -> Void)? in
                guard state.nextKeys?.next.at != next?.next.at else { return nil }
                state.nextKeys = next
                return state.announced
            }
            tell?(next)
        } catch {
            state.withLock { $0.failed }?(error)
        }
    }

    /// Shuts the principal of a name out; whether there was one. From any thread but the node's: it waits for the disk.
    func revoke(_ name: String) throws -> Bool {
        try !change { $0.step(.revoked(name: name), at: IdentityStore.now) }.isEmpty
    }

    /// Makes a token that lets a worker in once. From any thread but the node's: it waits for the disk.
    ///
    /// - Parameter seconds: for how long it is good.
    /// - Returns: the token, and until when it is good, in seconds since 1970; `nil` for a name that an operator shut out.
    func invite(_ grant: Grant, for seconds: Int64) throws -> (token: EnrolmentToken, expires: Int64)? {
        let now = IdentityStore.now
        let (token, invitation) = try EnrolmentToken.inviting(
            grant, to: try store.serverKeys().publicKey, at: now, for: seconds)
        var isIn = true
        try change { registry in
            isIn = !registry.isShutOut(grant.name, at: now)
            guard isIn else {
                return [.audit(AuditEvent(.refused, of: grant.name, "a token over HTTP: it was shut out"))]
            }
            return registry.step(.invited(invitation), at: now)
        }
        return isIn ? (token, invitation.expires) : nil
    }

    private func readIfChanged() throws {
        try file.withLock { _ in
            guard store.stamp() != state.withLock({ $0.stamp }) else { return }
            let (record, stamp) = try store.readWithStamp()
            take(record, stamp)
        }
    }

    private func enrol(_ job: Job) {
        do {
            let directives = try change {
                $0.step(.enrolling(job.request, isHeld: job.isHeld), at: IdentityStore.now)
            }
            for case .answer(let answer) in directives { job.answer(answer) }
        } catch {
            state.withLock { $0.failed }?(error)
            job.answer(EnrolmentAnswer(.later, "the server cannot keep the key just now"))
        }
    }

    @discardableResult private func change(
        _ body: (inout IdentityRegistry) -> [IdentityDirective]
    ) throws -> [IdentityDirective] {
        try file.withLock { _ in
            let (record, directives, stamp) = try store.change { record in
                let directives = body(&record.registry)
                let events = directives.compactMap { directive in
                    if case .audit(let event) = directive { event } else { nil }
                }
                return (directives, events)
            }
            take(record, stamp)
            return directives
        }
    }

    private func take(_ record: IdentityRecord, _ stamp: [Int64]) {
        let (changed, isNews) = state.withLock { state in
            let isNews = state.record.registry != record.registry
            (state.record, state.stamp) = (record, stamp)
            return (state.changed, isNews)
        }
        open()
        if isNews { changed?(record.registry) }
        readNextKeys()
    }

    /// Tells the gate who may connect.
    private func open() {
        let registry = registry
        var callers = registry.callers(at: IdentityStore.now)
        if let localKey { callers[localKey] = .local }
        let awaited = registry.active.filter { $0.keys.count > 1 }.compactMap(\.keys.last)
        gate.admit(callers, awaiting: Set(awaited))
    }
}
