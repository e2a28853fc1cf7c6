import Autoencoders
import Foundation
import Services
import Telemetry
import TestSupport
import Testing

/// Server and workers as real processes.
@Suite(.serialized) struct FederationProcessTests {
    /// A run in which nothing happens: what every disturbed run is held against.
    private func undisturbed() throws -> (alarms: [String], model: [String: Data]) {
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site) }
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("server"))")
        return (Self.summary(fleet), try fleet.model())
    }

    /// What alarms were raised and cleared, whatever the order between entities.
    private static func summary(_ fleet: Fleet) -> [String] {
        fleet.alarms.map { "\($0.id) \($0.revision) \($0.state.rawValue) \($0.severity.rawValue)" }.sorted()
    }

    @Test func aFederationOfOneEqualsOfflineTraining() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 1)
        try fleet.startWorker(1)
        #expect(eventually({ fleet.hasEnded(workers: 1) }), "\(fleet.log("server"))")
        let offline = fleet.folder.path("offline")
        let trained = try ToolProcess.run(
            "fl-train",
            [
                "train", "--data", "\(fleet.data)/site1", "--out", offline, "--rounds", "2", "--epochs", "1",
                "--hidden",
                "8,4",
            ])
        #expect(trained.status == 0, "\(trained.errors)")
        let weights = try Fleet.weights(offline)
        #expect(!weights.isEmpty)
        #expect(try fleet.model() == weights)
        #expect(try Fleet.weights(fleet.folder.path("worker1/model")) == weights)
        #expect(fleet.rounds.map(\.kind) == ["statistics", "training", "training", "evaluation"])
        // What the worker measured of itself.
        for round in fleet.rounds { #expect((round.contributions.first?.workSeconds ?? 0) > 0, "\(round)") }
        let worker = try #require(fleet.workers.first)
        #expect((worker.roundTripSeconds ?? 0) > 0)
        #expect((worker.device?.windowsPerSecond ?? 0) > 0)
        #expect(worker.device?.windowsPerSecond == worker.device?.cpuWindowsPerSecond)
        // 18 hours of 30 rows, three fifths of them for training.
        #expect(worker.samplesPerGroup?["physical.cpu"] == 324, "\(worker.samplesPerGroup ?? [:])")
    }

    /// A worker that tunes scores with what the federation's model becomes on its own samples; the server's stays.
    @Test func tuningChangesTheWorkersModelOnly() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 1)
        try fleet.startWorker(1, ["--tuning-epochs", "2"])
        #expect(eventually({ fleet.hasEnded(workers: 1) }), "\(fleet.log("worker1"))")
        let offline = fleet.folder.path("offline")
        let trained = try ToolProcess.run(
            "fl-train",
            [
                "train", "--data", "\(fleet.data)/site1", "--out", offline, "--rounds", "2", "--epochs", "1",
                "--hidden", "8,4",
            ])
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(try fleet.model() == Fleet.weights(offline))
        let sources = try DataCatalog.discover(["\(fleet.data)/site1"]).filter { $0.part == .train }
        let tuned = try ModelBundle.read(offline).tuned(
            on: sources, epochs: 2, backend: AcceleratorCatalog.backend(named: "auto"))
        let expected = fleet.folder.path("tuned")
        try tuned.write(to: expected)
        #expect(try Fleet.weights(fleet.folder.path("worker1/model")) == Fleet.weights(expected))
        #expect(try Fleet.weights(expected) != Fleet.weights(offline))
    }

    /// kill -9 of any process, at any phase, and a new start: the same models to the byte, the same alarms.
    @Test func anyProcessMayDieAtAnyTime() throws {
        let expected = try undisturbed()
        #expect(expected.alarms.contains { $0.contains("raised") })
        for (victim, phase) in [("server", "train"), ("worker1", "train"), ("server", "score"), ("worker2", "score")] {
            let fleet = try Fleet()
            let pace = ["--rows-per-second", "100"]
            try fleet.startServer(workers: 2)
            for site in 1...2 { try fleet.startWorker(site, sharing: nil, pace) }
            #expect(
                eventually({
                    phase == "train"
                        ? fleet.version >= 1
                        : fleet.workers.contains { $0.activity == "scoring" && $0.scoredSamples > 20 }
                }), "\(victim) \(phase): \(fleet.log("server"))")
            fleet.kill(victim)
            if victim == "server" {
                try fleet.startServer(workers: 2)
            } else {
                try fleet.startWorker(victim == "worker1" ? 1 : 2, sharing: nil, pace)
            }
            #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(victim) \(phase): \(fleet.log(victim))")
            #expect(Self.summary(fleet) == expected.alarms, "\(victim) \(phase)")
            #expect(try fleet.model() == expected.model, "\(victim) \(phase)")
            #expect(fleet.alarms.compactMap(\.sequence) == Array(1...Int64(max(1, expected.alarms.count))))
        }
    }

    /// While the server is away a worker goes on, and each of its alarms arrives once when the server is back.
    @Test func alarmsWaitForTheServer() throws {
        let expected = try undisturbed()
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site, sharing: nil, ["--rows-per-second", "150"]) }
        #expect(eventually({ fleet.workers.contains { $0.scoredSamples > 5 } }))
        fleet.kill("server")
        #expect(
            eventually({
                fleet.log("worker1").contains("state=cleared") || fleet.log("worker2").contains("state=cleared")
            }),
            "\(fleet.log("worker1"))")
        try fleet.startServer(workers: 2)
        #expect(eventually({ fleet.hasEnded(workers: 2) }), "\(fleet.log("worker1"))")
        #expect(Self.summary(fleet) == expected.alarms)
    }

    /// Two workers share a domain: each serves one of its entities, and when one dies the other takes over what it served,
    /// without a second alarm for what was known.
    @Test func entitiesMoveWhenAWorkerIsLost() throws {
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site, sharing: "all", ["--rows-per-second", "60"]) }
        #expect(
            eventually({ fleet.workers.filter { $0.scoredSamples > 20 }.count == 2 }), "\(fleet.log("server"))")
        #expect(fleet.workers.map(\.entities.count) == [1, 1])
        #expect(Set(fleet.workers.flatMap(\.entities)).count == 2)
        fleet.kill("worker2")
        #expect(
            eventually({ fleet.workers.first { $0.name == "worker1" }?.entities.count == 2 }),
            "\(fleet.log("server"))")
        #expect(
            eventually({ fleet.workers.first { $0.name == "worker1" }?.streamEnded == true }),
            "\(fleet.log("worker1"))")
        let alarms = fleet.alarms
        #expect(Set(alarms.map(\.site)) == ["site1", "site2"])
        #expect(Set(alarms.map { "\($0.id) \($0.revision)" }).count == alarms.count)
        #expect(alarms.filter { $0.state == .raised }.count == alarms.filter { $0.state == .cleared }.count)
    }

    @Test func everyProcessStopsWithinASecond() throws {
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site, sharing: nil, ["--rows-per-second", "5"]) }
        #expect(eventually({ fleet.get("/healthz") != nil }))
        try fleet.start("alerts", "fl-alerts", ["--server", "127.0.0.1:\(fleet.http)", "--follow"])
        #expect(eventually({ fleet.workers.contains { $0.activity == "scoring" } }), "\(fleet.log("server"))")
        for name in ["worker1", "alerts", "server", "worker2"] {
            let end = fleet.terminate(name)
            #expect(end.status == 0, "\(name): \(fleet.log(name))")
            // A second, and what a busy machine adds.
            #expect(end.duration < .seconds(3), "\(name) took \(end.duration)")
        }
    }

    @Test func theStreamOfAlarmsReplays() throws {
        let fleet = try Fleet()
        try fleet.startServer(workers: 2)
        for site in 1...2 { try fleet.startWorker(site) }
        #expect(eventually({ fleet.hasEnded(workers: 2) }))
        let all = fleet.alarms.compactMap(\.sequence)
        let start = try #require(all.dropFirst().first)
        var parser = EventStreamParser()
        var seen: [Int64] = []
        let outcome = HTTPClient.get(
            host: "127.0.0.1", port: fleet.http, path: "/v1/alarms/stream", headers: ["Last-Event-ID": "\(start)"]
        ) { bytes in
            seen += parser.append(bytes).compactMap { $0.id.flatMap { Int64($0) } }
            return seen.last != all.last
        }
        #expect(outcome == .finished)
        #expect(seen == Array(all.drop { $0 <= start }))
        #expect(fleet.get("/healthz")?.contains("\"status\":\"ok\"") == true)
        for bad in ["/v1/alarms?since=x", "/v1/alarms?limit=0", "/nothing"] { #expect(fleet.get(bad) == nil, "\(bad)") }
        let listed = try ToolProcess.run(
            "fl-alerts", ["--server", "127.0.0.1:\(fleet.http)", "--since", "\(start)", "--format", "ndjson"])
        #expect(listed.status == 0)
        #expect(listed.output.split(separator: "\n").count == all.count { $0 > start })
    }
}
