/// The three published models.
public enum PlacementModel: String, Sendable, CaseIterable {
    /// Fewest workers, no accelerators.
    case baseline
    /// Fewest workers, with up to H accelerators.
    case aifP = "aif-p"
    /// A·k + B·(max ℓ − min ℓ), with up to H accelerators.
    case aifPVariant = "aif-p-var"
}

/// What is minimised.
public struct PlacementObjective: Sendable, Equatable {
    /// The model.
    public var model: PlacementModel
    /// A: what one worker costs; used by the variant only.
    public var aifWeight: Double
    /// B: what one second of spread costs; used by the variant only.
    public var spreadWeight: Double
    /// Whether the variant's spread covers idle nodes too, as constraints (22)–(23) of the publication print it.
    public var asPublished: Bool
    /// V: what one expected missing worker, Σ (1 − availability), costs. An extension; 0 as published.
    public var availabilityWeight: Double

    /// An objective; weights as published unless given.
    public init(
        _ model: PlacementModel, aifWeight: Double = 1, spreadWeight: Double = 1000, asPublished: Bool = false,
        availabilityWeight: Double = 0
    ) {
        for weight in [aifWeight, spreadWeight, availabilityWeight] {
            precondition(weight >= 0 && weight.isFinite, "weights are finite and not negative")
        }
        self.model = model
        self.aifWeight = aifWeight
        self.spreadWeight = spreadWeight
        self.asPublished = asPublished
        self.availabilityWeight = availabilityWeight
    }

    /// A as it applies: 1 for the models that count workers.
    var workerCost: Double { model == .aifPVariant ? aifWeight : 1 }
    /// B as it applies: 0 for the models without a spread.
    var spreadCost: Double { model == .aifPVariant ? spreadWeight : 0 }
    /// Whether idle nodes count in the spread.
    var countsIdleNodes: Bool { model == .aifPVariant && asPublished }

    /// Loop times, and the tie-break on the largest of them, are compared with this tolerance, in seconds.
    public static let toleranceSeconds = 1e-9

    /// How far an objective may be above the best one and still count as equal.
    package static func tolerance(of objective: Double) -> Double { 1e-9 * max(1, abs(objective)) }
}
