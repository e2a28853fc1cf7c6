import Foundation
import Placement
import Testing

@Suite("Reading instances")
struct InstanceReaderTests {
    static let valid = """
        {"nodes": [{"id": "a", "tier": "access", "accelerator": true}, {"id": "b"}, {"id": "c", "canHost": false}],
         "latencySeconds": [[0, 0.1, 0.2], [0.1, 0, 0.3], [0.2, 0.3, 0]],
         "trainingTimeSeconds": [1, 0.5, 0.25], "server": "a",
         "targetSeconds": 5.0, "rounds": 5, "acceleratorLimit": 1, "accelerationFactor": 0.5}
        """

    static func read(_ text: String) throws(PlacementError) -> PlacementInstance {
        try InstanceReader.read(Data(text.utf8))
    }

    @Test("A pipe is read to its end")
    func pipe() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data(Self.valid.utf8))
        try pipe.fileHandleForWriting.close()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        #expect(try InstanceReader.read(file: path).nodes.count == 3)
        #expect(throws: PlacementError.self) { try InstanceReader.read(file: "/dev") }
    }

    @Test("A node without a name is said to be one, not the links that do not find it")
    func emptyName() {
        let text = #"{"nodes": [{"id": ""}], "links": [{"a": "a", "b": "b", "latencySeconds": 0}]}"#
        #expect {
            _ = try Self.read(text)
        } throws: {
            ($0 as? PlacementError)?.field == "nodes[0].id"
        }
    }

    @Test("The documented example")
    func example() throws {
        let instance = try Self.read(
            """
            {"nodes": [{"id": "edge-01", "tier": "access", "accelerator": true}, {"id": "edge-02", "tier": "access"},
                       {"id": "core-2", "tier": "core", "canHost": true}],
             "links": [{"a": "edge-01", "b": "core-2", "latencySeconds": 0.0004},
                       {"a": "edge-02", "b": "core-2", "latencySeconds": 0.0006}],
             "trainingTimeBreakpoints": [{"workers": 1, "seconds": 1.1}, {"workers": 4, "seconds": 0.4}],
             "server": "core-2", "targetSeconds": 5.0, "rounds": 5, "acceleratorLimit": 1, "accelerationFactor": 0.5}
            """)
        #expect(instance.nodes.map(\.id) == ["edge-01", "edge-02", "core-2"])
        #expect(instance.nodes.map(\.accelerator) == [true, false, false])
        #expect(instance.fixedServer == 2)
        #expect(abs(instance.latency[0, 1] - 0.001) < 1e-15)
        #expect(abs(instance.trainingTime.seconds(workers: 2) - 0.866666666666) < 1e-9)
        #expect(instance.trainingTime.seconds(workers: 9) == 0.4)
        let placement = try #require(try PlacementSolver.solve(instance, PlacementObjective(.aifP)).placement)
        #expect(placement.workers == [0, 1])
        #expect(placement.accelerated.isEmpty)
        #expect(abs(placement.maxLoopSeconds - 0.867266666) < 1e-8)
    }

    @Test("Keys in any order, escapes, exponents, null and Infinity for what is not connected")
    func spelling() throws {
        let instance = try Self.read(
            """
            {"rounds": 5, "targetSeconds": 5e0, "latencySeconds": [[0, 1e-1, null], [1E-1, 0, Infinity],
             [null, Infinity, 0.0]], "accelerationFactor": 0.5, "acceleratorLimit": 0,
             "trainingTimeSeconds": [1, 0.5, 0.25],
             "nodes": [{"id": "\\u00e9dge \\ud83d\\ude00\\n"}, {"canHost": true, "id": "b"}, {"id": "c", "tier": null}]}
            """)
        #expect(instance.nodes[0].id == "édge 😀\n")
        #expect(instance.latency[0, 1] == 0.1)
        #expect(instance.latency[0, 2] == .infinity)
        #expect(instance.latency[2, 1] == .infinity)
        #expect(!instance.latency.isConnected)
    }

    @Test(
        "Every malformed instance gets one line that names field and reason",
        arguments: [
            ("[0, 0.1, 0.2]", "[0, 0.7, 0.2]", "latencySeconds[0][1]", "symmetric"),
            ("[0, 0.1, 0.2]", "[0, -0.1, 0.2]", "latencySeconds[0][1]", "negative"),
            ("[0, 0.1, 0.2]", "[0, NaN, 0.2]", "latencySeconds[0][1]", "NaN"),
            ("[0, 0.1, 0.2]", "[0.5, 0.1, 0.2]", "latencySeconds[0][0]", "diagonal"),
            ("[0, 0.1, 0.2]", "[0, 0.1]", "latencySeconds[0]", "2 values"),
            ("[0, 0.1, 0.2]", "[0, 0.1, 0.2, 0.3]", "latencySeconds[0][3]", "too many"),
            ("[0, 0.1, 0.2], ", "", "latencySeconds", "2 rows"),
            ("[0, 0.1, 0.2]", "[0, 1e999, 0.2]", "latencySeconds[0][1]", "expected"),
            ("[0, 0.1, 0.2]", "[0, 01, 0.2]", "latencySeconds[0][1]", "expected"),
            ("[0, 0.1, 0.2]", "[0, \"0.1\", 0.2]", "latencySeconds[0][1]", "text"),
            ("[0, 0.1, 0.2]", "[0, 0.1, 0.2,]", "latencySeconds[0][3]", "too many"),
            ("[0, 0.1, 0.2]", "0.2", "latencySeconds[0]", "row"),
            ("\"nodes\": [", "\"nodes\": 1000000000, \"x\": [", "nodes", "expected a list"),
            ("{\"id\": \"b\"}", "{}", "nodes[1].id", "missing"),
            ("{\"id\": \"b\"}", "{\"id\": \"a\"}", "nodes[1].id", "nodes[0]"),
            ("{\"id\": \"b\"}", "{\"id\": \"\"}", "nodes[1].id", "empty"),
            ("{\"id\": \"b\"}", "{\"id\": 7}", "nodes[1].id", "a number"),
            ("{\"id\": \"b\"}", "{\"id\": \"b\", \"canhost\": true}", "nodes[1].canhost", "canHost"),
            ("{\"id\": \"b\"}", "{\"id\": \"b\", \"canHost\": 1}", "nodes[1].canHost", "true or false"),
            ("{\"id\": \"b\"}", "{\"id\": \"b\", \"id\": \"d\"}", "nodes[1].id", "twice"),
            ("{\"id\": \"b\"}", "{\"id\": \"b\", \"availability\": 0}", "nodes[1].availability", "(0, 1]"),
            ("{\"id\": \"b\"}", "{\"id\": \"b\", \"capacity\": 0}", "nodes[1].capacity", "found 0"),
            ("{\"id\": \"b\"}", "{\"id\": \"b\", \"trainingTimeFactor\": -1}", "trainingTimeFactor", "above 0"),
            ("{\"id\": \"b\"}", "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "nodes[1]", "object"),
            ("\"rounds\": 5", "\"rounds\": 0", "rounds", "1 or more"),
            ("\"rounds\": 5", "\"rounds\": 2.5", "rounds", "whole"),
            ("\"rounds\": 5", "\"rounds\": 1e300", "rounds", "whole"),
            ("\"rounds\": 5", "\"rounds\": \"5\"", "rounds", "whole"),
            ("\"rounds\": 5, ", "", "rounds", "missing"),
            ("\"rounds\": 5", "\"rounds\": 5, \"rounds\": 5", "rounds", "twice"),
            ("\"rounds\": 5", "\"rouns\": 5", "rouns", "'rounds'"),
            ("\"targetSeconds\": 5.0", "\"targetSeconds\": -5", "targetSeconds", "above 0"),
            ("\"targetSeconds\": 5.0, ", "", "targetSeconds", "missing"),
            ("Factor\": 0.5", "Factor\": 1", "accelerationFactor", "(0, 1)"),
            ("Factor\": 0.5", "Factor\": 0", "accelerationFactor", "(0, 1)"),
            (", \"accelerationFactor\": 0.5", "", "accelerationFactor", "missing"),
            ("\"acceleratorLimit\": 1, ", "", "acceleratorLimit", "missing"),
            ("\"acceleratorLimit\": 1", "\"acceleratorLimit\": -1", "acceleratorLimit", "0 or more"),
            ("[1, 0.5, 0.25]", "[1, 0.5]", "trainingTimeSeconds", "2 values"),
            ("[1, 0.5, 0.25]", "[1, 0.5, -0.25]", "trainingTimeSeconds[2]", "0 or more"),
            ("[1, 0.5, 0.25]", "[]", "trainingTimeSeconds", "empty"),
            ("\"trainingTimeSeconds\": [1, 0.5, 0.25],", "", "trainingTimeSeconds", "missing"),
            ("\"trainingTimeSeconds\": [1, 0.5, 0.25]", "\"trainingTimeBreakpoints\": []", "Breakpoints", "empty"),
            (
                "\"trainingTimeSeconds\": [1, 0.5, 0.25]",
                "\"trainingTimeBreakpoints\": [{\"workers\": 0, \"seconds\": 1}]", "[0].workers", "1 or more"
            ),
            ("\"server\": \"a\"", "\"server\": \"aa\"", "server", "'a'"),
            ("\"server\": \"a\"", "\"links\": []", "links", "latencySeconds is given too"),
            ("0.5}", "0.5", "accelerationFactor", "end of the file"),
            ("0.5}", "0.5} x", "", "after the end"),
            ("0.5}", "0.5}}", "", "after the end"),
            ("\"server\": \"a\"", "\"server\": \"a", "server", "control character"),
            ("\"server\": \"a\"", "\"server\" \"a\"", "server", "':'"),
            ("\"server\": \"a\",", "\"server\": \"a\"", "server", "','"),
        ])
    func malformed(from: String, to: String, field: String, reason: String) throws {
        let text = Self.valid.replacingOccurrences(of: from, with: to)
        try #require(text != Self.valid)
        #expect("\(from) → \(to)") {
            _ = try Self.read(text)
        } throws: { error in
            guard let error = error as? PlacementError else { return false }
            let line = error.description
            return !line.contains("\n") && (field.isEmpty || error.field.contains(field)) && line.contains(reason)
        }
    }

    @Test("Every truncation of a valid file is refused, and no changed byte crashes the reader")
    func mutations() throws {
        let bytes = Array(Self.valid.utf8)
        for length in 0..<bytes.count {
            #expect(throws: PlacementError.self) { try InstanceReader.read(Data(bytes.prefix(length))) }
        }
        for index in bytes.indices {
            for value: UInt8 in [0, 0x22, 0x2C, 0x2D, 0x5B, 0x5D, 0x7B, 0x7D, 0x30, 0x39, 0x65, 0x5C, 0xFF] {
                var changed = bytes
                changed[index] = value
                do throws(PlacementError) {
                    _ = try InstanceReader.read(Data(changed))
                } catch {
                    #expect(!error.description.isEmpty)
                }
            }
        }
    }

    @Test("Links: unknown ends, ends that meet, negative round trips, several between two nodes")
    func links() throws {
        func text(_ links: String) -> String {
            """
            {"nodes": [{"id": "north"}, {"id": "south"}, {"id": "west"}], "links": [\(links)], "rounds": 1,
             "trainingTimeBreakpoints": [{"workers": 1, "seconds": 1}], "targetSeconds": 1}
            """
        }
        let instance = try Self.read(
            text(
                """
                {"a": "north", "b": "south", "latencySeconds": 3}, {"a": "south", "b": "north", "latencySeconds": 2},
                {"a": "west", "b": "north", "latencySeconds": 0.25}
                """))
        #expect(instance.latency[0, 1] == 2)
        #expect(instance.latency[1, 2] == 2.25)
        for (link, reason) in [
            ("{\"a\": \"north\", \"b\": \"sooth\", \"latencySeconds\": 1}", "'south'"),
            ("{\"a\": \"north\", \"b\": \"north\", \"latencySeconds\": 1}", "itself"),
            ("{\"a\": \"north\", \"b\": \"south\", \"latencySeconds\": -1}", "negative"),
            ("{\"a\": \"north\", \"b\": \"south\"}", "missing"),
            ("{\"a\": \"north\", \"latencySeconds\": 1}", "missing"),
            ("{\"a\": \"north\", \"b\": \"south\", \"latency\": 1}", "latencySeconds"),
        ] {
            #expect {
                _ = try Self.read(text(link))
            } throws: {
                ($0 as? PlacementError)?.description.contains(reason) ?? false
            }
        }
    }

    @Test("A file that is not there")
    func missingFile() {
        #expect {
            _ = try InstanceReader.read(file: "/nonexistent/instance.json")
        } throws: {
            guard let error = $0 as? PlacementError else { return false }
            return error.code == .unreadableFile && error.description.hasPrefix("/nonexistent/instance.json: ")
        }
    }
}
