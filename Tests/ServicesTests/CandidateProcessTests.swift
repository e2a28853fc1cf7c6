import Federation
import Foundation
import Services
import TestSupport
import Testing

/// What an engine says of its nodes over HTTP, and what it is told to run there, with real processes.
@Suite(.serialized) struct CandidateProcessTests {
    private struct Nodes: Decodable {
        var list: Int?
        var epoch: UInt32
        var decision: Int
        var minimumWorkers: Int
        var nodes: [PlacementWish]
    }

    private static let path = "/v1/placement/nodes"

    private func nodes(_ fleet: Fleet) -> Nodes? {
        fleet.get(Self.path).flatMap { try? JSONDecoder().decode(Nodes.self, from: Data($0.utf8)) }
    }

    private func wish(_ name: String, _ fleet: Fleet) -> PlacementWish? {
        nodes(fleet)?.nodes.first { $0.name == name }
    }

    /// Three nodes of one domain, of which two are enough, started as they are wanted.
    @Test func whatIsWantedIsStartedAndMoves() throws {
        let fleet = try Fleet(sites: 3)
        try fleet.startServer(
            workers: 2, rounds: 100_000, ["--target-seconds", "4000000", "--missed-heartbeats", "10"])
        #expect(eventually { fleet.get("/healthz") != nil })
        let token = try #require(LocalDoor.token(http: fleet.http))
        func put(_ body: String) -> (status: Int, headers: [String: String], body: String) {
            RawHTTP.exchange(fleet.http, "PUT", Self.path, token: token, body)
        }
        /// The list, with nodes that cannot host.
        func list(without refused: Set<String> = []) -> String {
            let nodes = (1...3).map { site in
                let name = "worker\(site)"
                let refusal = refused.contains(name) ? #","canHost":false,"reason":"draining""# : ""
                return #"{"name":"\#(name)","domain":"all","hasSamples":true\#(refusal)}"#
            }
            return #"{"ttlSeconds":120,"nodes":[\#(nodes.joined(separator: ","))]}"#
        }
        func start(_ name: String, _ more: [String] = []) throws {
            let site = try #require(Int(name.suffix(1)))
            try fleet.startWorker(site, sharing: nil, ["--domain", "all"] + more)
        }

        let before = try #require(nodes(fleet))
        #expect(before.list == nil && before.nodes.isEmpty && before.decision == 0 && before.epoch > 0)
        for (bad, fault) in [
            ("[", "body: not valid JSON: line 1, column 2"), (#"{"ttlSeconds":5}"#, "nodes: missing"),
            (#"{"ttlSeconds":1,"nodes":[]}"#, "ttlSeconds: found 1.0"),
            (#"{"nodes":[1]}"#, "nodes[0]: expected an object"),
            (#"{"nodes":[{"name":"a","domain":"d"},{"name":"b"}]}"#, "nodes[1].domain: missing"),
            (#"{"nodes":[{"name":"","domain":"d"}]}"#, "nodes[0].name: found a name of 0 bytes"),
            (#"{"nodes":[{"name":"a","domain":"d","cpus":3}]}"#, "nodes[0].cpus: not a key here"),
            (#"{"nodes":[{"name":"a","domain":"d","canHost":1}]}"#, "nodes[0].canHost: expected true or false"),
            (
                #"{"nodes":[{"name":"a","domain":"d","accelerationFactor":1}]}"#,
                "nodes[0].accelerationFactor: found 1.0"
            ),
            (#"{"nodes":[{"name":"a","domain":"d","latencySeconds":-1}]}"#, "nodes[0].latencySeconds: found -1.0"),
            (
                #"{"nodes":[{"name":"a","domain":"d"},{"name":"a","domain":"d"}]}"#,
                "nodes[1].name: found 'a', which nodes[0] has"
            ),
        ] {
            let answer = put(bad)
            #expect(answer.status == 400 && answer.body.contains("\"detail\":\"\(fault)"), "\(bad): \(answer)")
        }
        let many = (0...5_000).map { #"{"name":"n\#($0)","domain":"d"}"# }.joined(separator: ",")
        #expect(put(#"{"nodes":[\#(many)]}"#).status == 413)
        #expect(RawHTTP.exchange(fleet.http, "PUT", Self.path, list()).status == 401)

        // Nothing is known: all are wanted, and started.
        let taken = put(list())
        #expect(taken.status == 200 && taken.body.contains(#""list":1,"nodes":3"#), "\(taken)")
        #expect(eventually { nodes(fleet)?.list == 1 })
        #expect(nodes(fleet)?.nodes.map(\.wants) == [.worker, .worker, .worker])
        for site in 1...3 { try start("worker\(site)") }
        #expect(
            eventually { nodes(fleet)?.nodes.contains { $0.wants == .holder } ?? false }, "\(fleet.log("server"))")
        let placed = try #require(fleet.placement?.decision)
        #expect(placed.active.count == 2 && nodes(fleet)?.minimumWorkers == 2)
        let idle = try #require(nodes(fleet)?.nodes.first { $0.wants == .holder }?.name)
        #expect(fleet.placement?.candidates?.map(\.name) == ["worker1", "worker2", "worker3"])
        #expect(fleet.terminate(idle).status == 0)
        try start(idle, ["--standby"])
        #expect(eventually { wish(idle, fleet)?.standsBy == true }, "\(fleet.log(idle))")

        // A node is emptied: its worker works until the other one is here.
        let drained = try #require(placed.active.first?.name)
        #expect(put(list(without: [drained])).status == 200)
        #expect(eventually { wish(idle, fleet)?.wants == .worker }, "\(fleet.log("server"))")
        let waiting = try #require(fleet.placement?.decision)
        #expect(waiting.awaited == [idle] && waiting.barred?.map { [$0.name, $0.reason] } == [[drained, "draining"]])
        #expect(wish(drained, fleet)?.wants == .worker)
        #expect(wish(drained, fleet)?.reason == "draining: works until \(idle) is here")
        let rounds = fleet.rounds.count
        #expect(eventually { fleet.rounds.count > rounds + 2 })
        #expect(fleet.workers.first { $0.name == drained }?.chosen == true)
        #expect(fleet.terminate(idle).status == 0)
        try start(idle)
        #expect(eventually { wish(drained, fleet)?.wants == .holder }, "\(fleet.log("server"))")
        #expect(wish(drained, fleet)?.reason == "draining")
        let left = try #require(fleet.workers.first { $0.name == drained })
        #expect(left.chosen == false && left.entities == [])
        #expect(fleet.workers.flatMap(\.entities).count == 3)
        #expect(fleet.rounds.allSatisfy { $0.kind != "training" || $0.committed }, "\(fleet.rounds)")
    }

    /// An engine lets the workers in that it starts.
    @Test func aTokenComesOverHTTPToo() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 1)
        #expect(eventually { fleet.get("/healthz") != nil })
        // Without a target there is nothing to place.
        let local = try #require(LocalDoor.token(http: fleet.http))
        #expect(RawHTTP.exchange(fleet.http, "GET", Self.path).status == 404)
        #expect(RawHTTP.exchange(fleet.http, "PUT", Self.path, token: local, #"{"nodes":[]}"#).status == 409)
        let file = fleet.folder.path("admin.token")
        let made = try ToolProcess.run(
            "fl-server",
            ["keys", "token", "--role", "admin", "--out", file, "--data-folder", fleet.folder.path("server")])
        #expect(made.status == 0)
        let admin = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        func post(_ body: String, _ token: String) -> (status: Int, headers: [String: String], body: String) {
            RawHTTP.exchange(fleet.http, "POST", "/v1/principals", token: token, body)
        }
        let wish = #"{"name":"edge-1","site":"site1","domain":"north","expiresSeconds":60}"#
        #expect(post(wish, local).status == 403)
        #expect(eventually { post(wish, admin).status == 200 })
        for (bad, fault) in [
            (#"{"name":"edge-1"}"#, "site: missing"), (#"{"name":"","site":"s"}"#, "name: found"),
            (#"{"name":"a","site":"s","roles":[]}"#, "roles: not a key here"),
            (#"{"name":"a","site":"s","expiresSeconds":0}"#, "expiresSeconds: found 0"),
        ] {
            let answer = post(bad, admin)
            #expect(answer.status == 400 && answer.body.contains("\"detail\":\"\(fault)"), "\(bad): \(answer)")
        }
        struct Invited: Decodable {
            var token: String
            var line: String
            var expires: Int64
        }
        let answer = post(wish, admin)
        let invited = try JSONDecoder().decode(Invited.self, from: Data(answer.body.utf8))
        #expect(invited.line.hasPrefix("fl-worker --name edge-1 --site "), "\(invited.line)")
        #expect(invited.line.hasSuffix(" --enrol \(invited.token)"), "\(invited.line)")
        #expect(abs(Double(invited.expires) - Date().timeIntervalSince1970 - 60) < 30)
        try fleet.start(
            "edge", "fl-worker",
            [
                "--name", "edge-1", "--enrol", invited.token, "--domain", "north", "--data", "\(fleet.data)/site1",
                "--data-folder", fleet.folder.path("edge"),
            ] + fleet.endpoints)
        #expect(
            eventually { fleet.workers.contains { $0.name == "edge-1" && $0.domain == "north" } },
            "\(fleet.log("edge"))")
        let folder = ["--data-folder", fleet.folder.path("server")]
        let audit = try ToolProcess.run("fl-server", ["audit"] + folder)
        #expect(audit.output.contains("let edge-1 in at site1, domain north"), "\(audit.output)")

        // Whom an operator shut out only an operator at the server's folder lets in again.
        #expect(try ToolProcess.run("fl-server", ["keys", "revoke", "--name", "edge-1"] + folder).status == 0)
        let refused = post(wish, admin)
        #expect(refused.status == 409)
        #expect(
            refused.body.contains(
                "name: the worker 'edge-1' was shut out; a token of 'fl-server enrol' lets it in again"), "\(refused)")
        #expect(post(#"{"name":"edge-2","site":"site1"}"#, admin).status == 200)
        let enrolled = try ToolProcess.run("fl-server", ["enrol", "--name", "edge-1", "--site", "site1"] + folder)
        #expect(enrolled.status == 0, "\(enrolled)")
        #expect(post(wish, admin).status == 200)
    }
}
