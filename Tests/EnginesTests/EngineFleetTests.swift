import Engines
import Platform
import Testing

@Suite struct EngineFleetTests {
    private func fleet(_ text: String) throws -> EngineFleet { try EngineFleet(text: Array(text.utf8)) }

    /// Ten lines are enough: every node of the engine, with what holds for all.
    @Test func withoutNodesAllAreTaken() throws {
        let fleet = try fleet(
            #"{"defaults": {"domain": "all", "arguments": ["--data", "/srv/{node}", "--data-folder", "/var/{worker}"]}}"#
        )
        let members = try fleet.members(of: [EngineNode("n2"), EngineNode("n1", accelerators: 1)])
        #expect(members.map(\.worker) == ["n1", "n2"] && members.map(\.site) == ["n1", "n2"])
        let command = members[0].command(.holder, control: "tcp://c:1", bulk: "tcp://c:2", token: "t")
        #expect(
            command.arguments
                == [
                    "--name", "n1", "--site", "n1", "--domain", "all", "--control", "tcp://c:1", "--bulk", "tcp://c:2",
                    "--accelerator", "cpu", "--standby", "--data", "/srv/n1", "--data-folder", "/var/n1",
                ] && command.token == "t")
        #expect(!members[0].command(.acceleratedWorker, control: "c", bulk: "b", token: nil).arguments.contains("cpu"))
        let candidate = members[0].candidate(EngineNode("n1", accelerators: 1), (false, "draining"))
        #expect(candidate.accelerationFactor == 0.5 && !candidate.canHost && candidate.reason == "draining")
        #expect(members[1].candidate(EngineNode("n2"), (true, "")).accelerationFactor == nil)
    }

    /// A worker takes each option once.
    @Test func whatTheFileGivesComesInsteadOfTheUsual() throws {
        let text = #"{"defaults": {"arguments": ["--accelerator", "auto", "--site=lab", "--data", "/srv/{node}"]}}"#
        let member = try #require(try fleet(text).members(of: [EngineNode("n1")]).first)
        #expect(
            member.command(.holder, control: "c", bulk: "b", token: nil).arguments == [
                "--name", "n1", "--domain", "n1", "--control", "c", "--bulk", "b", "--standby", "--accelerator", "auto",
                "--site=lab", "--data", "/srv/n1",
            ])
    }

    @Test func nodesSayWhatIsTheirs() throws {
        let fleet = try fleet(
            """
            {"defaults": {"worker": "edge-{node}", "site": "s{worker}", "samples": false},
             "nodes": ["b", {"name": "a", "worker": "first", "domain": "{site}-d", "samples": true, "latencySeconds": 0.01,
                             "arguments": ["{x}", "{", "{node}{node}"]}]}
            """)
        let members = try fleet.members(of: [])
        #expect(members.map(\.worker) == ["edge-b", "first"] && members.map(\.hasSamples) == [false, true])
        #expect(members[1].domain == "sfirst-d" && members[1].arguments == ["{x}", "{", "aa"])
        #expect(members[1].latencySeconds == 0.01)
    }

    @Test(arguments: [
        (#"{"nodes": ["a", "a"]}"#, "nodes file: node 'a' stands there twice"),
        (#"{"defaults": {"worker": "w"}, "nodes": ["a", "b"]}"#, "nodes file: worker 'w' stands there twice"),
        (#"{"nodes": [{"worker": "w"}]}"#, "nodes file: nodes[0]: found no name, expected the engine's name of a node"),
        (#"{"nodes": [7]}"#, "nodes file: nodes[0]: expected a JSON object"),
        (#"{"node": []}"#, "nodes file: unknown key 'node' (did you mean 'nodes'?)"),
        (
            #"{"defaults": {"latencySeconds": -1}}"#,
            "nodes file: defaults: latencySeconds: found -1, expected a number from 0.0 to 60.0"
        ),
        (#"{"nodes": [{"name": "a", "worker": "{site}"}]}"#, "nodes file: node 'a': {site} cannot stand in '{site}'"),
        ("{", "nodes file: not valid JSON: line 1, column 2: found the end, expected a member's name in quotes"),
    ])
    func whatIsWrongIsSaid(text: String, line: String) {
        #expect(throws: EngineError(.configuration, line)) { try fleet(text) }
    }
}
