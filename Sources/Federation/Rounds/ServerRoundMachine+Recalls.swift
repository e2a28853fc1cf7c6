import Platform

extension ServerRoundMachine {
    /// Contributions that counted in an earlier attempt at the round, which was abandoned. The same work has the same bytes,
    /// and the disk has them: who asks whether to send one of them need not.
    struct Recalls: Sendable {
        /// By worker: SHA-256 of what the disk has.
        private var kept: [String: [UInt8]] = [:]
        /// Questions for which the disk is to be asked, by worker, and whether it was.
        private var asked: [String: (piece: ContributionPiece, isRead: Bool)] = [:]

        /// An attempt in which these counted made nothing.
        mutating func keep(_ contributions: some Sequence<AcceptedContribution>) {
            for contribution in contributions { kept[contribution.worker] = contribution.digest }
        }

        /// Another attempt begins: nobody has asked yet.
        mutating func forgetQuestions() { asked = [:] }

        /// Somebody asks whether to send.
        mutating func note(_ piece: ContributionPiece, from worker: String) {
            guard kept[worker] == piece.digest else { return }
            if asked[worker]?.piece.digest != piece.digest { asked[worker] = (piece, false) }
        }

        /// It is a worker's turn: whether the disk is to be asked for what it would send, or has been.
        mutating func begin(_ worker: String, digest: [UInt8]) -> (isRecalled: Bool, isFirst: Bool) {
            guard let question = asked[worker], question.piece.digest == digest else { return (false, false) }
            asked[worker]?.isRead = true
            return (true, !question.isRead)
        }

        /// The disk has answered: what was asked, once. It is not asked again for this one.
        mutating func end(_ worker: String, digest: [UInt8]) -> ContributionPiece? {
            guard let question = asked[worker], question.isRead, question.piece.digest == digest else { return nil }
            asked[worker] = nil
            kept[worker] = nil
            return question.piece
        }
    }

    /// Asks the disk instead of the worker whose turn it is; whether it does.
    mutating func recalls(_ worker: String, digest: [UInt8], _ directives: inout [ServerDirective]) -> Bool {
        guard case .running(let round) = phase else { return false }
        let (isRecalled, isFirst) = recalled.begin(worker, digest: digest)
        if isFirst { directives.append(.recall(round: round.number, worker: worker, digest: digest)) }
        return isRecalled
    }

    /// What the disk has of a contribution, if it has all of it: as if its sender had sent it now.
    mutating func recalled(
        _ bytes: Bytes?, digest: [UInt8], of worker: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard var piece = recalled.end(worker, digest: digest) else { return }
        // Without its bytes it is the worker's question once more.
        uploadTurns.end(worker)
        piece.offset = 0
        if let bytes, UInt64(bytes.count) == piece.totalBytes { piece.bytes = bytes }
        receive(piece, from: worker, at: now, &directives)
    }
}
