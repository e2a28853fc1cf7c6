import Federation
import Foundation
import Services
import TestSupport
import Testing

/// Samples that move within a domain, with real processes: a worker that only offers its samples, and others that serve
/// its entities.
@Suite(.serialized) struct SampleExchangeTests {
    private func summary(_ fleet: Fleet) -> [String] {
        fleet.alarms.map { "\($0.id) \($0.revision) \($0.state.rawValue) \($0.severity.rawValue)" }.sorted()
    }

    private func hasEnded(_ fleet: Fleet) -> Bool {
        let workers = fleet.workers
        return workers.contains { $0.name == "worker1" && $0.entities.count == 2 && $0.streamEnded }
    }

    /// One worker that has the files of both sites itself.
    private func withLocalFiles() throws -> (alarms: [String], model: [String: Data]) {
        let fleet = try Fleet()
        try fleet.startServer(workers: 1)
        try fleet.startWorker(1, sharing: "all")
        #expect(eventually({ hasEnded(fleet) }), "\(fleet.log("server"))")
        return (summary(fleet), try fleet.model())
    }

    /// A worker's own files only, in the domain of all.
    private func startWorker(_ fleet: Fleet, _ site: Int, domain: String = "all", _ more: [String] = []) throws {
        try fleet.startWorker(site, sharing: nil, ["--domain", domain] + more)
    }

    /// The model trained over forwarded files is the same to the byte as over local ones, the alarms of the worker that
    /// stands by arrive once under its entity's name, and the copies lie in the folder of the worker that serves.
    @Test func forwardedSamplesAreAsGoodAsLocalOnes() throws {
        let expected = try withLocalFiles()
        #expect(expected.alarms.contains { $0.contains("raised") })
        let fleet = try Fleet()
        try fleet.startServer(workers: 1)
        try startWorker(fleet, 2, ["--standby"])
        #expect(eventually({ fleet.workers.count == 1 }), "\(fleet.log("server"))")
        #expect(fleet.workers.first?.entities == [])
        try startWorker(fleet, 1)
        #expect(eventually({ hasEnded(fleet) }), "\(fleet.log("worker1")) \(fleet.log("server"))")
        #expect(summary(fleet) == expected.alarms)
        #expect(try fleet.model() == expected.model)
        #expect(Set(fleet.alarms.map(\.site)) == ["site1", "site2"])
        #expect(Set(fleet.alarms.map(\.worker)) == ["worker1"])
        let mirror = try FileManager.default.subpathsOfDirectory(atPath: fleet.folder.path("worker1/mirror"))
        #expect(mirror.contains { $0.hasSuffix("copy.json") }, "\(mirror)")
    }

    /// kill -9 of the holder, before and after its files are copied, and of the server while they are scored: it goes on.
    @Test func holderAndServerMayDie() throws {
        let expected = try withLocalFiles()
        let fleet = try Fleet()
        try fleet.startServer(workers: 1)
        try startWorker(fleet, 2, ["--standby"])
        let registrations = { fleet.log("worker2").components(separatedBy: "msg=registered").count - 1 }
        // Both know of it: the server may be the first.
        #expect(eventually({ fleet.workers.count == 1 && registrations() >= 1 }), "\(fleet.log("worker2"))")
        fleet.kill("worker2")
        try startWorker(fleet, 2, ["--standby"])
        #expect(eventually({ registrations() >= 2 }), "\(fleet.log("worker2"))")
        try startWorker(fleet, 1, ["--rows-per-second", "60"])
        #expect(
            eventually({
                fleet.workers.contains { $0.name == "worker1" && $0.entities.count == 2 && $0.scoredSamples > 20 }
            }),
            "\(fleet.log("worker1"))")
        fleet.kill("server")
        fleet.kill("worker2")
        try fleet.startServer(workers: 1)
        // The holder is gone for good: the worker goes on with its copy.
        #expect(eventually({ hasEnded(fleet) }), "\(fleet.log("worker1")) \(fleet.log("server"))")
        #expect(summary(fleet) == expected.alarms)
        fleet.kill("worker1")
        try startWorker(fleet, 1)
        #expect(
            eventually({ fleet.workers.contains { $0.name == "worker1" && $0.entities.count == 2 } }),
            "\(fleet.log("worker1"))")
        #expect(summary(fleet) == expected.alarms)
    }

    /// A worker of another domain is given nothing of these samples, and is refused when it asks.
    @Test func samplesStayInTheirDomain() throws {
        let fleet = try Fleet()
        try fleet.startServer(workers: 1, ["--plain"])
        try startWorker(fleet, 2, ["--standby", "--plain"])
        try startWorker(fleet, 1, domain: "elsewhere", ["--plain"])
        #expect(
            eventually({ fleet.workers.contains { $0.name == "worker1" && $0.streamEnded } }),
            "\(fleet.log("worker1"))")
        #expect(fleet.workers.first { $0.name == "worker1" }?.entities == ["site1/enb0"])
        #expect(fleet.alarms.allSatisfy { $0.site == "site1" })
        #expect(eventually({ fleet.workers.contains { $0.name == "worker2" } }), "\(fleet.log("worker2"))")
        let address = try #require(fleet.workers.first { $0.name == "worker2" }?.dataAddress)
        let port = try ZeroMQPort.connecting(data: address, identity: Array("stranger".utf8))
        let request = SampleMessage.listRequest(
            request: 1, token: [UInt8](repeating: 0, count: WireLimits.token), entity: "site2/enb0")
        for garbage in [Array("garbage".utf8), []] {
            #expect(eventually({ (try? port.send(garbage, to: [], on: .bulk)) == .queued }))
        }
        let envelope = Envelope(sender: "worker1", leaseEpoch: 0, sequence: 1, message: .samples(request))
        #expect(eventually({ (try? port.send(envelope.encoded(), to: [], on: .bulk)) == .queued }))
        var answer: Message?
        #expect(
            eventually({
                guard let message = try? port.receive(on: .bulk) else { return false }
                answer = (try? Envelope(decoding: message.bytes, limit: 1 << 20))?.message
                return true
            }))
        guard case .samples(.refusal(1, .notGranted, _)) = answer else {
            Issue.record("\(String(describing: answer))")
            return
        }
    }

    @Test func addressesAndLimitsThatCannotBe() throws {
        let fleet = try Fleet(sites: 1)
        for (arguments, status, words) in [
            (["--data-address", "tcp://0.0.0.0:*", "--plain"], Int32(78), "nothing is encrypted"),
            (["--data-address", "tcp://0.0.0.0:*"], 78, "names no machine"),
            (["--data-address", "none", "--standby"], 78, "has to offer its samples"),
            (["--data-address", "nowhere"], 78, "expected tcp://HOST:PORT"),
        ] {
            let result = try ToolProcess.run(
                "fl-worker",
                ["--name", "w", "--data", "\(fleet.data)/site1", "--data-folder", fleet.folder.path("w")] + arguments)
            #expect(result.status == status, "\(arguments): \(result.status) \(result.errors)")
            #expect(result.errors.contains(words), "\(result.errors)")
            #expect(result.errorLines.count == 1, "\(result.errors)")
        }
    }

    /// A copy that does not fit is one line in the log; the worker serves what it has.
    @Test func aCopyThatDoesNotFit() throws {
        let fleet = try Fleet()
        let big = (0..<40_000).map { "\($0),0.5,0.25,0.125,123456789" }.joined(separator: "\n")
        try ("time,a,b,c,d\n" + big + "\n").write(
            toFile: "\(fleet.data)/site2/extra_train.csv", atomically: true, encoding: .utf8)
        try fleet.startServer(workers: 1, ["--round-deadline", "4"])
        try startWorker(fleet, 2, ["--standby"])
        #expect(eventually({ fleet.workers.count == 1 }))
        try startWorker(fleet, 1, ["--mirror-limit", "1"])
        #expect(
            eventually({
                fleet.workers.contains { $0.name == "worker1" && $0.entities.count == 3 && $0.activity == "scoring" }
            }), "\(fleet.log("worker1")) \(fleet.log("server"))")
        #expect(eventually({ fleet.log("worker1").contains("mirror-limit") }))
        let complaints = fleet.log("worker1").split(separator: "\n").filter { $0.contains("mirror-limit") }
        #expect(complaints.count == 1, "\(complaints)")
        #expect(fleet.running["worker1"]?.isRunning == true)
    }
}
