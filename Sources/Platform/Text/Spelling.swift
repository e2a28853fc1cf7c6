/// Finds the name that a misspelt one probably meant.
package enum Spelling {
    /// The candidate nearest to `name`, if one is near enough to suggest: at most a third of its letters wrong.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        let limit = max(1, name.count / 3)
        return candidates.map { (distance(name, $0), $0) }.filter { $0.0 <= limit }.min { $0 < $1 }?.1
    }

    /// A phrase for the end of a message: `" (did you mean 'x'?)"`, or nothing.
    package static func suggestion(for name: String, among candidates: some Sequence<String>) -> String {
        nearest(to: name, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
    }

    /// The optimal-string-alignment distance: insertions, deletions, substitutions and swaps of neighbours.
    /// O(|a|·|b|) time; names are cut at 100 characters.
    package static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.lowercased().prefix(100)), b = Array(second.lowercased().prefix(100))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in 1...a.count {
            var current = [i]
            for j in 1...b.count {
                let substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                var best = min(previous[j] + 1, current[j - 1] + 1, substitution)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    best = min(best, beforePrevious[j - 2] + 1)
                }
                current.append(best)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[b.count]
    }
}
