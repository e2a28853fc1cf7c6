/// How an anomaly deviates, whatever it is that deviates.
package enum ViewAspect: Int, Codable, Sendable, Hashable, CaseIterable {
    /// Values out of range.
    case level
    /// Jumps and slopes.
    case change
    /// Away from where it was for a while.
    case shift
    /// Not what the other metrics or the past say.
    case relation

    /// The name in files.
    package var name: String {
        switch self {
        case .level: "level"
        case .change: "change"
        case .shift: "shift"
        case .relation: "relation"
        }
    }
}
