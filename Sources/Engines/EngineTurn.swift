package import Platform

/// Carries out what a reconciler says, for a bounded time: what is not asked is withdrawn, and said again at the next look.
package struct EngineTurn {
    /// How long it goes on asking; what was begun may take longer.
    package static let longest: Duration = .seconds(10)

    /// What was asked of the engine.
    package private(set) var asked: [EngineDirective] = []
    /// What did not work, a line each.
    package private(set) var failures: [String] = []
    /// How much was withdrawn.
    package private(set) var withdrawn = 0

    /// Asks one thing after the other, until the engine does not answer, time is up, or somebody says so.
    ///
    /// - Parameters:
    ///   - isOver: whether to stop asking.
    ///   - command: what to run as a copy. Throws `refused` where the federation does not let the worker in, and something else where
    ///     it gives no word: nothing is started any more then.
    package init(
        _ directives: [EngineDirective], _ reconciler: inout EngineReconciler, _ adapter: inout any EngineAdapter,
        now: () -> Instant, isOver: () -> Bool,
        command: (EngineJobRequest) throws(EngineError) -> EngineCommand
    ) {
        let end = now() + Self.longest
        var (answers, startsAny) = (true, true)
        for directive in directives {
            guard answers, now() < end, !isOver() else {
                reconciler.withdraw(directive)
                withdrawn += 1
                continue
            }
            switch directive {
            case .start(let request):
                guard startsAny else {
                    reconciler.withdraw(directive)
                    withdrawn += 1
                    continue
                }
                let what: EngineCommand
                do throws(EngineError) {
                    what = try command(request)
                } catch {
                    failures.append("start of \(request.worker): \(error.text)")
                    if error.code == .refused {
                        reconciler.refused(request, error.text, at: now())
                    } else {
                        reconciler.withdraw(directive)
                        withdrawn += 1
                        startsAny = false
                    }
                    continue
                }
                asked.append(directive)
                do throws(EngineError) {
                    try adapter.start(request, what)
                } catch {
                    reconciler.failed(request, error, at: now())
                    failures.append("start of \(request.worker): \(error.text)")
                    answers = error.code != .unavailable
                }
            case .stop(let job, _):
                asked.append(directive)
                do throws(EngineError) {
                    try adapter.stop(job)
                } catch {
                    failures.append("end of \(job.request.worker): \(error.text)")
                    answers = error.code != .unavailable
                }
            }
        }
    }
}
