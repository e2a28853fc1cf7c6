import Dispatch
import Platform
import Synchronization

/// Kubernetes as an engine: a pod for each copy of a worker, bound by the cluster's scheduler to the one node that it asks for.
/// Two threads follow nodes and pods; they end with the adapter.
package final class KubernetesAdapter: EngineAdapter {
    private let settings: KubernetesSettings
    private let api: KubernetesAPI
    private let clock = MonotonicClock()
    private let shared: Shared
    private let threads: [BackgroundThread]

    /// What the threads write and the controller reads.
    private final class Shared: Sendable {
        struct State {
            var cache: KubernetesCache
            /// What is in the way, by kind.
            var troubles: [KubernetesRequest.Kind: EngineError] = [:]
        }
        let state: Mutex<State>
        /// Says that something is known, or in the way.
        let news = DispatchSemaphore(value: 0)
        /// Says that all is over.
        let end = DispatchSemaphore(value: 0)

        init(_ cache: KubernetesCache) { state = Mutex(State(cache: cache)) }
    }

    /// Begins to follow a cluster.
    package init(_ settings: KubernetesSettings) {
        self.settings = settings
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
                _ = shared.end.wait(timeout: .now() + pause.seconds)
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
        if case .refused(410, _, _) = refusal, case .watch = next {
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
        bury()
        let patience = ContinuousClock.now + .seconds(settings.timeoutSeconds)
        while true {
            let outcome: Result<EngineObservation, EngineError>? = shared.state.withLock { state in
                if let trouble = state.troubles[.nodes] ?? state.troubles[.pods] { return .failure(trouble) }
                return state.cache.isComplete ? .success(state.cache.observe(at: clock.now)) : nil
            }
            if let outcome { return try outcome.get() }
            let left = patience - ContinuousClock.now
            guard left > .zero, shared.news.wait(timeout: .now() + left.seconds) == .success else {
                throw EngineError(.unavailable, "the API server at \(settings.api) does not say in time what there is")
            }
        }
    }

    /// Asks for a pod. One that is there by that name is the one that is meant.
    package func start(_ request: EngineJobRequest, _ command: EngineCommand) throws(EngineError) {
        let manifest = KubernetesManifest(settings: settings)
        if let token = command.token { try put(manifest.secret(request, token: token), for: request) }
        let answer = try api.ask(.create("pods", manifest.pod(request, command), settings))
        switch answer {
        case .done(let bytes): shared.state.withLock { $0.cache.note(bytes, isNew: true) }
        case .refused(409, reason: "AlreadyExists", _): break
        default: throw KubernetesAPI.fault(answer, "a pod for \(PrintableText.line(request.worker, limit: 80))")
        }
    }

    private func put(_ secret: JSONValue, for request: EngineJobRequest) throws(EngineError) {
        let what = "a Secret for \(PrintableText.line(request.worker, limit: 80))"
        var answer = try api.ask(.create("secrets", secret, settings))
        if case .refused(409, reason: "AlreadyExists", _) = answer {
            // Its token may be used up.
            let name = KubernetesName.pod(request, federation: settings.federation)
            answer = try api.ask(.replaceSecret(name, secret, settings))
        }
        guard case .done = answer else { throw KubernetesAPI.fault(answer, what) }
    }

    /// Ends a pod, with the time that it has for it; the pod alone that is known by this name.
    package func stop(_ job: EngineJob) throws(EngineError) {
        let uid = shared.state.withLock { $0.cache.uid(of: job.id) }
        let answer = try api.ask(.deletePod(job.id, uid: uid, settings))
        switch answer {
        case .done(let bytes): shared.state.withLock { $0.cache.note(bytes, isNew: false) }
        // It is gone, or another has its name.
        case .refused(404, _, _), .refused(409, _, _): break
        default: throw KubernetesAPI.fault(answer, "to end the pod \(PrintableText.line(job.id, limit: 300))")
        }
        let secret = try api.ask(.deleteSecret(job.id, settings))
        switch secret {
        case .done, .refused(404, _, _): break
        default: throw KubernetesAPI.fault(secret, "to delete the Secret \(PrintableText.line(job.id, limit: 300))")
        }
    }

    /// Ends what the controller knows to have ended, or to be refused. What cannot be ended is tried again at the next look: the
    /// controller sees it until then, and who does not get through to the API server hears that of the look itself.
    private func bury() {
        for job in shared.state.withLock({ $0.cache.burials(at: clock.now) }) {
            do throws(EngineError) {
                try stop(job)
            } catch {
                return
            }
        }
    }
}
