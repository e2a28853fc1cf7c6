import Platform

/// The arithmetic of rounds, which takes long: judging contributions, adding them up, making the next version. Used by one
/// task at a time, in the order in which the machine asked.
///
/// Unchecked: its node starts all of its work on one lane, where tasks never overlap.
package final class RoundArithmetic: @unchecked Sendable {
    private let gate: ContributionGate
    private let strategy: any Strategy
    private let maker: any InitialModelMaker
    private var base: RoundBase?
    private var aggregator: (any TrainingAggregator)?
    private var losses = RoundLosses()
    private var statistics: [String: [UInt8]] = [:]
    private var notes: [Note] = []

    /// Arithmetic for rounds of that strategy.
    package init(gate: ContributionGate, strategy: any Strategy, maker: any InitialModelMaker) {
        self.gate = gate
        self.strategy = strategy
        self.maker = maker
    }

    /// A round begins.
    package func begin(_ base: RoundBase) {
        self.base = base
        losses = RoundLosses()
        statistics = [:]
        aggregator = base.kind == .training ? base.model.map { strategy.aggregateTraining(base: $0) } : nil
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
            return Judgement(
                upload: upload,
                verdict: gate.judge(
                    contribution, kind: base.kind, base: base.model,
                    sender: ContributionSender(worker: upload.worker, entities: upload.entities), maker: maker))
        } catch {
            return Judgement(upload: upload, verdict: .refused(error))
        }
    }

    /// Adds a contribution that counts.
    package func fold(round: UInt32, attempt: UInt32, _ contribution: Contribution, from worker: String) {
        guard let base, base.round == round, base.attempt == attempt else { return }
        aggregator?.add(contribution, from: worker)
        losses.add(contribution, from: worker)
        if base.kind == .statistics { statistics[worker] = contribution.statistics }
    }

    /// Makes the next version of what was added.
    package func aggregate(round: UInt32, attempt: UInt32, leavingOut names: Set<String>) -> AggregationOutcome {
        guard let base, base.round == round, base.attempt == attempt else { return .impossible("the round is over") }
        let summary = strategy.aggregateEvaluation(losses)
        let model: FederatedModel
        switch base.kind {
        case .evaluation: return .losses(summary)
        case .training:
            guard let result = aggregator?.result() else { return .impossible("a round of training without a model") }
            do throws(FederationError) {
                try result.readable()
            } catch {
                return .impossible("the next version cannot be read: \(error.description)")
            }
            model = result
        case .statistics:
            let used = statistics.filter { !names.contains($0.key) }.sorted { $0.key < $1.key }
            switch maker.makeModel(
                statistics: used.map { (worker: $0.key, bytes: $0.value) }, continuing: base.model)
            {
            case .made(let made, let said):
                model = made
                notes += said
            case .refused(let reasons): return .refused(reasons)
            case .impossible(let reason): return .impossible(reason)
            }
        }
        let bytes = model.encoded()
        return .model(model, bytes: bytes, digest: SHA256.digest(bytes), summary)
    }
}
