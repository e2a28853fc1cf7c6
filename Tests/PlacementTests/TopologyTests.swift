import Foundation
import Laboratory
import Placement
import Testing

@Suite("Topologies")
struct TopologyTests {
    @Test("Mandala: sizes, two uplinks each, caps, connected, reproducible", arguments: [4, 5, 8, 12, 16, 32, 64, 100])
    func mandala(accessNodes: Int) {
        var generator = MandalaGenerator()
        generator.accessNodes = accessNodes
        for seed in 0..<20 as Range<UInt64> {
            let topology = generator.topology(seed: seed)
            let sizes = generator.tierSizes
            #expect(topology.nodes.count == sizes.reduce(0, +))
            #expect(topology.latency.isConnected)
            let tier = topology.nodes.map { MandalaGenerator.tiers.firstIndex(of: $0.tier ?? "") ?? -1 }
            var up = [Set<Int>](repeating: [], count: tier.count)
            var down = [Int](repeating: 0, count: tier.count)
            for link in topology.links {
                #expect(tier[link.b] == tier[link.a] + 1)
                up[link.a].insert(link.b)
                down[link.b] += 1
                let range = generator.delays[tier[link.a]]
                #expect(
                    range.contains(link.latencySeconds / 2e-3)
                        || abs(link.latencySeconds / 2e-3 - range.lowerBound) < 1e-12)
            }
            for node in tier.indices {
                #expect(up[node].count == (tier[node] == 3 ? 0 : min(2, sizes[tier[node] + 1])))
                if tier[node] > 0, sizes[tier[node]] > 1 { #expect(down[node] <= generator.caps[tier[node] - 1]) }
                #expect(topology.nodes[node].canHost == (tier[node] < 3))
            }
            #expect(topology == generator.topology(seed: seed))
            #expect(topology != generator.topology(seed: seed + 100))
        }
    }

    @Test("The published experiment: latency share, accelerator shares, same accelerators in every cell")
    func experiment() throws {
        let experiment = PublishedExperiment()
        for index in 0..<40 {
            let instance = try experiment.instance(index: index, targetSeconds: 2, rounds: 10)
            #expect(instance.nodes.count == 26)
            #expect(abs(instance.latency.largestFinite - 0.07 * 0.18) < 1e-12)
            let accelerators = instance.nodes.filter(\.accelerator).count
            #expect(accelerators == instance.acceleratorLimit)
            #expect((3...16).contains(accelerators))
            #expect(instance.nodes.allSatisfy { $0.canHost || !$0.accelerator })
            let other = try experiment.instance(index: index, targetSeconds: 1.2, rounds: 5)
            #expect(other.nodes == instance.nodes)
        }
    }

    @Test("Written instances read back the same")
    func roundTrip() throws {
        for index in 0..<200 {
            var random = RandomInstances(seed: 51, index)
            var instance = try random.instance(nodes: 3...9, extended: index % 2 == 1)
            instance.name = "a \"name\" with\ttabs \u{1} and é"
            let read = try InstanceReader.read(Data(InstanceWriter.text(instance).utf8))
            #expect(read == instance, "seed 51 instance \(index)")
        }
        let experiment = PublishedExperiment()
        let instance = try experiment.instance(index: 0, targetSeconds: 2, rounds: 10)
        #expect(try InstanceReader.read(Data(InstanceWriter.text(instance).utf8)) == instance)
    }

    private static let zoo = """
        <?xml version="1.0" encoding="utf-8"?><!-- a comment --><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
          <key attr.name="Longitude" attr.type="double" for="node" id="d1" />
          <key attr.name="Latitude" attr.type="double" for="node" id="d2" />
          <key attr.name="label" attr.type="string" for="node" id="d3" />
          <key attr.name="delay" attr.type="double" for="edge" id="d4" />
          <graph edgedefault="undirected">
            <node id="0"><data key="d1">2.35</data><data key="d2">48.85</data><data key="d3">Paris &amp; Co</data></node>
            <node id="1"><data key="d1">12.5</data><data key="d2">41.9</data><data key="d3">Rome</data></node>
            <node id="2"><data key="d3"><![CDATA[Rome]]></data></node>
            <edge source="0" target="1"><data key="d4">7.5</data></edge>
            <edge source="0" target="2"><data key="d4">1</data></edge>
            <edge source="1" target="1" />
          </graph>
        </graphml>
        """

    @Test("GraphML: distances, attributes, fallbacks, repeated labels, loops")
    func graphML() throws {
        var options = GraphMLReader.Options()
        options.fallbackSeconds = 0.5
        let byDistance = try GraphMLReader.read(Data(Self.zoo.utf8), options)
        #expect(byDistance.nodes.map(\.id) == ["Paris & Co", "Rome", "Rome (2)"])
        #expect(byDistance.links.count == 2)
        // Paris to Rome is 1,106 km: 11.06 ms there and back at 200,000 km/s.
        #expect(abs(byDistance.links[0].latencySeconds - 0.01106) < 0.0001)
        #expect(byDistance.links[1].latencySeconds == 0.5)
        options.latencyAttribute = "delay"
        options.latencyUnit = 0.001
        options.fallbackSeconds = nil
        let byAttribute = try GraphMLReader.read(Data(Self.zoo.utf8), options)
        #expect(byAttribute.links.map(\.latencySeconds) == [0.0075, 0.001])
        #expect(throws: PlacementError.self) { try GraphMLReader.read(Data(Self.zoo.utf8)) }
    }

    @Test("GraphML: a label may look like what tells two others apart")
    func graphMLNames() throws {
        var options = GraphMLReader.Options()
        options.fallbackSeconds = 0
        let text = """
            <graphml><key attr.name="label" for="node" id="l"/><graph>
            <node id="0"><data key="l">A</data></node><node id="1"><data key="l">A (2)</data></node>
            <node id="2"><data key="l">A</data></node><node id="3"><data key="l">A</data></node>
            </graph></graphml>
            """
        let names = try GraphMLReader.read(Data(text.utf8), options).nodes.map(\.id)
        #expect(names == ["A", "A (2)", "A (2) (2)", "A (3)"])
    }

    @Test("Malformed GraphML is refused with one line; no truncation or changed byte crashes the reader")
    func malformedGraphML() throws {
        var options = GraphMLReader.Options()
        options.fallbackSeconds = 0
        for text in [
            "", "<html></html>", "<graphml><graph><node/></graph></graphml>", "<graphml></graph></graphml>",
            "<graphml><graph><edge source='0' target='1'/></graph></graphml>", "<graphml>", "<graphml a=b></graphml>",
            "<graphml><graph><node id='0'/><node id='0'/></graph></graphml>", "<graphml>&nothing;</graphml>",
            "<graphml></graphml>", String(repeating: "<graphml>", count: 100),
        ] {
            #expect("\(text)") {
                _ = try GraphMLReader.read(Data(text.utf8), options)
            } throws: {
                ($0 as? PlacementError).map { !$0.description.contains("\n") } ?? false
            }
        }
        let bytes = Array(Self.zoo.utf8)
        for index in bytes.indices {
            _ = try? GraphMLReader.read(Data(bytes.prefix(index)), options)
            for value: UInt8 in [0, 0x22, 0x26, 0x2F, 0x3C, 0x3E, 0xFF] {
                var changed = bytes
                changed[index] = value
                _ = try? GraphMLReader.read(Data(changed), options)
            }
        }
    }

    @Test("Measured round trips: medians over both directions, detours only where nothing was measured")
    func roundTrips() throws {
        let text = """
            from,to,seconds
            # three measurements of one pair
            a, b, 0.010
            b,a,0.030
            a,b,2e-2

            b,c,0.005\r
            a,c,0.9
            c,d,0.001
            """
        let measured = try RoundTripReader.read(Data(text.utf8))
        #expect(measured.names == ["a", "b", "c", "d"] && measured.pairs == 4)
        // As spreadsheets write it.
        #expect(try RoundTripReader.read(Data("\u{FEFF}a,b,1\r\nc,a,2\r\n".utf8)).names == ["a", "b", "c"])
        #expect(measured.latency[0, 1] == 0.02)
        #expect(measured.latency[2, 0] == 0.9)
        #expect(abs(measured.latency[0, 3] - 0.026) < 1e-12)
        for (bad, reason) in [
            ("", "no measurement"), ("a,b", "2 columns"), ("a,b,1\na,b,x", "line 2"), ("a,b,1\na,b,-1", "line 2"),
            ("a,a,1", "itself"), (",b,1", "empty"), ("a,b,1\na,b,nan", "line 2"), ("a,b,1\na,b,1x", "line 2"),
            // A first line that says no number is no title either.
            ("a,b,-1\na,b,1", "line 1"), ("a,b,NaN\na,b,1", "line 1"), ("a,b,1e999\na,b,1", "line 1"),
            ("a,b,\na,b,1", "line 1"),
        ] {
            #expect("\(bad)") {
                _ = try RoundTripReader.read(Data(bad.utf8))
            } throws: {
                ($0 as? PlacementError)?.description.contains(reason) ?? false
            }
        }
    }

    @Test("Summary: parts, degrees, round trips")
    func summary() throws {
        let nodes = ["a", "b", "c", "d"].map { PlacementInstance.Node(id: $0, accelerator: $0 == "a") }
        let links = [
            PlacementInstance.Link(a: 0, b: 1, latencySeconds: 1),
            PlacementInstance.Link(a: 1, b: 2, latencySeconds: 2),
        ]
        let instance = try PlacementInstance(
            nodes: nodes, links: links, latency: LatencyMatrix(count: 4, links: links),
            trainingTime: TrainingTimeProfile(table: [1, 1, 1, 1]), targetSeconds: 1, rounds: 1, acceleratorLimit: 1)
        let summary = Topology.summary(of: instance)
        #expect(summary.parts == [3, 1])
        #expect(summary.degrees == 0...2)
        #expect(summary.largestRoundTrip == 3 && summary.medianRoundTrip == 2)
        #expect(summary.hosts == 4 && summary.accelerators == 1 && summary.links == 2)
    }
}
