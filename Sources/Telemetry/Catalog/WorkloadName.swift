/// The workload that an instance belongs to, by the names that Kubernetes gives: a pod of a deployment is called
/// `<workload>-<hash of the template>-<random>`, one of a daemon set `<workload>-<random>`, one of a stateful set
/// `<workload>-<number>`. An instance that replaces another one inherits what was learned of it.
package enum WorkloadName {
    /// The letters and digits that Kubernetes draws names from: no vowels, nothing that looks like one.
    private static let alphabet = Set("bcdfghjklmnpqrstvwxz2456789".utf8)

    /// The workload's name; the name itself where it does not end as an instance's does.
    package static func of(_ name: String) -> String {
        var parts = name.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last, isDrawn(last, length: 5...5) else { return name }
        parts.removeLast()
        if parts.count > 1, let hash = parts.last, isDrawn(hash, length: 6...10), hash.contains(where: \.isNumber) {
            parts.removeLast()
        } else if !last.contains(where: \.isNumber) {
            // Five consonants may be a word of the workload's own name.
            return name
        }
        let workload = parts.joined(separator: "-")
        return workload.isEmpty || workload.hasSuffix("/") ? name : workload
    }

    private static func isDrawn(_ part: Substring, length: ClosedRange<Int>) -> Bool {
        length.contains(part.utf8.count) && part.utf8.allSatisfy(alphabet.contains)
    }
}
