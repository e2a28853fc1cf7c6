import Federation
import Numerics
import Placement
import Platform
import Testing

/// Placement over nodes on which something else runs workers, on a virtual clock: twelve entities of a tenth of a second
/// each, so that three workers meet the budget.
@Suite struct PlacementCandidateTests {
    private func configuration(profile: Bool = true) throws -> PlacementLoop.Configuration {
        var configuration = PlacementLoop.Configuration(targetSeconds: 50, rounds: 100)
        configuration.settleTime = .seconds(5)
        configuration.arrivalPatience = .seconds(8)
        if profile {
            configuration.profile = try TrainingTimeProfile(table: (1...40).map { 1.2 / Double($0) })
        }
        return configuration
    }

    private func simulation(
        seed: UInt64, _ engine: CandidateEngine, profile: Bool = true, workers: Int = 0, minimum: Int = 2
    ) throws -> PlacementSimulation {
        var simulation = PlacementSimulation(
            seed: seed, workers: workers, placement: try configuration(profile: profile), minimumWorkers: minimum)
        simulation.engine = engine
        return simulation
    }

    /// From nothing to three workers, started by whoever runs the nodes.
    private func settled(seed: UInt64, _ engine: CandidateEngine = .nodes(6)) throws -> PlacementSimulation {
        var simulation = try simulation(seed: seed, engine)
        simulation.run { $0.rounds.count >= 6 && $0.chosen.count == 3 }
        #expect(simulation.violations == [] && simulation.chosen == simulation.active)
        return simulation
    }

    @Test(arguments: [true, false])
    func whatNobodyHasStartedIsWantedAndPlaced(profile: Bool) throws {
        var simulation = try simulation(seed: 1, .nodes(6), profile: profile)
        simulation.run(seconds: 0.1)
        #expect(simulation.wishes.values.allSatisfy { $0.wants == .worker && !$0.isHere && $0.leaseEpoch == nil })
        simulation.run(rounds: 20)
        #expect(simulation.violations == [] && simulation.abandoned.isEmpty)
        #expect(simulation.active.count == 3, "\(simulation.loop.decisions)")
        #expect(simulation.rounds.suffix(8).allSatisfy { $0.workers == 3 && $0.withinBudget }, "\(simulation.rounds)")
        // The others offer their samples and do nothing else.
        for (name, wish) in simulation.wishes {
            #expect(wish.wants == (simulation.active.contains(name) ? .worker : .holder))
            #expect(simulation.running(name) == wish.wants)
            #expect(wish.standsBy == (wish.wants == .holder) && wish.isHere == (wish.wants == .worker))
            #expect(wish.leaseEpoch != nil)
        }
        #expect(simulation.loop.neededWorkers == 2)
    }

    @Test func whoIsNotNeededAndHasNoSamplesRunsNothing() throws {
        let simulation = try settled(seed: 2, .nodes(5, hasSamples: false))
        #expect(simulation.wishes.values.filter { $0.wants == .worker }.count == 3)
        #expect(simulation.wishes.values.filter { $0.wants == .nothing && $0.reason == "not needed" }.count == 2)
    }

    /// A node that comes later, of which nobody says how far away it is: a holder runs there until its round trip is known, and
    /// the fewest workers are those that are near.
    @Test(arguments: [true, false])
    func whatNobodyMeasuredIsMeasured(isDeaf: Bool) throws {
        var simulation = try settled(seed: 3, .nodes(5, hasSamples: false))
        var candidate = PlacementCandidate(name: "late", domain: "d0")
        candidate.hasSamples = false
        simulation.engine?.places["late"] = CandidateEngine.Place(candidate: candidate, isDeaf: isDeaf)
        simulation.run(seconds: 1)
        #expect(simulation.wishes["late"]?.wants == .holder, "\(simulation.wishes)")
        #expect(simulation.wishes["late"]?.reason == "not needed: its round trip is measured")
        simulation.run(seconds: 12)
        #expect(simulation.wishes["late"]?.wants == (isDeaf ? .holder : .nothing), "\(simulation.wishes)")
        simulation.run(seconds: 8)
        #expect(simulation.wishes["late"]?.wants == .nothing, "\(simulation.wishes)")
        #expect(simulation.running("late") == .nothing)
        // Once is enough, also where nothing came.
        simulation.run(seconds: 60)
        #expect(simulation.wishes["late"]?.wants == .nothing && simulation.violations == [])
        #expect(simulation.chosen.count == 3 && !simulation.chosen.contains("late"))
    }

    /// A node is emptied: its worker goes on until another one is here, then has nothing left to do.
    @Test(arguments: 0..<5)
    func aDrainedWorkerWorksUntilAnotherOneIsHere(seed: Int) throws {
        var simulation = try settled(seed: UInt64(seed))
        simulation.run(seconds: 0.26 * Double(seed))
        let drained = try #require(simulation.active.min())
        simulation.engine?.places[drained]?.candidate.canHost = false
        simulation.engine?.places[drained]?.candidate.reason = "draining"
        simulation.run { !$0.active.contains(drained) }
        let decision = try #require(simulation.loop.decisions.last)
        #expect(decision.reason == .broken && decision.causes.contains("candidate \(drained) cannot host: draining"))
        #expect(decision.barred?.map { [$0.name, $0.reason] } == [[drained, "draining"]])
        let next = try #require(decision.awaited?.first)
        #expect(decision.awaited == [next] && simulation.running(next) != .worker)
        let wish = try #require(simulation.wishes[drained])
        #expect(wish.wants == .worker && wish.reason == "draining: works until \(next) is here")
        #expect(simulation.chosen.contains(drained))
        let before = simulation.rounds.count
        simulation.run { $0.wishes[drained]?.wants == .holder }
        // When it is told to end, nothing of the federation's is with it any more.
        let view = simulation.server.workers.first { $0.name == drained }
        #expect(view?.isChosen == false && view?.entities == [])
        #expect(simulation.chosen == simulation.active)
        simulation.run(rounds: simulation.rounds.count + 6)
        #expect(simulation.rounds.dropFirst(before).allSatisfy { $0.workers >= 3 }, "\(simulation.rounds)")
        #expect(simulation.violations == [] && simulation.abandoned.isEmpty)
    }

    /// A node that was chosen does not do what it should: after the patience it is left out for a while, and why is said.
    @Test func whoDoesNotComeIsLeftOutForAWhile() throws {
        var simulation = try settled(seed: 3)
        let idle = simulation.wishes.values.filter { $0.wants == .holder }.map(\.name).sorted()
        for name in idle.prefix(2) { simulation.engine?.places[name]?.isDeaf = true }
        let drained = try #require(simulation.active.min())
        simulation.engine?.places[drained]?.candidate.canHost = false
        simulation.run { $0.chosen == $0.active && !$0.chosen.contains(drained) }
        #expect(simulation.active.contains(idle[2]), "\(simulation.notes)")
        let reasons = simulation.loop.decisions.last?.barred?.filter { $0.name != drained }
        #expect(reasons?.isEmpty == false)
        #expect(reasons?.allSatisfy { $0.reason == "did not come within 8 s" } ?? false, "\(reasons ?? [])")
        #expect(simulation.rounds.suffix(3).allSatisfy { $0.workers >= 3 })
        // It may be tried again when the time is over; what runs is as good, and stays.
        let decisions = simulation.loop.decisions.count
        simulation.run(seconds: 45)
        #expect(simulation.wishes[idle[0]]?.reason == "not needed")
        #expect(simulation.loop.decisions.count == decisions)
        #expect(simulation.violations == [] && simulation.abandoned.isEmpty)
    }

    /// Where nobody could take its place a node goes on being wanted, however long it takes.
    @Test func whoCannotBeReplacedIsWaitedFor() throws {
        var engine = CandidateEngine.nodes(4, domains: 2)
        engine.places["n1"]?.startSeconds = 40
        engine.places["n3"]?.candidate.canHost = false
        var simulation = try simulation(seed: 4, engine)
        simulation.run(seconds: 35)
        #expect(simulation.wishes["n1"]?.wants == .worker)
        #expect(simulation.notes.contains { $0.contains("nobody else can") })
        simulation.run { $0.chosen.contains("n1") && $0.chosen == $0.active }
        #expect(simulation.violations == [])
    }

    /// Whoever names candidates dies: what runs goes on, and nobody who is not here is counted on.
    @Test func aListThatNobodyRenewsIsForgotten() throws {
        var simulation = try settled(seed: 5)
        let active = simulation.active
        simulation.engine?.speaks = false
        simulation.run(seconds: 12)
        #expect(simulation.wishes.isEmpty && simulation.active == active && simulation.loop.listNumber == nil)
        simulation.kill(try #require(active.min()))
        simulation.run(seconds: 10)
        #expect(simulation.chosen == active.subtracting([active.min() ?? ""]))
        #expect(simulation.loop.decisions.last?.awaited == nil && simulation.loop.decisions.last?.barred == nil)
        // It is back: who died is started again.
        simulation.engine?.speaks = true
        simulation.run { $0.chosen.count == 3 && $0.chosen == $0.active }
        simulation.run(rounds: simulation.rounds.count + 5)
        #expect(simulation.violations == [])
    }

    /// A worker that dies is started again where it was, or another one takes over where a round waited for it too long;
    /// no round is lost, and within seconds as many work as before.
    @Test(arguments: 0..<5)
    func aKilledWorkerIsStartedAgainOrReplaced(seed: Int) throws {
        var simulation = try settled(seed: UInt64(seed))
        simulation.run(seconds: 0.26 * Double(seed))
        let victim = try #require(simulation.active.max())
        let start = simulation.now
        simulation.kill(victim)
        simulation.run { simulation in
            simulation.now - start > .seconds(4) && simulation.chosen == simulation.active
                && simulation.chosen.allSatisfy { simulation.running($0) == .worker }
        }
        #expect(simulation.now - start < .seconds(15), "\(simulation.notes.suffix(6))")
        simulation.run(rounds: simulation.rounds.count + 6)
        #expect(simulation.rounds.suffix(3).allSatisfy { $0.workers == 3 && $0.withinBudget })
        #expect(simulation.running(victim) == (simulation.active.contains(victim) ? .worker : .holder))
        #expect(simulation.violations == [] && simulation.abandoned.isEmpty)
    }

    @Test func acceleratorsAreAskedForWhereTheyPay() throws {
        var engine = CandidateEngine.nodes(4)
        // Four without take 0.3 s, too long for 0.2; two with theirs take 0.15.
        for name in ["n2", "n3"] { engine.places[name]?.candidate.accelerationFactor = 0.25 }
        var configuration = try configuration()
        configuration.targetSeconds = 20
        configuration.acceleratorLimit = 2
        var simulation = PlacementSimulation(seed: 6, workers: 0, placement: configuration, minimumWorkers: 2)
        simulation.engine = engine
        simulation.run { $0.rounds.count >= 10 && $0.chosen == $0.active }
        #expect(simulation.violations == [])
        let fast = simulation.wishes.values.filter { $0.wants == .acceleratedWorker }.map(\.name).sorted()
        #expect(
            !fast.isEmpty && fast.allSatisfy { simulation.running($0) == .acceleratedWorker }, "\(simulation.wishes)")
        #expect(simulation.loop.decisions.last?.meetsTarget == true, "\(simulation.loop.decisions)")
        #expect(simulation.rounds.suffix(3).allSatisfy { $0.withinBudget })
    }

    /// What a domain's samples are nobody knows before something of it is here: one of its nodes is chosen for them.
    @Test func groupsOfCandidates() throws {
        var simulation = try simulation(seed: 7, .nodes(6, domains: 3))
        let view = simulation.server.view
        var list = simulation.engine?.places.values.map(\.candidate) ?? []
        #expect(view.reachGroups() == [])
        #expect(view.reachGroups(list).map(\.workers) == [["n0", "n3"], ["n1", "n4"], ["n2", "n5"]])
        for index in list.indices { list[index].hasSamples = false }
        #expect(view.reachGroups(list) == [])
        simulation.run { $0.rounds.count >= 6 && $0.chosen == $0.active }
        let groups = simulation.server.view.reachGroups(list)
        #expect(groups.map(\.workers) == [["n0", "n3"], ["n1", "n4"], ["n2", "n5"]])
        #expect(groups.allSatisfy { $0.entities == 12 })
        #expect(Set(simulation.chosen.map { simulation.engine?.places[$0]?.candidate.domain }).count == 3)
        #expect(simulation.violations == [])
    }

    /// Nodes that appear, refuse, die, drain, are slow or deaf, in any order: no round is lost that had its quorum, nobody
    /// rests for somebody who is not here, and in the end the right ones work.
    @Test(arguments: 0..<8)
    func whateverTheNodesDo(seed: Int) throws {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "candidates")
        func draw(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
        var simulation = try simulation(seed: UInt64(seed), .nodes(6 + draw(4), domains: 1 + draw(2)))
        simulation.run { $0.rounds.count >= 3 }
        for _ in 0..<8 {
            let names = simulation.engine?.places.keys.sorted() ?? []
            let name = names[draw(names.count)]
            switch draw(6) {
            case 0: simulation.engine?.places[name]?.candidate.canHost = draw(2) == 0
            case 1: simulation.engine?.places[name]?.isDeaf = draw(2) == 0
            case 2: simulation.engine?.places[name]?.startSeconds = Double(draw(100)) / 10
            case 3 where simulation.chosen.count > 2 && simulation.running(name) != .nothing: simulation.kill(name)
            case 4: simulation.target(Double(30 + draw(60)), rounds: 100)
            default: simulation.engine?.speaks = draw(3) > 0
            }
            simulation.run(seconds: Double(draw(40)) / 10)
        }
        simulation.engine?.speaks = true
        for name in simulation.engine?.places.keys.sorted() ?? [] {
            simulation.engine?.places[name]?.candidate.canHost = true
            simulation.engine?.places[name]?.isDeaf = false
            simulation.engine?.places[name]?.startSeconds = 0.5
        }
        simulation.run(seconds: 20)
        let rounds = simulation.rounds.count
        simulation.run(seconds: 20)
        #expect(simulation.violations == [], "\(seed)")
        #expect(simulation.chosen == simulation.active, "\(seed) \(simulation.notes.suffix(5))")
        for (name, wish) in simulation.wishes { #expect(simulation.running(name) == wish.wants, "\(seed) \(wish)") }
        #expect(simulation.rounds.count > rounds + 10, "\(seed)")
        // With its quorum alive no round is lost.
        #expect(simulation.abandoned.isEmpty, "\(seed) \(simulation.abandoned.map(\.abandonedBecause))")
    }
}

extension PlacementSimulation {
    /// Who works, as the federation was told.
    var chosen: Set<String> { lastChoice?.active ?? [] }
}
