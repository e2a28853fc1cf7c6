/// How often each kind of fault occurred.
final class FaultTally {
    private(set) var counts: [FaultKind: Int] = [:]

    func count(_ kind: FaultKind) { counts[kind, default: 0] += 1 }
}
