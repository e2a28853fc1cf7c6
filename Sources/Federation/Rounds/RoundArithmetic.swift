import Platform

/// The arithmetic of rounds, which takes long: judging contributions, adding them up, making the next version. Used by one
/// task at a time, in the order in which the machine asked.
///
/// Unchecked: its node starts all of its work on one lane, where tasks never overlap.
package final class RoundArithmetic: @unchecked Sendable {
    private var gate: ContributionGate
    private var strategy: any Strategy
    private var maker: any InitialModelMaker
    private var base: RoundBase?
    private var comparison: RoundComparison?
    private var history: ChangeHistory
    /// Rows behind each entity, as the statistics of the present loop say; empty where this process has not seen them.
    private var rows: [String: UInt64] = [:]
    private var statistics: (any StatisticsCollection)?
    private var notes: [Note] = []

    /// Arithmetic for rounds of that strategy.
    ///
    /// - Parameter history: what changes were in the rounds before.
    package init(
        gate: ContributionGate, strategy: any Strategy, maker: any InitialModelMaker,
        history: ChangeHistory = ChangeHistory()
    ) {
        self.history = history
        self.gate = gate
        self.strategy = strategy
        self.maker = maker
    }

    /// Rounds that begin from now on are judged, added up and made in this way.
    package func tune(gate: ContributionGate, strategy: any Strategy, maker: any InitialModelMaker) {
        (self.gate, self.strategy, self.maker) = (gate, strategy, maker)
    }

    /// A round begins.
    ///
    /// - Parameter recorded: what the gate did with its contributions when it was made, where it is made again.
    package func begin(_ base: RoundBase, recorded: RoundTreatment? = nil) {
        self.base = base
        statistics = base.kind == .statistics ? maker.collection(recorded: recorded) : nil
        if base.forgetsChanges { history = ChangeHistory() }
        comparison = RoundComparison(
            gate: gate.round, base: base.kind == .training ? base.model : nil, history: history,
            holdsAll: strategy.holdsContributions, spared: base.spared,
            aggregator: base.kind == .training ? base.model.map { strategy.aggregateTraining(base: $0) } : nil,
            recorded: recorded)
    }

    /// What is to be logged of what was done; each once.
    package func takeNotes() -> [Note] {
        defer { notes = [] }
        return notes
    }

    /// What the gate says of a contribution to the round that began last.
    package func judge(_ upload: FinishedUpload) -> Judgement {
        guard let base, base.round == upload.round, base.attempt == upload.attempt else {
            return Judgement(upload: upload, verdict: .empty("its round is over"))
        }
        do throws(FederationError) {
            guard SHA256.digest(upload.bytes) == upload.digest else {
                throw FederationError(.corrupted, "a contribution that is not what its SHA-256 says")
            }
            let contribution = try Contribution(decoding: upload.bytes)
            guard contribution.base == base.digest else {
                throw FederationError(
                    .wrongShape, "a contribution that was computed from another version than \(base.version)")
            }
            let verdict = gate.judge(
                contribution, kind: base.kind, base: base.model,
                sender: ContributionSender(worker: upload.worker, entities: upload.entities), maker: maker)
            if case .counts = verdict, base.kind == .training,
                let error = contribution.difference(from: upload.announced, base: base.model)
            {
                throw error
            }
            return Judgement(upload: upload, verdict: verdict)
        } catch {
            return Judgement(upload: upload, verdict: .refused(error))
        }
    }

    /// Adds a contribution that counts.
    package func fold(
        round: UInt32, attempt: UInt32, _ contribution: Contribution, from worker: String, site: String
    ) {
        guard let base, base.round == round, base.attempt == attempt else { return }
        if base.kind == .statistics {
            statistics?.add(contribution.statistics, from: worker)
        } else {
            comparison?.add(contribution, from: worker, site: site, rows: rows(behind: contribution.entities))
        }
    }

    /// Rows behind entities; `nil` where one of them is not known.
    private func rows(behind entities: [String]) -> UInt64? {
        var sum: UInt64 = 0
        for entity in entities {
            guard let count = rows[entity] else { return nil }
            sum = sum.addingReportingOverflow(count).overflow ? .max : sum + count
        }
        return entities.isEmpty ? nil : sum
    }

    /// Makes the next version of what was added.
    package func aggregate(round: UInt32, attempt: UInt32, leavingOut names: Set<String>) -> AggregationOutcome {
        guard let base, base.round == round, base.attempt == attempt else { return .impossible("the round is over") }
        return base.kind == .statistics
            ? aggregateStatistics(continuing: base.model, leavingOut: names)
            : aggregateUpdates(base.kind, leavingOut: names)
    }

    private func aggregateUpdates(_ kind: RoundKind, leavingOut names: Set<String>) -> AggregationOutcome {
        guard var comparison else { return .impossible("a round without a base") }
        // Only one copy while it changes.
        self.comparison = nil
        defer { self.comparison = comparison }
        let refused = comparison.refusals().filter { !names.contains($0.key) }
        guard refused.isEmpty else { return .refused(refused) }
        let (losses, treatment, model) = comparison.finish(leavingOut: names)
        var summary = strategy.aggregateEvaluation(losses)
        summary.siteLossBefore = comparison.siteLosses(losses)
        guard kind == .training else { return .losses(summary, treatment) }
        guard let model else { return .impossible("a round of training without a model") }
        let bytes: [UInt8]
        do throws(FederationError) {
            bytes = try model.readable()
        } catch {
            return .impossible("the next version cannot be read: \(error.description)")
        }
        history.add(treatment)
        return .model(model, bytes: bytes, digest: SHA256.digest(bytes), summary, treatment)
    }

    private func aggregateStatistics(
        continuing last: FederatedModel?, leavingOut names: Set<String>
    ) -> AggregationOutcome {
        guard let outcome = statistics?.makeModel(leavingOut: names, continuing: last) else {
            return .impossible("a round without statistics")
        }
        switch outcome {
        case .made(let made, let said):
            notes += said
            // Another scaling: what changes were before says nothing of what they will be.
            history = ChangeHistory()
            rows = statistics?.rows ?? [:]
            let treatment = statistics?.treatment ?? RoundTreatment()
            statistics = nil
            let bytes = made.encoded()
            return .model(made, bytes: bytes, digest: SHA256.digest(bytes), RoundSummary(), treatment)
        case .refused(let reasons):
            return .refused(reasons.mapValues { FederationError(.unusableStatistics, $0) })
        case .impossible(let reason): return .impossible(reason)
        }
    }
}
