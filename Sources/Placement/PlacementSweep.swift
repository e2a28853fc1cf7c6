/// Solves every combination of target time, number of rounds, model and instance, and summarises over the instances.
public struct PlacementSweep: Sendable {
    /// One model of a sweep, with the name it goes by.
    public struct Contender: Sendable, Equatable {
        /// The name in tables and pictures.
        public var name: String
        /// What is minimised.
        public var objective: PlacementObjective

        /// A model under a name.
        public init(_ name: String, _ objective: PlacementObjective) {
            self.name = name
            self.objective = objective
        }

        /// The three published models and the variant as printed, weights as published.
        public static let published = [
            Contender("baseline", PlacementObjective(.baseline)), Contender("aif-p", PlacementObjective(.aifP)),
            Contender("aif-p-var", PlacementObjective(.aifPVariant)),
            Contender("aif-p-var as published", PlacementObjective(.aifPVariant, asPublished: true)),
        ]
    }

    /// The mean and the standard deviation of a sample; nil mean for an empty one.
    public struct Spread: Sendable, Equatable {
        /// The mean.
        public var mean: Double
        /// The standard deviation, with n − 1; 0 for one value.
        public var deviation: Double
        /// The smallest value.
        public var least: Double
        /// The largest value.
        public var most: Double

        init?(_ values: [Double]) {
            guard let least = values.min(), let most = values.max() else { return nil }
            let mean = values.reduce(0, +) / Double(values.count)
            let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            self.mean = mean
            deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0
            self.least = least
            self.most = most
        }
    }

    /// The results of one target time, number of rounds and model.
    public struct Cell: Sendable, Equatable {
        /// T in seconds.
        public var targetSeconds: Double
        /// R.
        public var rounds: Int
        /// The contender's name.
        public var contender: String
        /// How many instances were solved.
        public var instances: Int
        /// How many of them have a solution.
        public var feasible: Int
        /// R · max ℓ over the feasible instances, in seconds.
        public var learningSeconds: Spread?
        /// k over the feasible instances.
        public var workers: Spread?
        /// Accelerators in use over the feasible instances.
        public var accelerators: Spread?
        /// max ℓ − min ℓ over the feasible instances, in seconds.
        public var spreadSeconds: Spread?
        /// The longest training time of a worker over the feasible instances, in seconds.
        public var slowestTrainingSeconds: Spread?
    }

    /// Runs a sweep; `instance` makes the problem of an index, target time and number of rounds.
    public static func run(
        targets: [Double], rounds: [Int], instances: Int, contenders: [Contender],
        instance: (_ index: Int, _ targetSeconds: Double, _ rounds: Int) throws(PlacementError) -> PlacementInstance
    ) throws(PlacementError) -> [Cell] {
        var cells: [Cell] = []
        for target in targets {
            for round in rounds {
                var placements = [[(PlacementInstance, Placement)]](repeating: [], count: contenders.count)
                for index in 0..<instances {
                    let problem = try instance(index, target, round)
                    for (position, contender) in contenders.enumerated() {
                        if let placement = try PlacementSolver.bestPlacement(problem, contender.objective) {
                            placements[position].append((problem, placement))
                        }
                    }
                }
                for (contender, found) in zip(contenders, placements) {
                    cells.append(
                        Cell(
                            targetSeconds: target, rounds: round, contender: contender.name, instances: instances,
                            feasible: found.count,
                            learningSeconds: Spread(found.map { Double(round) * $0.1.maxLoopSeconds }),
                            workers: Spread(found.map { Double($0.1.count) }),
                            accelerators: Spread(found.map { Double($0.1.accelerated.count) }),
                            spreadSeconds: Spread(found.map { $0.1.spreadSeconds }),
                            slowestTrainingSeconds: Spread(found.map { slowestTraining($0.0, $0.1) })))
                }
            }
        }
        return cells
    }

    /// The longest training time of a worker: p_k times its speed factor and, where accelerated, α.
    package static func slowestTraining(_ instance: PlacementInstance, _ placement: Placement) -> Double {
        let accelerated = Set(placement.accelerated)
        return placement.workers.map { node in
            let time = instance.nodes[node].trainingTimeFactor * placement.trainingSeconds
            return accelerated.contains(node) ? instance.accelerationFactor * time : time
        }.max() ?? 0
    }
}
