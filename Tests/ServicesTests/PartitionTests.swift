import Foundation
import Services
import TestSupport
import Testing

/// A worker whose network swallows everything for a while, and then does not.
@Suite(.serialized) struct PartitionTests {
    private static let rounds = 12

    private static func summary(_ fleet: Fleet) -> [String] {
        fleet.alarms.map { "\($0.id) \($0.revision) \($0.state.rawValue) \($0.severity.rawValue)" }.sorted()
    }

    private func state(of name: String, in fleet: Fleet) -> String? { fleet.workers.first { $0.name == name }?.state }

    /// Cut off between two rounds and again while alarms are on their way, long enough to be given up each time: the
    /// worker comes back by itself, every round is committed, the models are the same to the byte, and each alarm
    /// arrives once.
    @Test func aPartitionHeals() throws {
        let calm = try Fleet()
        try calm.startServer(workers: 2, rounds: Self.rounds)
        for site in 1...2 { try calm.startWorker(site) }
        #expect(eventually({ calm.hasEnded(workers: 2) }), "\(calm.log("server"))")
        let expected = Self.summary(calm)
        #expect(expected.contains { $0.contains("raised") })

        let fleet = try Fleet()
        let relays = try [TCPRelay(to: fleet.ports[1]), TCPRelay(to: fleet.ports[2])]
        defer { for relay in relays { relay.stop() } }
        let pace = ["--rows-per-second", "60"]
        try fleet.startServer(workers: 2, rounds: Self.rounds)
        try fleet.startWorker(1, sharing: nil, through: relays, pace)
        try fleet.startWorker(2, sharing: nil, pace)
        for phase in ["training", "scoring"] {
            #expect(
                eventually({
                    phase == "training"
                        ? fleet.version >= 2
                        : fleet.workers.contains { $0.name == "worker1" && $0.scoredSamples > 20 }
                }), "\(phase): \(fleet.log("server"))")
            for relay in relays { relay.hold() }
            #expect(
                eventually({ state(of: "worker1", in: fleet) == "lost" }), "\(phase): \(fleet.log("server"))")
            #expect(state(of: "worker2", in: fleet) == "active", "\(phase): \(fleet.log("server"))")
            if phase == "training" {
                #expect(fleet.version <= Self.rounds, "the partition came after the last round")
            } else {
                // What it finds meanwhile waits.
                #expect(
                    eventually({ fleet.log("worker1").contains("state=cleared") }), "\(fleet.log("worker1"))")
            }
            for relay in relays { relay.release() }
            #expect(
                eventually({ state(of: "worker1", in: fleet) == "active" }), "\(phase): \(fleet.log("worker1"))")
        }
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        #expect(fleet.rounds.filter(\.committed).map(\.round) == Array(0...UInt32(Self.rounds + 1)))
        #expect(Self.summary(fleet) == expected)
        #expect(fleet.alarms.compactMap(\.sequence) == Array(1...Int64(max(1, expected.count))))
        #expect(try fleet.model() == calm.model())
        for name in ["server", "worker1", "worker2"] {
            #expect(fleet.log(name).components(separatedBy: " started").count == 2, "\(fleet.log(name))")
            #expect(fleet.running[name]?.isRunning == true)
        }
    }
}
