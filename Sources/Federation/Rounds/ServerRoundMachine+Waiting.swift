import Platform

/// Why nothing goes on, in one line for people.
extension ServerRoundMachine {
    /// Members of whom a list costs little enough to be made with every event.
    static let fewMembers = 256

    /// Says what the machine waits for: always to whoever asks, and in the log when it has waited for a heartbeat and it
    /// is something else than before.
    mutating func sayWhatItWaitsFor(at now: Instant, _ directives: inout [ServerDirective]) {
        if members.count > Self.fewMembers {
            guard now >= nextReason else { return }
            nextReason = now + min(configuration.heartbeatInterval, .seconds(1))
        }
        let reason = reasonToWait(at: now)
        if reason != waitingReason { waitingSince = now }
        waitingReason = reason
        waitingFor = reason.map { ([$0] + progress).joined(separator: "; ") }
        guard let reason, let waitingFor, now - waitingSince >= configuration.heartbeatInterval * 3 else {
            if reason == nil { saidWaiting = "" }
            return
        }
        // What comes slowly is said now and then, what changes at once.
        let isNews = reason != saidWaiting
        guard isNews || (!uploads.isEmpty && now - saidWaitingAt >= Self.progressInterval) else { return }
        saidWaiting = reason
        saidWaitingAt = now
        directives.append(.note(Note(.notice, "waiting", ["for": waitingFor])))
    }

    /// Time between two lines about contributions that come slowly.
    private static let progressInterval: Duration = .seconds(30)

    /// How far the contributions are that are on their way, of some of them.
    private var progress: [String] {
        guard case .running(let round) = phase else { return [] }
        return uploads.filter { round.isOpen(for: $0.key) }.sorted { $0.key < $1.key }.prefix(8).map { name, upload in
            let (sent, total) = (upload.assembly.count, upload.assembly.totalBytes)
            return "\(name) has sent \(Self.megabytes(sent)) of \(Self.megabytes(total)) MB"
        }
    }

    private static func megabytes(_ bytes: Int) -> String {
        let tenths = (bytes + 50_000) / 100_000
        return "\(tenths / 10).\(tenths % 10)"
    }

    private func reasonToWait(at now: Instant) -> String? {
        switch phase {
        case .finished, .aggregating: return nil
        case .committing:
            return restoring.map { "the disk, to restore version \($0.wanted.version)" }
                ?? "the disk, to store round \(nextRound)"
        case .running(let round):
            let awaited = awaited(round, at: now)
            let passed = members.keys.filter { patience.hasMissed($0) && round.isOpen(for: $0) }.sorted()
            var parts: [String] = []
            if !awaited.isEmpty { parts.append("round \(round.number) waits for \(Self.list(awaited))") }
            if awaited.isEmpty, isHandingOver { parts.append(handingOver) }
            let missing = neededContributions - round.accepted.count
            if awaited.isEmpty, missing > 0 {
                parts.append("round \(round.number) lacks \(missing) of \(neededContributions) contributions")
            }
            if !passed.isEmpty { parts.append("no answer from \(Self.list(passed)) in earlier rounds") }
            return parts.isEmpty ? nil : parts.joined(separator: "; ")
        case .waiting:
            let ready = ready(at: now)
            if ready.count < neededWorkers { return lack(ready, at: now) }
            if choice == nil, configuration.awaitsChoice { return "the first placement" }
            if isHandingOver { return handingOver }
            if let retryAt, now < retryAt {
                return "another try after a failure (\(failures) in a row): \(failure)"
            }
            return nil
        }
    }

    private func lack(_ ready: [String], at now: Instant) -> String {
        let known =
            departed + excluded.keys.filter { isExcluded($0, at: now) && members[$0] != nil }
            + members.filter { $0.value.entities.isEmpty }.map(\.key)
        var text = "\(ready.count) of \(neededWorkers) workers here, waiting for "
        text += known.isEmpty ? "\(neededWorkers - ready.count) more" : Self.list(Set(known).sorted())
        let out = excluded.filter { isExcluded($0.key, at: now) && members[$0.key] != nil }
            .sorted { $0.key < $1.key }.map { "\($0.key) is left out: \($0.value.reason)" }
        if let first = out.first { text += "; " + first }
        return text
    }

    private var handingOver: String {
        let leaving = Set(
            domains.values.flatMap { place in place.releasing.keys.compactMap { place.owners[$0] } }
        ).sorted()
        return leaving.isEmpty
            ? "entities without a worker are to be given to another"
            : "\(Self.list(leaving)) to give up entities that are to move"
    }

    private static func list(_ names: [String]) -> String {
        names.count <= 8
            ? names.joined(separator: ", ") : names.prefix(8).joined(separator: ", ") + " and \(names.count - 8) more"
    }
}
