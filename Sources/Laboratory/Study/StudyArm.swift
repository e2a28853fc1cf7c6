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
    /// Each entity alone, and on with newer samples while the test part goes by.
    case localUpdated = "local-updated"
    /// All samples in one place, and on with newer ones.
    case centralUpdated = "central-updated"
    /// Federated averaging, and rounds that go on with newer samples.
    case fedavgUpdated = "fedavg-updated"
    /// The same with samples in alarm among them.
    case fedavgUpdatedAll = "fedavg-updated-all"

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
        case .localUpdated: "each entity alone, trained on with newer samples"
        case .centralUpdated: "all samples in one place, trained on with newer ones"
        case .fedavgUpdated: "federated averaging, rounds go on with newer samples"
        case .fedavgUpdatedAll: "the same, learning from samples in alarm too"
        }
    }

    /// Whether it is about an entity that the others have not seen.
    var isNewSite: Bool { self == .newSiteLocal || self == .newSiteFederated }
    /// Whether models go on learning while the test part goes by.
    var isUpdated: Bool {
        switch self {
        case .localUpdated, .centralUpdated, .fedavgUpdated, .fedavgUpdatedAll: true
        default: false
        }
    }
    /// Whether rounds hold on to their start.
    var isProximal: Bool { self == .fedprox || self == .fedproxStragglers }
    /// Whether some workers are slow.
    var hasStragglers: Bool { self == .fedavgStragglers || self == .fedproxStragglers }
}
