import Platform

/// What becomes of workers whose contributions are refused again and again, and of versions that turn out to be bad.
extension ServerRoundMachine {
    /// How a worker's contributions fared in the latest rounds; kept while this process lives.
    struct Conduct: Sendable {
        /// Rounds in a row in which the gate refused it.
        var refused = 0
        /// Rounds in a row in which it counted.
        var sound = 0
        /// How often it was left out for a while.
        var exclusions = 0
        /// The first round that it is asked for again.
        var untilRound: UInt32?
        var reason = ""
    }

    /// A version that most sites were content with.
    struct GoodVersion: Sendable {
        var version: UInt64
        var model: FederatedModel
        var bytes: Bytes
        var digest: [UInt8]
        /// Its mean held-out losses, by site.
        var losses: [String: Double]
    }

    /// Rounds for which a worker is left out the first time; each further time twice as many.
    static let firstExclusion: UInt32 = 4
    /// Most rounds for which it is left out.
    static let longestExclusion: UInt32 = 64

    /// Whether a worker is left out of the next round because it was refused too often.
    func isBarred(_ name: String) -> Bool { conduct[name]?.untilRound.map { nextRound < $0 } ?? false }

    /// Why a worker's contributions are not wanted, as of the last tick.
    func exclusion(of name: String) -> WorkerExclusion? {
        if isBarred(name), let entry = conduct[name] {
            return WorkerExclusion(refusedRounds: entry.refused, untilRound: entry.untilRound, reason: entry.reason)
        }
        guard let entry = excluded[name], lastTick < entry.until else { return nil }
        return WorkerExclusion(refusedRounds: entry.count, untilRound: nil, reason: entry.reason)
    }

    /// A round is over: who was refused in it, and who counted.
    mutating func noteConduct(_ record: RoundRecord, at now: Instant, _ directives: inout [ServerDirective]) {
        guard configuration.excludeAfter > 0, record.kind != .statistics else { return }
        if record.abandonedBecause == nil {
            for contribution in record.contributions {
                guard var entry = conduct[contribution.worker] else { continue }
                entry.refused = 0
                entry.sound += 1
                conduct[contribution.worker] = entry.sound >= configuration.excludeAfter ? nil : entry
            }
        }
        for rejection in record.rejections where rejection.code != nil {
            if conduct.count >= configuration.maximumWorkers { conduct = conduct.filter { isBarred($0.key) } }
            var entry = conduct[rejection.worker] ?? Conduct()
            entry.refused = min(entry.refused + 1, 1_000_000)
            entry.sound = 0
            entry.reason = rejection.reason
            conduct[rejection.worker] = entry
            if entry.refused >= configuration.excludeAfter { bar(rejection.worker, at: now, &directives) }
        }
    }

    /// Leaves a worker out for a while, if there are enough without it.
    private mutating func bar(_ name: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard var entry = conduct[name], !isBarred(name) else { return }
        guard ready(at: now).count(where: { $0 != name }) >= neededWorkers else { return }
        let pause = min(Self.longestExclusion, Self.firstExclusion << UInt32(min(entry.exclusions, 8)))
        let (until, overflows) = nextRound.addingReportingOverflow(pause)
        entry.exclusions += 1
        entry.untilRound = overflows ? .max : until
        conduct[name] = entry
        directives.append(
            .note(
                Note(
                    .warning, "worker is left out for a while: what it sends is refused again and again",
                    [
                        "worker": name, "refusedRounds": "\(entry.refused)", "untilRound": "\(until)",
                        "reason": entry.reason,
                    ])))
    }

    /// Those who are left out are asked again where there are too few without them.
    mutating func askAgainIfNeeded(at now: Instant, _ directives: inout [ServerDirective]) {
        guard !conduct.isEmpty else { return }
        let barred = members.filter { isBarred($0.key) && !$0.value.entities.isEmpty }.map(\.key).sorted()
        guard !barred.isEmpty else { return }
        let ready = ready(at: now).count
        guard ready < neededWorkers, ready + barred.count >= neededWorkers else { return }
        for name in barred { conduct[name]?.untilRound = nil }
        directives.append(
            .note(
                Note(
                    .notice, "workers that were left out are asked again: without them there are too few",
                    ["workers": barred.joined(separator: ", ")])))
    }

    // MARK: Rollback

    /// Whether most sites find the version that a round started from worse than the last good one; otherwise it is the last
    /// good one from now on.
    mutating func isBaseBad(_ losses: [String: Double]) -> Bool {
        guard let ratio = configuration.rollbackRatio, !losses.isEmpty, let bundle else { return false }
        if let good = lastGood, good.version != version {
            let ratios = losses.compactMap { site, loss in good.losses[site].map { loss > ratio * $0 } }
            if ratios.count(where: { $0 }) * 2 > ratios.count { return true }
        }
        lastGood = GoodVersion(version: version, model: bundle, bytes: modelBytes, digest: digest, losses: losses)
        return false
    }

    /// Takes the last good version again, as a version of its own: numbers never go back.
    mutating func rollBack(
        _ round: OpenRound, to good: GoodVersion, _ summary: RoundSummary, _ treatment: RoundTreatment,
        at now: Instant, _ directives: inout [ServerDirective]
    ) {
        directives.append(
            .note(
                Note(
                    .warning, "version taken back: most sites lose more with it than with the last good one",
                    [
                        "version": "\(version)", "good": "\(good.version)",
                        "ratio": "\(configuration.rollbackRatio ?? 0)",
                        "loss": "\(summary.lossBefore ?? .nan)",
                    ])))
        store(
            round, version: version + 1, summary, treatment, model: good.model, bytes: good.bytes.array,
            digest: good.digest, restores: good.version, at: now, &directives)
    }
}
