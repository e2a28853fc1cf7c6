import Charts
import Foundation
import FoundationXML
import Numerics
import Testing
import Watching

@Suite struct StateGraphTests {
    /// A signature of one metric; those of the same metric are alike, those of different ones are not.
    static func signature(_ metric: String, duty: Double = 0.5) -> FaultSignature {
        FaultSignature(
            metrics: [metric: .init(above: 1, below: 0)], resources: [metric: .init(above: 1, below: 0)],
            aspects: [metric: 1], rhythm: .init(duty: duty, centre: 0.5, restlessness: 0.1), sidedness: 1)
    }

    private func episode(
        _ entity: String, _ metric: String, _ times: Range<Double>, duty: Double = 0.5, isOver: Bool = true
    ) -> Episode {
        Episode(
            alarm: "\(entity)@\(Int(times.lowerBound))", entity: entity, startTime: times.lowerBound,
            endTime: times.upperBound, stepSeconds: 1, isOver: isOver,
            signature: Self.signature(metric, duty: duty))
    }

    private func ways(_ graph: StateGraph) -> [String] {
        graph.transitions.map { "S\($0.from)-S\($0.to) \($0.count)" }
    }

    /// A graph worked out by hand: x, nominal, y that goes over into z at once, nominal, x again; and x at another
    /// entity.
    @Test func theGraphByHand() throws {
        let episodes = [
            episode("s/a", "x", 100..<150), episode("s/a", "y", 300..<360), episode("s/a", "z", 370..<400),
            episode("s/a", "x", 600..<640, duty: 0.55), episode("s/b", "x", 50..<60, duty: 0.45),
        ]
        var library = FaultLibrary()
        library.add(Self.signature("y"), as: "disk-stall")
        let observations: [String: StateGraph.Observation] = [
            "s/a": .init(startTime: 0, endTime: 1_000), "s/b": .init(startTime: 0, endTime: 60),
            "s/c": .init(startTime: 0, endTime: 200),
        ]
        let graph = StateGraph(episodes, observations: observations, library: library)
        // Numbers by first appearance: s/b's x comes first.
        #expect(graph.states.map(\.name) == ["S0", "S1", "S2", "S3"])
        #expect(graph.states[1].episodes == ["s/b@50", "s/a@100", "s/a@600"])
        #expect(graph.states[1].entities == ["s/a", "s/b"])
        #expect(graph.states.map { $0.fault?.name } == [nil, "unknown", "disk-stall", "unknown"])
        #expect(graph.states[1].prototype == Self.signature("x"))
        #expect(ways(graph) == ["S0-S1 3", "S0-S2 1", "S1-S0 2", "S2-S3 1", "S3-S0 1"])
        let first = try #require(graph.transitions.first)
        #expect(first.probability == 0.75)
        // Nominal before x: 100 s and 200 s at a, 50 s at b.
        #expect(abs((first.meanSecondsBefore ?? 0) - 350 / 3) < 1e-9)
        // y lasted until z took over.
        #expect(graph.transitions[3].meanSecondsBefore == 70 && graph.transitions[3].probability == 1)
        // b's x was still there when its data ended: time, but no whole visit.
        #expect(graph.states[1].seconds == 100 && graph.states[1].visits == 3)
        #expect(graph.states[1].meanVisitSeconds == 45)
        #expect(graph.states[0].seconds == 100 + 150 + 200 + 360 + 50 + 200 && graph.states[0].visits == 6)
        #expect(abs(graph.states.reduce(0) { $0 + $1.occupancy } - 1) < 1e-12)
        #expect(graph.states.map(\.seconds).reduce(0, +) == 1_260)
    }

    @Test func theOrderOfTheEpisodesLeavesNoTrace() throws {
        var generator = CounterBasedGenerator(seed: 3, purpose: "state graph test")
        let episodes = (0..<60).map { index in
            let start = Double(index / 3) * 40 + Double(index % 3)
            return episode(
                "s/\(index % 3)", ["u", "v", "w"][Int(generator.next() % 3)], start..<(start + 25),
                duty: generator.uniform())
        }
        let expected = try JSONEncoder.sorted.encode(StateGraph(episodes))
        for _ in 0..<5 {
            var shuffled = episodes
            for index in shuffled.indices.dropLast() {
                shuffled.swapAt(index, index + Int(generator.next() % UInt64(shuffled.count - index)))
            }
            #expect(try JSONEncoder.sorted.encode(StateGraph(shuffled)) == expected)
        }
    }

    @Test func withoutAnObservationOnlyWhatIsKnownIsCounted() {
        let graph = StateGraph([
            episode("s/a", "x", 100..<150), episode("s/a", "x", 155..<180),
            episode("s/a", "y", 300..<310, isOver: false),
        ])
        // Two of the same state with a short pause are one visit; the last one stands.
        #expect(ways(graph) == ["S0-S1 1", "S0-S2 1", "S1-S0 1"])
        #expect(graph.states.map(\.visits) == [2, 1, 1])
        #expect(graph.states.map(\.seconds) == [120, 80, 10])
        #expect(graph.states[1].meanVisitSeconds == 80 && graph.states[2].meanVisitSeconds == nil)
        #expect(graph.transitions.map(\.meanSecondsBefore) == [nil, 120, 80])
        let empty = StateGraph([])
        #expect(empty.states.count == 1 && empty.transitions.isEmpty && empty.states[0].occupancy == 0)
        let quiet = StateGraph([], observations: ["s/a": .init(startTime: 5, endTime: 25)])
        #expect(quiet.states[0].seconds == 20 && quiet.states[0].occupancy == 1)
    }

    /// One confirmed episode names its state; of several names the more frequent one.
    @Test func theEpisodesNameTheState() {
        let episodes = [0.2, 0.3, 0.4, 0.9].enumerated().map { index, duty in
            episode("s/a", "x", Double(index) * 100..<Double(index) * 100 + 10, duty: duty)
        }
        var library = FaultLibrary()
        library.add(Self.signature("x", duty: 0.9), as: "late")
        #expect(StateGraph(episodes, library: library).states.map { $0.fault?.name } == [nil, "late"])
        #expect(StateGraph(episodes, library: library).states.last?.fault?.similarity == 1)
        library.add(Self.signature("x", duty: 0.2), as: "early")
        #expect(StateGraph(episodes, library: library).states.map { $0.fault?.name } == [nil, "early"])
        #expect(StateGraph(episodes).states.last?.fault?.name == "unknown")
        library = FaultLibrary()
        library.add(Self.signature("y"), as: "other")
        let unknown = StateGraph(episodes, library: library).states.last?.fault
        #expect(unknown?.name == "unknown" && unknown?.nearest == "other" && unknown?.confidence == 0)
    }

    @Test func ofTooManyTheLatestAreLookedAt() {
        var options = StateGraph.Options()
        options.mostEpisodes = 2
        let graph = StateGraph(
            [episode("s/a", "x", 0..<1), episode("s/a", "y", 100..<101), episode("s/a", "z", 200..<201)],
            options: options)
        #expect(graph.states.dropFirst().flatMap(\.episodes) == ["s/a@100", "s/a@200"])
    }

    /// Against the plain way: look at all pairs, put the two sets together that are most alike, until none is enough.
    @Test func chainsOfNeighboursFindTheSameSets() {
        for seed in 0..<40 {
            var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "linkage test")
            let signatures = (0..<24).map { _ in
                FaultSignature(
                    metrics: [
                        "a": .init(above: generator.uniform(), below: 0),
                        "b": .init(above: generator.uniform(), below: 0),
                    ],
                    resources: ["r": .init(above: 1, below: 0)],
                    aspects: ["level": generator.uniform(), "spread": generator.uniform()],
                    rhythm: .init(
                        duty: generator.uniform(), centre: generator.uniform(), restlessness: generator.uniform()),
                    sidedness: generator.uniform())
            }
            let limit = 0.6 + 0.3 * generator.uniform()
            var sets = signatures.indices.map { [$0] }
            func likeness(_ a: [Int], _ b: [Int]) -> Double {
                var sum = 0.0
                for x in a { for y in b { sum += signatures[x].similarity(to: signatures[y]) } }
                return sum / Double(a.count * b.count)
            }
            while true {
                var best = (value: limit, first: -1, second: -1)
                for i in sets.indices {
                    for j in sets.indices where j > i {
                        let value = likeness(sets[i], sets[j])
                        if value >= best.value { best = (value, i, j) }
                    }
                }
                guard best.first >= 0 else { break }
                sets[best.first] += sets.remove(at: best.second)
            }
            let space = StateSpace(signatures, leastSimilarity: limit)
            let found = Dictionary(grouping: signatures.indices, by: { space.assignment[$0] }).values
            #expect(Set(found.map(Set.init)) == Set(sets.map(Set.init)), "seed \(seed)")
            #expect(space.assignment.first == 0 && Set(space.assignment).count == space.prototypes.count)
            for (state, members) in Dictionary(grouping: signatures.indices, by: { space.assignment[$0] }) {
                func sum(_ candidate: FaultSignature) -> Double {
                    members.reduce(0) { $0 + candidate.similarity(to: signatures[$1]) }
                }
                let best = members.map { sum(signatures[$0]) }.max() ?? 0
                #expect(abs(sum(space.prototypes[state]) - best) < 1e-5, "seed \(seed)")
            }
        }
    }

    @Test func alarmsBecomeEpisodes() {
        func event(
            _ revision: Int, _ state: AlarmEvent.State, at: Int, last: Int, duty: Double?, id: String = "s/e@10"
        ) -> AlarmEvent {
            AlarmEvent(
                id: id, revision: revision, state: state, site: "s", entity: "e", worker: "w", severity: .major,
                onset: .init(index: 10, time: 600), at: .init(index: at, time: Double(at) * 60),
                lastAlarm: .init(index: last, time: Double(last) * 60), score: 2, groups: [], fingerprint: [],
                signature: duty.map { Self.signature("x", duty: $0) }, reconstruction: nil, modelVersion: 1)
        }
        let events = [
            event(2, .cleared, at: 25, last: 15, duty: 0.3), event(0, .raised, at: 10, last: 10, duty: 0.1),
            event(1, .changed, at: 12, last: 12, duty: 0.2), event(3, .settled, at: 69, last: 15, duty: 0.4),
        ]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2, 2]] {
            let episodes = Episode.episodes(of: order.map { events[$0] })
            #expect(episodes.map(\.alarm) == ["s/e@10"] && episodes.map(\.entity) == ["s/e"])
            // Until the end of the last sample in which it stood.
            #expect(episodes.map(\.startTime) == [600] && episodes.map(\.endTime) == [960])
            #expect(episodes.map(\.stepSeconds) == [60] && episodes.map(\.isOver) == [true])
            #expect(episodes.map(\.signature.rhythm.duty) == [0.4])
        }
        let standing = Episode.episodes(of: [events[1]])
        #expect(standing.map(\.isOver) == [false] && standing.map(\.endTime) == [600])
        #expect(Episode.episodes(of: [event(0, .raised, at: 10, last: 10, duty: nil)]).isEmpty)
        // What no stream says, from a server that is none.
        #expect(Episode.episodes(of: [event(0, .cleared, at: 20, last: 5, duty: 0.1)]).isEmpty)
    }

    /// What begins within an alarm is an episode of its own, which the first goes over into.
    @Test func anAlarmThatChangesIsTwoEpisodes() {
        func event(
            _ revision: Int, _ state: AlarmEvent.State, at: Int, start: Int, _ metric: String
        ) -> AlarmEvent {
            AlarmEvent(
                id: "s/e@10", revision: revision, state: state, site: "s", entity: "e", worker: "w", severity: .major,
                onset: .init(index: 10, time: 10), at: .init(index: at, time: Double(at)),
                lastAlarm: .init(index: min(at, 299), time: Double(min(at, 299))), score: 2, groups: [],
                fingerprint: [], signature: Self.signature(metric),
                signatureStart: .init(index: start, time: Double(start)), reconstruction: nil, modelVersion: 1)
        }
        let events = [
            event(0, .raised, at: 10, start: 10, "z"), event(1, .settled, at: 69, start: 10, "x"),
            event(2, .changed, at: 200, start: 141, "y"), event(3, .cleared, at: 309, start: 141, "y"),
        ]
        let episodes = Episode.episodes(of: events)
        #expect(episodes.map(\.name) == ["s/e@10", "s/e@10/141"] && Set(episodes.map(\.alarm)) == ["s/e@10"])
        #expect(episodes.map(\.startTime) == [10, 141] && episodes.map(\.endTime) == [141, 300])
        #expect(episodes.map(\.isOver) == [true, true])
        let graph = StateGraph(episodes)
        #expect(ways(graph) == ["S0-S1 1", "S1-S2 1", "S2-S0 1"])
        #expect(graph.states.map(\.episodes) == [[], ["s/e@10"], ["s/e@10/141"]])
        #expect(graph.states.map(\.seconds) == [0, 131, 159])
    }

    @Test func thePictureShowsStatesAndWays() {
        var library = FaultLibrary()
        library.add(Self.signature("y"), as: "disk-stall & co")
        let graph = StateGraph(
            [episode("s/a", "x", 100..<150), episode("s/a", "y", 160..<200), episode("s/a", "x", 900..<910)],
            library: library)
        let picture = StateGraphPicture(graph)
        let svg = picture.svg()
        for text in ["S0 nominal", "S2 disk-stall &amp; co", ">S1<", "1 (50 %)", "2 (100 %)", "unknown"] {
            #expect(svg.contains(text), "\(text)")
        }
        #expect(XMLParser(data: Data(svg.utf8)).parse())
        #expect(StateGraphPicture(StateGraph([])).svg().contains("S0 nominal"))
    }
}

extension JSONEncoder {
    fileprivate static var sorted: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return encoder
    }
}

@Suite struct PartitionAgreementTests {
    /// By hand: of 6 things 15 pairs; together in both 2 (ab, de), in the first 6, in the second 3; by chance 18 / 15.
    @Test func byHand() {
        let agreement = PartitionAgreement([1, 1, 1, 2, 2, 2], ["x", "x", "y", "z", "z", "y"])
        #expect(abs(agreement.adjustedRandIndex - (2 - 18.0 / 15) / (4.5 - 18.0 / 15)) < 1e-12)
        #expect(abs(agreement.purity - 4.0 / 6) < 1e-12)
        #expect(PartitionAgreement([1, 1, 2], ["a", "a", "b"]).adjustedRandIndex == 1)
        #expect(PartitionAgreement([1], ["a"]).adjustedRandIndex == 1)
        // One part against all alone: no more than chance.
        #expect(PartitionAgreement([1, 1, 1], [1, 2, 3]).adjustedRandIndex == 0)
    }
}
