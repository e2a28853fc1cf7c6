/// One way to learn from many sites' samples.
enum StudyArm: String, CaseIterable, Codable {
    /// Each entity alone.
    case local
    /// All samples in one place.
    case central
    /// Federated averaging.
    case fedavg
    /// Federated averaging with a proximal term.
    case fedprox
    /// Federated averaging, and then each entity trains on alone.
    case fedavgTuned = "fedavg-tuned"
    /// Federated averaging, the windows dealt out evenly: what the workers' differences cost.
    case fedavgEven = "fedavg-even"
    /// Federated averaging, some of the workers in each round.
    case fedavgPartial = "fedavg-partial"
    /// Some workers too slow for all epochs; federated averaging drops them.
    case fedavgStragglers = "fedavg-stragglers"
    /// The same; FedProx takes what they managed.
    case fedproxStragglers = "fedprox-stragglers"
    /// A new site alone, with little history.
    case newSiteLocal = "new-site-local"
    /// A new site with the model of all the others.
    case newSiteFederated = "new-site-fedavg"

    /// What the table says of it.
    var meaning: String {
        switch self {
        case .local: "each entity alone"
        case .central: "all samples in one place"
        case .fedavg: "federated averaging"
        case .fedprox: "federated averaging with a proximal term"
        case .fedavgTuned: "federated averaging, then some rounds of each entity alone"
        case .fedavgEven: "federated averaging, windows dealt out evenly (IID)"
        case .fedavgPartial: "federated averaging, some workers in each round"
        case .fedavgStragglers: "slow workers, dropped by federated averaging"
        case .fedproxStragglers: "slow workers, FedProx takes what they managed"
        case .newSiteLocal: "a new entity alone, with little history"
        case .newSiteFederated: "a new entity with the others' model, calibrated on its little history"
        }
    }

    /// Whether it is about an entity that the others have not seen.
    var isNewSite: Bool { self == .newSiteLocal || self == .newSiteFederated }
    /// Whether rounds hold on to their start.
    var isProximal: Bool { self == .fedprox || self == .fedproxStragglers }
    /// Whether some workers are slow.
    var hasStragglers: Bool { self == .fedavgStragglers || self == .fedproxStragglers }
}
