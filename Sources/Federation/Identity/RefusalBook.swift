/// How often whose messages were refused, and why; bounded whoever sends what.
package struct RefusalBook: Equatable, Sendable {
    /// Most names that are told apart; what comes beyond is counted under ``others``.
    package static let most = 4_096
    /// Stands for whoever has no name here.
    package static let others = "others"

    /// Counts by reason, by name.
    package private(set) var counts: [String: [String: Int]] = [:]

    /// An empty book.
    package init() {}

    /// Counts one.
    package mutating func count(_ reason: String, of name: String) {
        let known = counts[name] != nil || counts.count < Self.most
        counts[known ? name : Self.others, default: [:]][reason, default: 0] += 1
    }
}
