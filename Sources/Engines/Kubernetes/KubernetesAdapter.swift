import Platform
import Synchronization

/// Kubernetes as an engine: a pod for each copy of a worker, bound by the cluster's scheduler to the one node that it asks for.
/// Two threads follow nodes and pods; they end with the adapter.
package final class KubernetesAdapter: EngineAdapter {
    private let settings: KubernetesSettings
    private let api: KubernetesAPI
    private let buries: Bool
    private let clock = MonotonicClock()
    private let shared: Shared
    private let threads: [BackgroundThread]

    /// What the threads write and the controller reads.
    private final class Shared: Sendable {
        struct State {
            var cache: KubernetesCache
            /// What is in the way, by kind.
            var troubles: [KubernetesRequest.Kind: EngineError] = [:]
            /// Watches in a row that ended at once as too old, by kind.
            var expired: [KubernetesRequest.Kind: Int] = [:]
            /// Words to enrol with of pods that are asked for and have no Secret yet, by pod.
            var owed: [String: Debt] = [:]
        }
        /// A Secret that a pod waits for.
        struct Debt {
            var request: EngineJobRequest
            var token: String
            var at: Instant
        }
        let state: Mutex<State>
        /// Says that something is known, or in the way.
        let news = SteadySemaphore()
        /// Says that all is over.
        let end = SteadySemaphore()

        init(_ cache: KubernetesCache) { state = Mutex(State(cache: cache)) }
    }

    /// Begins to follow a cluster.
    ///
    /// - Parameter buries: whether pods that ended go; not where nothing is to be changed.
    package init(_ settings: KubernetesSettings, buries: Bool = true) {
        self.settings = settings
        self.buries = buries
        let api = KubernetesAPI(settings: settings)
        let shared = Shared(KubernetesCache(settings))
        self.api = api
        self.shared = shared
        threads = [
            BackgroundThread(name: "nodes") { isCancelled in
                Self.follow(.nodes, \.nodes, api, shared, isCancelled)
            },
            BackgroundThread(name: "pods") { isCancelled in
                Self.follow(.pods, \.pods, api, shared, isCancelled)
            },
        ]
    }

    deinit {
        for thread in threads { thread.cancel() }
        for _ in threads { shared.end.signal() }
    }

    /// Grows with each change in the cluster: who looks at it need not ask again for what it knows.
    package var changes: UInt64 { shared.state.withLock { $0.cache.changes } }

    // MARK: Following

    private static let shortestPause: Duration = .milliseconds(250)
    private static let longestPause: Duration = .seconds(8)
    private static let shortestWatch: Duration = .seconds(1)
    /// Watches in a row that may end at once as too old.
    private static let mostExpired = 3

    /// Lists, watches, and lists again where that ends badly, until it is not wanted any more.
    private static func follow<Item>(
        _ kind: KubernetesRequest.Kind, _ store: any WritableKeyPath<KubernetesCache, KubernetesStore<Item>> & Sendable,
        _ api: KubernetesAPI, _ shared: Shared, _ isCancelled: @escaping () -> Bool
    ) {
        var pause = shortestPause
        while !isCancelled() {
            do throws(EngineError) {
                try step(kind, store, api, shared, isCancelled)
                pause = shortestPause
                // A page of a list does not say that all is well.
                shared.state.withLock { if $0.cache[keyPath: store].isComplete { $0.troubles[kind] = nil } }
                shared.news.signal()
            } catch {
                shared.state.withLock { state in
                    state.troubles[kind] = error
                    // A list says at once what is there now, a watch only what changes.
                    state.cache[keyPath: store].expire()
                }
                shared.news.signal()
                shared.end.wait(upTo: pause)
                pause = min(pause * 2, longestPause)
            }
        }
    }

    private static func step<Item>(
        _ kind: KubernetesRequest.Kind, _ store: any WritableKeyPath<KubernetesCache, KubernetesStore<Item>> & Sendable,
        _ api: KubernetesAPI, _ shared: Shared, _ isCancelled: () -> Bool
    ) throws(EngineError) {
        let next = shared.state.withLock { $0.cache[keyPath: store].ask() }
        let request = KubernetesRequest.next(kind, next, api.settings)
        let refusal: KubernetesAPI.Answer?
        if case .watch = next {
            var fault: EngineError?
            var isQuiet = true
            let begin = ContinuousClock.now
            refusal = try api.watch(request) { event in
                guard !event.isEmpty else { return !isCancelled() }
                isQuiet = false
                fault = shared.state.withLock { state in
                    do throws(EngineError) {
                        try state.cache[keyPath: store].take(event: event)
                        return nil
                    } catch {
                        return error
                    }
                }
                return fault == nil && !isCancelled()
            }
            if let fault { throw fault }
            // What is too long ago to go on from is no trouble, unless it is each time.
            let isHurried = ContinuousClock.now - begin < shortestWatch
            let expired: Int = shared.state.withLock { state in
                let isExpired = !state.cache[keyPath: store].isComplete || refusal?.isTooOld == true
                state.expired[kind] = isExpired && isHurried ? state.expired[kind, default: 0] + 1 : 0
                return state.expired[kind, default: 0]
            }
            guard expired < mostExpired else {
                throw EngineError(
                    .unavailable,
                    "\(api.settings.api) ends the watch of \(kind.rawValue) at once: it is too old each time (410)")
            }
            // One that says nothing and ends is not asked again at once, and again.
            guard refusal != nil || !isQuiet || isCancelled() || ContinuousClock.now - begin >= shortestWatch else {
                throw EngineError(.unavailable, "\(api.settings.api) ends the watch of \(kind.rawValue) at once")
            }
        } else {
            switch try api.ask(request) {
            case .done(let bytes):
                let fault: EngineError? = shared.state.withLock { state in
                    do throws(EngineError) {
                        try state.cache[keyPath: store].take(page: bytes)
                        return nil
                    } catch {
                        return error
                    }
                }
                if let fault { throw fault }
                return
            case let other: refusal = other
            }
        }
        guard let refusal else { return }
        // What is too long ago to go on from is no trouble.
        if refusal.isTooOld, case .watch = next {
            shared.state.withLock { $0.cache[keyPath: store].expire() }
            return
        }
        throw KubernetesAPI.fault(refusal, "the \(kind.rawValue)")
    }

    // MARK: What a controller asks for

    /// What the cluster says now; at first, and after an outage, waits until it has said all.
    ///
    /// - Throws: ``EngineError`` where it cannot be known.
    package func observe() throws(EngineError) -> EngineObservation {
        if buries {
            // Not by what was known before an outage.
            let burials = try whenKnown { $0.burials(at: clock.now) }
            settle()
            bury(burials)
        }
        return try whenKnown { $0.observe(at: clock.now) }
    }

    private func whenKnown<Value: Sendable>(
        _ take: (inout KubernetesCache) -> Value
    ) throws(EngineError) -> Value {
        let patience = ContinuousClock.now + .seconds(settings.timeoutSeconds)
        while true {
            let outcome: Result<Value, EngineError>? = shared.state.withLock { state in
                if let trouble = state.troubles[.nodes] ?? state.troubles[.pods] { return .failure(trouble) }
                return state.cache.isComplete ? .success(take(&state.cache)) : nil
            }
            if let outcome { return try outcome.get() }
            let left = patience - ContinuousClock.now
            guard left > .zero, shared.news.wait(upTo: left) else {
                throw EngineError(.unavailable, "the API server at \(settings.api) does not say in time what there is")
            }
        }
    }

    /// Asks for a pod. One that is there by that name is the one that is meant.
    package func start(_ request: EngineJobRequest, _ command: EngineCommand) throws(EngineError) {
        let manifest = KubernetesManifest(settings: settings)
        let name = KubernetesName.pod(request, federation: settings.federation)
        if let token = command.token {
            shared.state.withLock { $0.owed[name] = .init(request: request, token: token, at: clock.now) }
        }
        // An answer that is lost leaves the Secret owed: the pod may be there.
        let answer = try api.ask(.create("pods", manifest.pod(request, command), settings))
        switch answer {
        case .done(let bytes): shared.state.withLock { $0.cache.note(bytes, isNew: true, at: clock.now) }
        case .refused(409, reason: "AlreadyExists", _): break
        default:
            let fault = KubernetesAPI.fault(answer, "a pod for \(PrintableText.line(request.worker, limit: 80))")
            if fault.code != .unavailable { shared.state.withLock { $0.owed[name] = nil } }
            throw fault
        }
        if let debt = shared.state.withLock({ $0.owed[name] }) { try pay(debt, for: name) }
    }

    // MARK: Secrets

    /// How long a pod that was asked for may not be seen before its Secret is given up.
    private static let credit: Duration = .seconds(600)

    /// Makes the Secret of a pod that is known. The pod owns it: it goes with the pod, whoever deletes that, and there is none
    /// where there is no pod. Until it is there the pod waits.
    private func pay(_ debt: Shared.Debt, for name: String) throws(EngineError) {
        guard let uid = shared.state.withLock({ $0.cache.uid(of: name) }) else { return }
        let secret = KubernetesManifest(settings: settings).secret(debt.request, token: debt.token, uid: uid)
        let answer = try api.ask(.create("secrets", secret, settings))
        switch answer {
        // One that is there is of an earlier try for the same pod.
        case .done, .refused(409, reason: "AlreadyExists", _): shared.state.withLock { $0.owed[name] = nil }
        default:
            let fault = KubernetesAPI.fault(
                answer, "a Secret for \(PrintableText.line(debt.request.worker, limit: 80))")
            if fault.code != .unavailable {
                // Without it the pod would wait for ever.
                shared.state.withLock { $0.owed[name] = nil }
                try? end(name)
            }
            throw fault
        }
    }

    /// Makes Secrets whose pods are seen by now.
    private func settle() {
        let debts = shared.state.withLock { state in
            state.owed = state.owed.filter { clock.now - $0.value.at < Self.credit }
            return state.owed
        }
        for (name, debt) in debts.sorted(by: { $0.key < $1.key }) {
            do throws(EngineError) {
                try pay(debt, for: name)
            } catch {
                if error.code == .unavailable { return }
            }
        }
    }

    // MARK: Ending

    /// Ends a pod, with the time that it has for it; the pod alone that is known by this name.
    package func stop(_ job: EngineJob) throws(EngineError) { try end(job.id) }

    private func end(_ name: String) throws(EngineError) {
        // What the API server does not have needs no end.
        guard let uid = shared.state.withLock({ $0.cache.end(name) }) else { return }
        let answer = try api.ask(.deletePod(name, uid: uid, settings))
        switch answer {
        case .done(let bytes): shared.state.withLock { $0.cache.note(bytes, isNew: false, at: clock.now) }
        case .refused(404, reason: "NotFound", _): shared.state.withLock { $0.cache.lose(name, uid: uid) }
        // It is gone, or another has its name.
        case .refused(404, _, _), .refused(409, _, _): break
        default: throw KubernetesAPI.fault(answer, "to end the pod \(PrintableText.line(name, limit: 300))")
        }
    }

    /// Ends what the controller knows to have ended. What cannot be ended is tried again at the next look, and keeps nothing else
    /// from its end; who does not get through to the API server hears that of the look itself.
    private func bury(_ jobs: [EngineJob]) {
        for job in jobs {
            do throws(EngineError) {
                try end(job.id)
            } catch {
                if error.code == .unavailable { return }
            }
        }
    }
}
