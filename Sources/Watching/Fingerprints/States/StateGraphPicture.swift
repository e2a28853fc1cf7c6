package import Charts
import Foundation

/// A state graph as a picture: S0 in the middle, the other states around it, each as large as the time spent in it,
/// with how often every way was gone. Ways that do not lead through S0 are drawn in strong colour.
package struct StateGraphPicture: Picture {
    let graph: NodeLinkGraph

    /// The picture of a graph.
    package init(_ states: StateGraph) {
        let others = states.states.dropFirst()
        let busiest = others.map(\.seconds).max() ?? 0
        let nodes = states.states.map { state in
            let angle = 2 * Double.pi * Double(state.number - 1) / Double(max(1, others.count)) - Double.pi / 2
            let name = state.fault.map(\.name) ?? "nominal"
            let isKnown = name != AlarmEvent.Fault.unknown
            // The area grows with the time.
            let scale = state.number == 0 ? 2 : 0.8 + 1.2 * (busiest > 0 ? (state.seconds / busiest).squareRoot() : 0)
            return NodeLinkGraph.Node(
                isKnown ? "\(state.name) \(name)" : state.name,
                role: state.number == 0 ? 0 : isKnown ? 1 : 2,
                badge: state.number > 0 ? "\(state.episodes.count)" : nil, scale: scale,
                position: state.number == 0 ? Point(x: 0, y: 0) : Point(x: cos(angle), y: sin(angle)))
        }
        let links = states.transitions.map { way in
            NodeLinkGraph.Link(
                way.from, way.to, label: "\(way.count) (\(Int((100 * way.probability).rounded())) %)",
                highlighted: way.from != 0 && way.to != 0, directed: true)
        }
        let episodes = others.reduce(0) { $0 + $1.episodes.count }
        graph = NodeLinkGraph(
            "States and their transitions",
            subtitle:
                "\(episodes) episodes in \(others.count) states; area: time in the state; at its corner: episodes; "
                + "at a way: how often, and of all ways that leave the state",
            roles: [
                .init("nominal", shape: .hexagon, color: Palette.green),
                .init("known fault", shape: .circle, color: Palette.blue),
                .init("unknown", shape: .circle, color: Palette.orange),
            ], nodes: nodes, links: links)
    }

    /// What it shows.
    package var title: String { graph.title }

    /// Room for the ring of states.
    package var preferredSize: Size {
        let side = min(max(420 + 26 * Double(graph.nodes.count), 560), 1_500)
        return Size(width: side * 1.25, height: side)
    }

    /// Draws the graph into a rectangle of a page.
    package func draw(on canvas: inout SVGCanvas, in frame: Rectangle) { graph.draw(on: &canvas, in: frame) }
}
