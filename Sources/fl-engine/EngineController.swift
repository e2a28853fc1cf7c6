import CommandLine
import Engines
import Foundation
import Platform
import Services

/// Looks at the engine and at the federation, and does what the reconciler says; used by one thread.
struct EngineController {
    /// What one look saw, and what follows.
    struct Cycle: Sendable {
        var observation: EngineObservation
        var members: [EngineFleet.Member]
        var candidates: [EngineCandidate]
        /// `nil` where the federation could not be asked, or knows no nodes.
        var wish: EngineWish?
        var directives: [EngineDirective] = []
        /// Why something that is wanted is not done, by worker.
        var held: [String: String] = [:]
        /// What was asked for and did not work.
        var failures: [String] = []
        /// How much there was no time for, or nobody who answers.
        var withdrawn = 0
    }

    var server: ServerClient
    private var adapter: any EngineAdapter
    /// Which worker runs where.
    var fleet: EngineFleet
    private var reconciler: EngineReconciler
    private let endpoints: (control: String, bulk: String)
    private let enrols: Bool
    private let log: Logger
    /// Whether it was told to end: nothing is asked or waited for any more.
    private let isOver: @Sendable () -> Bool
    private let clock = MonotonicClock()

    init(
        server: ServerClient, adapter: any EngineAdapter, fleet: EngineFleet, settings: EngineReconciler.Settings,
        endpoints: (String, String), enrols: Bool, log: Logger, isOver: @escaping @Sendable () -> Bool
    ) {
        self.server = server
        self.server.isWanted = { !isOver() }
        self.isOver = isOver
        self.adapter = adapter
        self.fleet = fleet
        self.endpoints = endpoints
        self.enrols = enrols
        self.log = log
        let seconds = Date().timeIntervalSince1970
        reconciler = EngineReconciler(settings: settings, epoch: UInt64(max(0, seconds)))
    }

    /// Grows when the engine says something by itself.
    var changes: UInt64 { adapter.changes }

    // MARK: Looking

    /// Looks at the engine, tells the federation, asks what it wants, and says what would follow.
    ///
    /// - Parameters:
    ///   - publishes: whether the federation is told; for how long that holds, in seconds.
    ///   - waits: whether to wait for a decision that has seen what it was told.
    mutating func look(publishes: Int?, waits: Bool = false) throws -> Cycle {
        let observation = try adapter.observe()
        let members = try fleet.members(of: observation.nodes)
        let now = clock.now
        let nodes = Dictionary(uniqueKeysWithValues: observation.nodes.map { ($0.name, $0) })
        let candidates = members.map { member in
            member.candidate(
                nodes[member.node], reconciler.canHost(member.worker, on: nodes[member.node], at: now))
        }
        var cycle = Cycle(observation: observation, members: members, candidates: candidates)
        do {
            let list = try publishes.map { try publish(candidates, holdsFor: $0) }
            cycle.wish = try wish(atLeast: waits ? list : nil)
        } catch {
            cycle.failures.append("server: \(error)")
        }
        let places = Dictionary(uniqueKeysWithValues: members.map { ($0.worker, $0.node) })
        cycle.directives = reconciler.step(observation, cycle.wish, nodes: places, at: now)
        cycle.held = reconciler.held
        return cycle
    }

    /// Tells the federation which nodes there are; the number of the list.
    private func publish(_ candidates: [EngineCandidate], holdsFor seconds: Int) throws -> Int {
        struct Answer: Decodable { var list: Int }
        let body = try JSONValue(encoding: candidates)
        let answer = try server.send(
            ["ttlSeconds": JSONValue(seconds), "nodes": body], to: "/v1/placement/nodes", puts: true)
        return try server.read(Answer.self, answer, of: "/v1/placement/nodes").list
    }

    private struct Answer: Decodable {
        var list: Int?
        var wish: EngineWish

        private enum CodingKeys: String, CodingKey { case list }

        init(from decoder: any Decoder) throws {
            list = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Int.self, forKey: .list)
            wish = try EngineWish(from: decoder)
        }
    }

    private func wish(atLeast list: Int?) throws -> EngineWish? {
        var answer = try server.get(Answer.self, "/v1/placement/nodes")
        for _ in 0..<30 where answer.list ?? -1 < list ?? -1 && !isOver() {
            Thread.sleep(forTimeInterval: 0.1)
            answer = try server.get(Answer.self, "/v1/placement/nodes")
        }
        return answer.list == nil && answer.wish.nodes.isEmpty ? nil : answer.wish
    }

    // MARK: Doing

    /// Carries out what follows from a look, or as much of it as there is time for; failures are added to it.
    mutating func perform(_ cycle: inout Cycle) {
        let members = Dictionary(uniqueKeysWithValues: cycle.members.map { ($0.worker, $0) })
        let (server, endpoints, enrols, log, clock) = (server, endpoints, enrols, log, clock)
        let turn = EngineTurn(cycle.directives, &reconciler, &adapter, now: { clock.now }, isOver: isOver) {
            request throws(EngineError) in
            guard let member = members[request.worker] else {
                throw EngineError(.configuration, "the nodes file does not know it")
            }
            let token = enrols ? try Self.enrolmentWord(for: member, server) : nil
            return member.command(request.role, control: endpoints.control, bulk: endpoints.bulk, token: token)
        }
        for directive in turn.asked {
            switch directive {
            case .start(let request):
                log.notice(
                    "asked for a copy", ["worker": request.worker, "node": request.node, "as": request.role.rawValue])
            case .stop(let job, let why):
                log.notice("ended a job", ["worker": job.request.worker, "job": job.id, "because": why])
            }
        }
        cycle.directives = turn.asked
        cycle.failures += turn.failures
        cycle.withdrawn = turn.withdrawn
        cycle.held = reconciler.held
    }

    /// Leaves undone what follows from a look: nothing was asked, and nothing is waited for.
    mutating func leave(_ cycle: inout Cycle) {
        for directive in cycle.directives { reconciler.withdraw(directive) }
        cycle.directives = []
        cycle.held = reconciler.held
    }

    /// A word with which the worker enrols, once.
    ///
    /// - Throws: `refused` where the server does not want this worker; anything else is the same for every worker.
    private static func enrolmentWord(
        for member: EngineFleet.Member, _ server: ServerClient
    ) throws(EngineError) -> String {
        struct Answer: Decodable { var token: String }
        let path = "/v1/principals"
        do {
            let body: [String: JSONValue] = [
                "name": .string(member.worker), "site": .string(member.site), "domain": .string(member.domain),
                "expiresSeconds": JSONValue(3_600),
            ]
            return try server.read(Answer.self, try server.send(body, to: path), of: path).token
        } catch let refusal as ServerRefusal where [400, 409].contains(refusal.status) {
            throw EngineError(.refused, PrintableText.line(refusal.line, limit: 200))
        } catch {
            throw EngineError(.unavailable, "no word to enrol with: \(error)")
        }
    }
}
