import Charts
import Placement

/// The topology of an instance with the server, the workers and the accelerators of a placement.
struct TopologyPicture {
    let instance: PlacementInstance
    /// Nil where nothing was solved.
    let objective: PlacementObjective?
    let placement: Placement?

    private static let tierOrder = ["application", "core", "aggregation", "access"]

    /// The picture. Where the instance has links they are drawn, those on the workers' shortest paths in strong colour;
    /// where it has a matrix only, each worker is joined to the server.
    var graph: NodeLinkGraph {
        let tiers = tierNames
        let roles = [
            NodeLinkGraph.Role("server", shape: .hexagon, color: Palette.vermilion, prominent: true),
            NodeLinkGraph.Role("worker", shape: .circle, color: Palette.blue, prominent: true),
            NodeLinkGraph.Role("accelerated worker", shape: .diamond, color: Palette.orange, prominent: true),
            NodeLinkGraph.Role("idle node", shape: .circle, color: Palette.sky),
            NodeLinkGraph.Role("may not host", shape: .square, color: Color(0x999999)),
        ]
        let workers = Set(placement?.workers ?? [])
        let accelerated = Set(placement?.accelerated ?? [])
        let nodes = instance.nodes.enumerated().map { index, node in
            let role =
                if index == placement?.server { 0 } else if accelerated.contains(index) {
                    2
                } else if workers.contains(index) { 1 } else if !node.canHost { 4 } else { 3 }
            return NodeLinkGraph.Node(
                node.id, tier: node.tier.flatMap { tiers.firstIndex(of: $0) } ?? 0, role: role,
                badge: node.accelerator ? "A" : nil)
        }
        let used = Set(nodes.map(\.role)).sorted()
        let shown = nodes.map { node in
            var node = node
            node.role = used.firstIndex(of: node.role) ?? 0
            return node
        }
        return NodeLinkGraph(
            instance.name.isEmpty ? objective.map { "Placement by \($0.model.rawValue)" } ?? "Topology" : instance.name,
            subtitle: subtitle,
            roles: used.map { roles[$0] }, nodes: shown, links: links, tierNames: tiers)
    }

    private var subtitle: String {
        let budget = "budget \(PlaceReport.short(instance.budgetSeconds)) s per round"
        let badge = instance.nodes.contains(where: \.accelerator) ? "; A = has an accelerator" : ""
        guard let objective else { return budget + badge }
        guard let placement else { return "\(objective.model.rawValue): infeasible; \(budget)\(badge)" }
        return "\(objective.model.rawValue): \(placement.count) workers,"
            + " longest loop \(PlaceReport.short(placement.maxLoopSeconds)) s,"
            + " spread \(PlaceReport.short(placement.spreadSeconds)) s; \(budget)\(badge)"
    }

    /// Known tiers from the core outwards, others in file order behind them.
    private var tierNames: [String] {
        var names: [String] = []
        for tier in instance.nodes.compactMap(\.tier) where !names.contains(tier) { names.append(tier) }
        let known = Self.tierOrder.filter(names.contains)
        return known + names.filter { !known.contains($0) }
    }

    private var links: [NodeLinkGraph.Link] {
        guard !instance.links.isEmpty else {
            guard let placement else { return [] }
            return Set(placement.workers).sorted().map {
                NodeLinkGraph.Link(
                    placement.server, $0,
                    label: PlaceReport.short(instance.latency[placement.server, $0] * 1000) + " ms",
                    highlighted: true)
            }
        }
        var onPath = Set<Int>()
        if let placement {
            for worker in Set(placement.workers) { onPath.formUnion(pathLinks(from: placement.server, to: worker)) }
        }
        return instance.links.enumerated().map { index, link in
            NodeLinkGraph.Link(
                link.a, link.b,
                label: instance.links.count <= 40 ? PlaceReport.short(link.latencySeconds * 1000) + " ms" : "",
                highlighted: onPath.contains(index))
        }
    }

    /// The links of one shortest path, walked back from the worker along distances that fit.
    private func pathLinks(from server: Int, to worker: Int) -> Set<Int> {
        var result = Set<Int>()
        var node = worker
        while node != server {
            let here = instance.latency[server, node]
            let step = instance.links.indices.first { index in
                let link = instance.links[index]
                guard link.a == node || link.b == node, !result.contains(index) else { return false }
                let next = link.a == node ? link.b : link.a
                return abs(instance.latency[server, next] + link.latencySeconds - here) <= 1e-12 + here * 1e-12
            }
            guard let step else { break }
            result.insert(step)
            node = instance.links[step].a == node ? instance.links[step].b : instance.links[step].a
        }
        return result
    }
}
