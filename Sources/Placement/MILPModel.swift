/// A placement model as a mixed-integer linear program, for other solvers to read.
///
/// The formulation is the published one: x_i and y_i say whether node i works or serves, w_i whether it is accelerated,
/// z_k whether there are at least k workers, link_i_j that i works for j, t is p_k, delta_i the time that an accelerator
/// saves at node i; for the variant top and bottom bound the loop times. Constraints of single nodes are switched off by
/// a large constant where the node does not work, except those of the variant as published.
public struct MILPModel: Sendable {
    /// A variable, not negative.
    public struct Variable: Sendable {
        /// Letters, digits and underscores.
        public let name: String
        /// The largest value.
        public let upper: Double
        /// Whether it takes whole values only.
        public let isInteger: Bool
        /// Its coefficient in the objective.
        public let cost: Double
    }

    /// How a constraint's sum relates to its right side.
    public enum Relation: String, Sendable {
        /// At most.
        case atMost = "<="
        /// At least.
        case atLeast = ">="
        /// Equal.
        case equal = "="
    }

    /// A linear constraint.
    public struct Constraint: Sendable {
        /// Letters, digits and underscores.
        public let name: String
        /// Variables by position, with their coefficients.
        public let terms: [(variable: Int, coefficient: Double)]
        /// How the sum relates to the right side.
        public let relation: Relation
        /// The right side.
        public let bound: Double
    }

    /// What the model is, for the files' headers.
    public let title: String
    /// The variables.
    public private(set) var variables: [Variable] = []
    /// The constraints.
    public private(set) var constraints: [Constraint] = []

    /// The model of an instance. O(n²) variables.
    ///
    /// - Throws: `PlacementError` for an instance with capacities, which the published models do not know, or for the
    ///   variant as published together with speed factors.
    public init(_ instance: PlacementInstance, _ objective: PlacementObjective) throws(PlacementError) {
        try instance.validate()
        if instance.nodes.contains(where: { $0.capacity > 1 }) {
            throw PlacementError(
                .unsupportedCombination, field: "instance",
                reason: "the linear models know nodes of capacity 1 only; this instance has larger ones")
        }
        guard instance.coverage.isEmpty else {
            throw PlacementError(
                .unsupportedCombination, field: "coverage", reason: "the linear models know no sets that need a worker")
        }
        if objective.countsIdleNodes, !instance.isHomogeneous || objective.availabilityWeight > 0 {
            throw PlacementError(
                .unsupportedCombination, field: "as-published",
                reason: "the printed model knows neither speed factors nor availability weights")
        }
        title = "placement model \(objective.model.rawValue)\(objective.countsIdleNodes ? " as published" : "")"
        build(instance, objective)
    }

    private mutating func variable(
        _ name: String, upper: Double = 1, isInteger: Bool = true, cost: Double = 0
    ) -> Int {
        variables.append(Variable(name: name, upper: upper, isInteger: isInteger, cost: cost))
        return variables.count - 1
    }

    private mutating func require(
        _ name: String, _ terms: [(variable: Int, coefficient: Double)], _ relation: Relation, _ bound: Double
    ) {
        let terms = terms.filter { $0.coefficient != 0 }
        constraints.append(Constraint(name: name, terms: terms, relation: relation, bound: bound))
    }

    private mutating func build(_ instance: PlacementInstance, _ objective: PlacementObjective) {
        let n = instance.nodes.count
        let most = instance.maximumWorkers
        let times = instance.trainingTime.values(count: max(most, 1))
        let factors = instance.nodes.map(\.trainingTimeFactor)
        let slowest = (times.max() ?? 0) * (factors.max() ?? 1)
        let large = slowest + instance.latency.largestFinite
        let alpha = instance.accelerationFactor
        let isVariant = objective.model == .aifPVariant
        let nodes = 0..<n

        let x = nodes.map { i -> Int in
            let node = instance.nodes[i]
            let cost = objective.workerCost + objective.availabilityWeight * (1 - node.availability)
            return variable("x_\(i + 1)", upper: node.canHost ? 1 : 0, cost: cost)
        }
        let y = nodes.map { i -> Int in
            let mayServe = instance.nodes[i].canHost && (instance.fixedServer ?? i) == i
            return variable("y_\(i + 1)", upper: mayServe ? 1 : 0)
        }
        let mayAccelerate = objective.model != .baseline && instance.acceleratorLimit > 0
        let w = nodes.map { variable("w_\($0 + 1)", upper: mayAccelerate && instance.nodes[$0].accelerator ? 1 : 0) }
        let z = times.indices.map { variable("z_\($0 + 1)") }
        let delta = nodes.map { variable("delta_\($0 + 1)", upper: slowest, isInteger: false) }
        let t = variable("t", upper: times.max() ?? 0, isInteger: false)

        require("one_server", y.map { ($0, 1) }, .equal, 1)
        require("two_workers", x.map { ($0, 1) }, .atLeast, 2)
        require("count", z.map { ($0, 1) } + x.map { ($0, -1) }, .equal, 0)
        for k in z.indices.dropLast() { require("order_\(k + 1)", [(z[k], 1), (z[k + 1], -1)], .atLeast, 0) }
        let gains = times.indices.map { times[$0] - ($0 > 0 ? times[$0 - 1] : 0) }
        require("training_time", z.indices.map { (z[$0], gains[$0]) } + [(t, -1)], .equal, 0)
        require("accelerators", w.map { ($0, 1) }, .atMost, Double(instance.acceleratorLimit))

        var links: [[(variable: Int, coefficient: Double)]] = []
        for i in nodes {
            var link: [(variable: Int, coefficient: Double)] = []
            var joined: [(variable: Int, coefficient: Double)] = [(x[i], -1)]
            for j in nodes where j != i && instance.latency[i, j] < .infinity {
                let choice = variable("link_\(i + 1)_\(j + 1)")
                link.append((choice, instance.latency[i, j]))
                joined.append((choice, 1))
                require("serves_\(i + 1)_\(j + 1)", [(choice, 1), (y[j], -1)], .atMost, 0)
            }
            links.append(link)
            require("joins_\(i + 1)", joined, .equal, 0)
            require("one_role_\(i + 1)", [(x[i], 1), (y[i], 1)], .atMost, 1)
            let saved = (1 - alpha) * factors[i]
            require("saves_at_most_\(i + 1)", [(delta[i], 1), (t, -saved)], .atMost, 0)
            require(
                "saves_if_accelerated_\(i + 1)", [(delta[i], 1), (t, -saved), (w[i], -saved * slowest)], .atLeast,
                -saved * slowest)
            require("saves_only_if_\(i + 1)", [(delta[i], 1), (w[i], -saved * slowest)], .atMost, 0)
            require(
                "budget_\(i + 1)", [(t, factors[i]), (delta[i], -1)] + link + [(x[i], large)], .atMost,
                instance.budgetSeconds + large)
        }
        guard isVariant else { return }
        let top = variable("top", upper: large, isInteger: false, cost: objective.spreadWeight)
        let bottom = variable("bottom", upper: large, isInteger: false, cost: -objective.spreadWeight)
        for i in nodes {
            // As published nothing switches these off for idle nodes.
            let slack: [(variable: Int, coefficient: Double)] = objective.asPublished ? [] : [(x[i], large)]
            let bound = objective.asPublished ? 0 : large
            require(
                "top_\(i + 1)", [(top, -1), (t, factors[i]), (delta[i], -1)] + links[i] + slack, .atMost, bound)
            require(
                "bottom_\(i + 1)",
                [(bottom, 1), (t, -factors[i]), (delta[i], 1)] + links[i].map { ($0.variable, -$0.coefficient) }
                    + slack, .atMost, bound)
        }
    }
}
