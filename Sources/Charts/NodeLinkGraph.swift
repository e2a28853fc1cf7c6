/// Nodes and links: a topology by tiers, or a state graph.
public struct NodeLinkGraph: Picture {
    /// The outline of a node.
    public enum Shape: Hashable, Sendable {
        /// A circle.
        case circle
        /// A square.
        case square
        /// A triangle on its base.
        case triangle
        /// A square on its corner.
        case diamond
        /// A hexagon.
        case hexagon
    }

    /// What a node is, said by shape and colour and explained in the legend.
    public struct Role: Hashable, Sendable {
        /// The name in the legend.
        public var name: String
        /// The outline.
        public var shape: Shape
        /// The fill.
        public var color: Color
        /// Larger than other nodes.
        public var prominent: Bool

        /// A role from its parts.
        public init(_ name: String, shape: Shape = .circle, color: Color, prominent: Bool = false) {
            self.name = name
            self.shape = shape
            self.color = color
            self.prominent = prominent
        }
    }

    /// A node.
    public struct Node: Hashable, Sendable {
        /// The name beside the node.
        public var label: String
        /// The tier, 0 at the top; tiers without a name are drawn all the same.
        public var tier: Int
        /// The index of its role among the graph's roles.
        public var role: Int
        /// A mark at the node's corner, such as the kind of accelerator; `nil` for none.
        public var badge: String?
        /// How large it is beside other nodes of its role, from 0.5 to 4.
        public var scale: Double
        /// A place in the plane, used when every node has one; else nodes are laid out by tiers.
        public var position: Point?

        /// A node from its parts.
        public init(
            _ label: String, tier: Int = 0, role: Int = 0, badge: String? = nil, scale: Double = 1,
            position: Point? = nil
        ) {
            self.label = label
            self.tier = tier
            self.role = role
            self.badge = badge
            self.scale = min(max(scale, 0.5), 4)
            self.position = position
        }
    }

    /// A link between two nodes.
    public struct Link: Hashable, Sendable {
        /// The index of the one node.
        public var from: Int
        /// The index of the other node.
        public var to: Int
        /// What is written at its middle, where there is room; empty for nothing.
        public var label: String
        /// Whether it is drawn in strong colour, above the others.
        public var highlighted: Bool
        /// Whether an arrow shows the direction. Where another link leads back, both are bent to their own side.
        public var directed: Bool

        /// A link from its parts.
        public init(_ from: Int, _ to: Int, label: String = "", highlighted: Bool = false, directed: Bool = false) {
            self.from = from
            self.to = to
            self.label = label
            self.highlighted = highlighted
            self.directed = directed
        }
    }

    /// The title above the graph.
    public var title: String
    /// A second line in grey.
    public var subtitle: String
    /// The roles that nodes refer to.
    public var roles: [Role]
    /// The nodes.
    public var nodes: [Node]
    /// The links; one that names a node that does not exist is left out.
    public var links: [Link]
    /// The names of the tiers, from the top.
    public var tierNames: [String]

    /// A graph from its parts.
    public init(
        _ title: String, subtitle: String = "", roles: [Role], nodes: [Node], links: [Link], tierNames: [String] = []
    ) {
        self.title = title
        self.subtitle = subtitle
        self.roles = roles
        self.nodes = nodes
        self.links = links
        self.tierNames = tierNames
    }

    /// A size with room for the fullest tier.
    public var preferredSize: Size {
        let counts = Dictionary(grouping: nodes, by: \.tier).mapValues(\.count)
        let widest = counts.values.max() ?? 1
        let width = min(max(Double(min(widest, GraphLayout.rowCapacity)) * 58 + 140, 720), 1_500)
        let rows = counts.values.reduce(0) { $0 + GraphLayout.weight(ofTierWith: $1) }
        return Size(width: width, height: min(max(rows * 105 + 110, 260), 2_000))
    }

    /// Draws the graph into a rectangle of a page.
    public func draw(on canvas: inout SVGCanvas, in frame: Rectangle) {
        GraphDrawing(self, in: frame).draw(on: &canvas)
    }
}

/// Places nodes tier by tier, each in the order of its neighbours' middle (Sugiyama's barycentre rule), so that few
/// links cross.
struct GraphLayout {
    static let rowCapacity = 24

    let positions: [Point]
    /// For each tier: its number and the upper and lower edge of its rows.
    let tiers: [(tier: Int, top: Double, bottom: Double)]

    static func rowCount(_ nodes: Int) -> Int { max(1, (nodes + rowCapacity - 1) / rowCapacity) }

    /// The share of the height that a tier gets: rows of one tier stand closer together than tiers do.
    static func weight(ofTierWith nodes: Int) -> Double { 0.5 + 0.5 * Double(rowCount(nodes)) }

    init(_ graph: NodeLinkGraph, in area: Rectangle) {
        let nodes = graph.nodes
        let given = nodes.compactMap(\.position).filter { $0.x.isFinite && $0.y.isFinite }
        if !nodes.isEmpty, given.count == nodes.count {
            positions = Self.fitted(given, into: area)
            tiers = []
            return
        }
        var order = Dictionary(grouping: nodes.indices, by: { nodes[$0].tier })
        let keys = order.keys.sorted()
        var neighbours = [[Int]](repeating: [], count: nodes.count)
        for link in graph.links where nodes.indices.contains(link.from) && nodes.indices.contains(link.to) {
            neighbours[link.from].append(link.to)
            neighbours[link.to].append(link.from)
        }
        var place = [Double](repeating: 0, count: nodes.count)
        func number(_ members: [Int]) {
            for (index, node) in members.enumerated() {
                place[node] = (Double(index) + 0.5) / Double(members.count)
            }
        }
        for key in keys { number(order[key] ?? []) }
        for _ in 0..<8 {
            for key in keys {
                let members = order[key] ?? []
                func centre(_ node: Int) -> Double {
                    let others = neighbours[node].filter { nodes[$0].tier != key }
                    guard !others.isEmpty else { return place[node] }
                    return others.reduce(0) { $0 + place[$1] } / Double(others.count)
                }
                let centres = Dictionary(uniqueKeysWithValues: members.map { ($0, centre($0)) })
                let sorted = members.sorted { a, b in
                    let (x, y) = (centres[a] ?? 0, centres[b] ?? 0)
                    return x == y ? a < b : x < y
                }
                order[key] = sorted
                number(sorted)
            }
        }
        let weights = keys.reduce(0) { $0 + Self.weight(ofTierWith: order[$1]?.count ?? 0) }
        var result = [Point](repeating: Point(x: area.middleX, y: area.middleY), count: nodes.count)
        var bands: [(tier: Int, top: Double, bottom: Double)] = []
        var y = area.y
        for key in keys {
            let members = order[key] ?? []
            let count = Self.rowCount(members.count)
            let height = area.height * Self.weight(ofTierWith: members.count) / max(weights, 1)
            for (index, node) in members.enumerated() {
                // Neighbours in the order stand in different rows, so that labels have room.
                let row = index % count
                let share = (Double(index) + 0.5) / Double(members.count)
                result[node] = Point(
                    x: area.x + share * area.width, y: y + (Double(row) + 0.5) / Double(count) * height)
            }
            bands.append((key, y, y + height))
            y += height
        }
        positions = result
        tiers = bands
    }

    private static func fitted(_ points: [Point], into area: Rectangle) -> [Point] {
        let (xs, ys) = (points.map(\.x), points.map(\.y))
        let (lowX, highX) = (xs.min() ?? 0, xs.max() ?? 1)
        let (lowY, highY) = (ys.min() ?? 0, ys.max() ?? 1)
        return points.map { point in
            Point(
                x: area.x + (highX > lowX ? (point.x - lowX) / (highX - lowX) : 0.5) * area.width,
                y: area.y + (highY > lowY ? (point.y - lowY) / (highY - lowY) : 0.5) * area.height)
        }
    }
}
