import CommandLine

/// What is worth saying of many sources: what holds for several of them is said once.
struct SourceNotes {
    private var keys: [String: [String]] = [:]

    /// Takes what is to be said of one.
    mutating func add(_ notes: [String], of key: String) {
        for note in notes { keys[note, default: []].append(key) }
    }

    /// Says it all, in the order of the sources.
    func say(_ console: Console) {
        for (note, keys) in keys.sorted(by: { ($0.value[0], $0.key) < ($1.value[0], $1.key) }) {
            let others = keys.count > 1 ? " and \(Quantity.count(keys.count - 1, "other"))" : ""
            console.note("\(keys[0])\(others): \(note)")
        }
    }
}
