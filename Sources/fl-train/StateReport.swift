import CommandLine
import Watching

/// What `fl-train states` prints.
struct StateReport: Encodable {
    /// The graph.
    let graph: StateGraph
    /// Its episodes, in the order of time.
    let episodes: [Episode]

    init(graph: StateGraph, episodes: [Episode]) {
        self.graph = graph
        self.episodes = episodes.sorted(by: <)
    }

    private enum CodingKeys: String, CodingKey { case states, transitions, episodes }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(graph.states, forKey: .states)
        try container.encode(graph.transitions, forKey: .transitions)
        try container.encode(episodes, forKey: .episodes)
    }

    /// Both tables.
    var text: String {
        guard !episodes.isEmpty else { return "no episodes: nothing but S0, nominal" }
        var states = Table([
            "state", "fault", "episodes", "entities", "time in it", "share", "a visit", "strongest metrics",
        ])
        for state in graph.states {
            states.add([
                state.name, state.faultText, state.number > 0 ? "\(state.episodes.count)" : "-",
                "\(state.entities.count)", Quantity.seconds(state.seconds), Self.percent(state.occupancy),
                Quantity.seconds(state.meanVisitSeconds),
                state.strongestMetrics.prefix(3).joined(separator: ", "),
            ])
        }
        var transitions = Table(["from", "to", "times", "share", "after"])
        for way in graph.transitions {
            transitions.add([
                "S\(way.from)", "S\(way.to)", "\(way.count)", Self.percent(way.probability),
                Quantity.seconds(way.meanSecondsBefore),
            ])
        }
        return states.text + "\n\n" + transitions.text
    }

    private static func percent(_ share: Double) -> String { "\(Quantity.fixed(100 * share, 1)) %" }
}

extension StateGraph.State {
    /// The known fault with the likeness, or what there is instead.
    fileprivate var faultText: String {
        guard let fault else { return "nominal" }
        guard fault.name != AlarmEvent.Fault.unknown else { return fault.name }
        return "\(fault.name) \(Quantity.fixed(100 * fault.similarity, 0)) %"
    }

    /// The metrics of the prototype, largest share first.
    fileprivate var strongestMetrics: [String] {
        (prototype?.metrics ?? [:]).sorted {
            $0.value.total != $1.value.total ? $0.value.total > $1.value.total : $0.key < $1.key
        }.map(\.key)
    }
}
