import Federation
import Platform

/// Something that runs workers on nodes: it says what it has, and runs what is wanted, as fast or slowly, and as
/// willingly, as its nodes are.
struct CandidateEngine {
    struct Place {
        var candidate: PlacementCandidate
        var secondsPerEntity = 0.1
        /// From the wish to the first message of what was started.
        var startSeconds = 0.7
        /// Whether it starts nothing, and says nothing of it.
        var isDeaf = false
        var starting: (role: PlacementWish.Role, at: Instant)?
    }

    var places: [String: Place] = [:]
    /// Whether whoever speaks for it is alive.
    var speaks = true
    var timeToLive = Duration.seconds(10)
    var number = 0
    var nextLook = Instant.zero

    /// Six nodes with samples, of one domain.
    static func nodes(_ count: Int, domains: Int = 1, hasSamples: Bool = true) -> CandidateEngine {
        var engine = CandidateEngine()
        for index in 0..<count {
            var candidate = PlacementCandidate(name: "n\(index)", domain: "d\(index % domains)")
            candidate.hasSamples = hasSamples
            candidate.latencySeconds = 0.008
            engine.places[candidate.name] = Place(candidate: candidate)
        }
        return engine
    }
}

extension PlacementSimulation {
    /// What runs on a node: nothing, a holder or a worker.
    func running(_ name: String) -> PlacementWish.Role {
        guard let worker = workers.last(where: { $0.name == name && $0.isAlive }) else { return .nothing }
        let registration = worker.machine.configuration.registration
        if registration.standsBy { return .holder }
        return registration.capabilities.accelerationFactor == nil ? .worker : .acceleratedWorker
    }

    var wishes: [String: PlacementWish] {
        Dictionary(uniqueKeysWithValues: loop.wishes().map { ($0.name, $0) })
    }

    mutating func stepEngine() {
        guard var engine, now >= engine.nextLook else { return }
        engine.nextLook = now + .milliseconds(200)
        if engine.speaks {
            engine.number += 1
            let list = CandidateList(
                number: engine.number, timeToLive: engine.timeToLive,
                nodes: engine.places.values.map(\.candidate).sorted { $0.name < $1.name })
            follow(loop.step(.candidates(list), in: server.view, at: now))
            for wish in loop.wishes() { carryOut(wish, &engine) }
        }
        for name in engine.places.keys.sorted() {
            guard let starting = engine.places[name]?.starting, now >= starting.at, let place = engine.places[name]
            else { continue }
            engine.places[name]?.starting = nil
            join(
                name, domain: place.candidate.domain, secondsPerEntity: place.secondsPerEntity,
                accelerator: starting.role == .acceleratedWorker ? place.candidate.accelerationFactor : nil,
                offers: true, standsBy: starting.role == .holder)
        }
        self.engine = engine
    }

    private mutating func carryOut(_ wish: PlacementWish, _ engine: inout CandidateEngine) {
        guard let place = engine.places[wish.name] else { return }
        let running = running(wish.name)
        guard running != wish.wants else {
            engine.places[wish.name]?.starting = nil
            return
        }
        if running != .nothing {
            let index = index(wish.name)
            stepWorker(index, .stop)
            workers[index].isAlive = false
        }
        guard wish.wants != .nothing, !place.isDeaf else {
            engine.places[wish.name]?.starting = nil
            return
        }
        if place.starting?.role != wish.wants {
            let time = Duration.nanoseconds(Int64(place.startSeconds * 1e9))
            engine.places[wish.name]?.starting = (wish.wants, now + time)
        }
    }

    /// Nobody who is here is told to rest because of somebody who is not, and nobody who is not here is counted on.
    mutating func check(_ choice: WorkerChoice) {
        defer { lastChoice = choice }
        guard engine != nil else { return }
        let living = Set(server.workers.filter { !$0.onlyOffers }.map(\.name))
        let strangers = choice.active.subtracting(living)
        if !strangers.isEmpty { violations.append("\(strangers) are counted on and not here at \(now)") }
        let goal = Set(loop.decisions.last?.active.map(\.name) ?? [])
        let dropped = (lastChoice?.active ?? []).intersection(living).subtracting(choice.active)
        if !goal.isSubset(of: living), !dropped.isEmpty {
            violations.append("\(dropped) rest while \(goal.subtracting(living)) are not here at \(now)")
        }
    }
}
