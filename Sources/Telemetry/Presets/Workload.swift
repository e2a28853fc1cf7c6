/// What a pod belongs to, by its name: `upf-7d9c5b6f4-x2x8q` → `upf`, `db-0` → `db`.
///
/// Kubernetes names pods after their owner: a Deployment adds the hash of its template and five random characters, a
/// DaemonSet or Job five random characters, a StatefulSet a number. Random characters come from the alphabet
/// `bcdfghjklmnpqrstvwxz2456789` (k8s.io/apimachinery, `util/rand`), so that a word such as `proxy` is not taken for one.
package enum Workload {
    /// The workload of a pod.
    package static func name(ofPod pod: String) -> String {
        var parts = pod.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last, !last.isEmpty else { return pod }
        if last.allSatisfy(\.isNumber) {
            parts.removeLast()
        } else if last.count == 5, last.allSatisfy(isRandom) {
            parts.removeLast()
            if parts.count > 1, let hash = parts.last, (6...10).contains(hash.count), hash.allSatisfy(isRandom),
                hash.contains(where: \.isNumber)
            {
                parts.removeLast()
            }
        }
        let name = parts.joined(separator: "-")
        return name.isEmpty ? pod : name
    }

    private static func isRandom(_ character: Character) -> Bool { "bcdfghjklmnpqrstvwxz2456789".contains(character) }
}
