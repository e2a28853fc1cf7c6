import CommandLine

/// What of an entity's rows is learned from, where it has one file for both.
struct LearnedBeginning: Codable, Sendable, Hashable {
    /// So many, the first ones.
    let rows: Int
    /// Of so many.
    let of: Int
    /// Rows among them that are labelled as anomalous.
    let labelled: Int

    /// Entities that are named.
    private static let mostNamed = 5

    /// What is said of a benchmark's entities, in words: one line an entity, of many only the first.
    static func notes(_ results: [BenchmarkResult]) -> [String] {
        var known: Set<String> = []
        let entities = results.filter { $0.beginning != nil && known.insert("\($0.set)/\($0.entity)").inserted }
        var notes = entities.prefix(mostNamed).compactMap { result in
            result.beginning.map { beginning in
                "\(result.set)/\(result.entity): learned from the first \(beginning.rows) of \(beginning.of) rows of the same "
                    + "file, \(beginning.labelled) of them labelled"
            }
        }
        let rest = entities.dropFirst(mostNamed)
        if !rest.isEmpty {
            let labelled = rest.count { $0.beginning?.labelled ?? 0 > 0 }
            notes.append(
                "\(Quantity.count(rest.count, "further entity", "further entities")) learned from the first rows of the same "
                    + "file, \(labelled) of them from labelled ones too; report.json says which")
        }
        return notes
    }
}
