import Engines
import Platform
import Testing

/// What is asked of an engine in one turn, when it or the federation does not answer.
@Suite struct EngineTurnTests {
    /// An engine that answers as it is told.
    private struct Engine: EngineAdapter {
        var starts: [String] = []
        var stops: [String] = []
        /// What it says to one worker's start or end.
        var trouble: (worker: String, error: EngineError)?

        func observe() -> EngineObservation { EngineObservation(nodes: [], jobs: []) }

        mutating func start(_ request: EngineJobRequest, _ command: EngineCommand) throws(EngineError) {
            starts.append(request.worker)
            if let trouble, trouble.worker == request.worker { throw trouble.error }
        }

        mutating func stop(_ job: EngineJob) throws(EngineError) {
            stops.append(job.request.worker)
            if let trouble, trouble.worker == job.request.worker { throw trouble.error }
        }
    }

    private static let names = ["a", "b", "c", "d"]
    private let places = Dictionary(uniqueKeysWithValues: names.map { ($0, "n" + $0) })
    private let nodes = names.map { EngineNode("n" + $0) }
    /// `d` runs and is to end, the others are to start.
    private let job = EngineJob(
        id: "1", request: .init(worker: "d", node: "nd", role: .worker, generation: 1), state: .running)
    private var reconciler = EngineReconciler(epoch: 100)
    private var engine = Engine()

    private mutating func look(at seconds: Int) -> [EngineDirective] {
        let wish = EngineWish(
            decision: 1, minimumWorkers: 0,
            nodes: [.init("a", .holder), .init("b", .holder), .init("c", .holder), .init("d", .nothing)])
        return reconciler.step(
            EngineObservation(nodes: nodes, jobs: [job]), wish, nodes: places, at: .zero + .seconds(seconds))
    }

    /// What is to be done once wishes have held: three starts and an end.
    private mutating func begin() -> [EngineDirective] {
        for directive in look(at: 0) { reconciler.withdraw(directive) }
        return look(at: 20)
    }

    private mutating func turn(
        _ directives: [EngineDirective], seconds: Double = 0, isOver: (Int) -> Bool = { _ in false },
        word: (String) throws(EngineError) -> Void = { _ in }
    ) -> EngineTurn {
        var any: any EngineAdapter = engine
        var (now, asked) = (Instant.zero + .seconds(20), 0)
        defer { engine = any as? Engine ?? engine }
        return EngineTurn(
            directives, &reconciler, &any,
            now: {
                defer { now = now + .milliseconds(Int64(seconds * 1_000)) }
                return now
            },
            isOver: {
                asked += 1
                return isOver(asked)
            },
            command: { request throws(EngineError) in
                try word(request.worker)
                return EngineCommand(arguments: [])
            })
    }

    private func worker(_ directives: [EngineDirective]) -> [String] { directives.map(\.worker) }

    @Test mutating func allIsAsked() {
        let turn = turn(begin())
        #expect(worker(turn.asked) == ["a", "b", "c", "d"] && turn.failures.isEmpty && turn.withdrawn == 0)
        #expect(engine.starts == ["a", "b", "c"] && engine.stops == ["d"])
        #expect(look(at: 22) == [])
    }

    /// An engine that does not answer is not asked again; what was not asked is at the next look, and what may have been
    /// heard is waited for.
    @Test mutating func anEngineThatDoesNotAnswerIsAskedOnce() {
        engine.trouble = ("b", EngineError(.unavailable, "no answer"))
        let turn = turn(begin())
        #expect(worker(turn.asked) == ["a", "b"] && turn.failures == ["start of b: no answer"])
        #expect(turn.withdrawn == 2 && engine.stops.isEmpty)
        #expect(worker(look(at: 22)) == ["c", "d"])
    }

    @Test mutating func aRefusalIsThatNodesOnly() {
        engine.trouble = ("b", EngineError(.refused, "no such node"))
        let turn = turn(begin())
        #expect(worker(turn.asked) == ["a", "b", "c", "d"] && turn.withdrawn == 0)
        #expect(
            reconciler.canHost("b", on: nodes[1], at: .zero + .seconds(21)).reason
                == "refused by the engine: no such node")
    }

    @Test mutating func timeIsBounded() {
        // Each takes eight seconds.
        let turn = turn(begin(), seconds: 4)
        #expect(worker(turn.asked) == ["a", "b"] && turn.failures.isEmpty && turn.withdrawn == 2)
        #expect(worker(look(at: 40)) == ["c", "d"])
    }

    @Test mutating func whoeverIsToEndAsksNothingMore() {
        let turn = turn(begin(), isOver: { $0 > 1 })
        #expect(worker(turn.asked) == ["a"] && turn.withdrawn == 3)
    }

    /// A server that gives no word is nobody's failure, however often it is asked: nodes host all the same, and what is to end
    /// ends.
    @Test mutating func withoutAWordNothingStartsAndNothingFails() {
        for directive in begin() { reconciler.withdraw(directive) }
        for second in stride(from: 40, to: 80, by: 10) {
            var words: [String] = []
            let turn = turn(
                look(at: second),
                word: { worker throws(EngineError) in
                    words.append(worker)
                    throw EngineError(.unavailable, "no word to enrol with: the server refuses: a lesser role")
                })
            #expect(words == ["a"] && engine.starts.isEmpty)
            #expect(turn.failures == ["start of a: no word to enrol with: the server refuses: a lesser role"])
            for node in nodes {
                let (canHost, reason) = reconciler.canHost(
                    String(node.name.dropFirst()), on: node, at: .zero + .seconds(second + 1))
                #expect(canHost, "\(reason)")
            }
        }
        #expect(!engine.stops.isEmpty)
    }

    @Test mutating func whomTheFederationRefusesTheOthersDoNotWaitFor() {
        let turn = turn(
            begin(),
            word: { worker throws(EngineError) in
                if worker == "b" { throw EngineError(.refused, "the worker 'b' was shut out") }
            })
        #expect(worker(turn.asked) == ["a", "c", "d"] && turn.withdrawn == 0)
        #expect(
            reconciler.canHost("b", on: nodes[1], at: .zero + .seconds(21)).reason
                == "refused by the federation: the worker 'b' was shut out")
    }
}
