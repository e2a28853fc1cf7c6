import Platform

/// Pieces of models that come and of contributions that go.
extension WorkerMachine {
    mutating func requestModel(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let download else { return }
        self.download?.lastRequest = now
        send(
            .modelRequest(
                ModelRequest(version: download.version, offset: UInt64(download.assembly?.count ?? 0))),
            &directives)
    }

    mutating func receive(_ piece: ModelPiece, at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let download, piece.version == download.version, let total = Int(exactly: piece.totalBytes), total > 0
        else { return }
        guard total <= configuration.maximumModelBytes else {
            directives.append(
                .note(
                    Note(
                        .error, "model too large",
                        ["bytes": "\(total)", "allowed": "\(configuration.maximumModelBytes)"])))
            return
        }
        // Its own copy goes, so that the bytes grow in place.
        self.download?.assembly = nil
        var assembly = download.assembly ?? PieceAssembly(digest: piece.digest, totalBytes: total)
        if assembly.digest != piece.digest || assembly.totalBytes != total {
            assembly = PieceAssembly(digest: piece.digest, totalBytes: total)
        }
        let before = assembly.count
        assembly.add(piece.bytes, at: piece.offset)
        guard assembly.isComplete else {
            let advanced = assembly.count > before
            self.download?.assembly = assembly
            if advanced { requestModel(at: now, &directives) }
            return
        }
        self.download = nil
        guard assembly.digest == download.digest || download.digest.isEmpty else {
            // The server has gone on to another one meanwhile; its next status says so.
            return
        }
        adopting = Version(number: download.version, digest: assembly.digest)
        directives.append(
            .adopt(
                version: download.version, digest: assembly.digest, model: assembly.bytes, federation: federation))
    }

    /// Whether this is the version that is being taken over.
    func isAdopting(version: UInt64, digest: [UInt8]) -> Bool {
        adopting == Version(number: version, digest: digest)
    }

    /// A version is here, every byte as the server has it.
    mutating func adopted(_ new: Version, at now: Instant, _ directives: inout [WorkerDirective]) {
        guard adopting == new else { return }
        adopting = nil
        held = new
        pursuePlan(at: now, &directives)
        scoreIfDone(&directives)
    }

    mutating func sendPiece(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let upload, !upload.accepted,
            case .done(let key, let payload, let digest, let seconds) = work
        else { return }
        self.upload?.lastSent = now
        // More than a little is asked for first, with a piece without bytes: its turn comes when the server has room.
        let asks = !upload.isInvited && payload.count > configuration.unaskedBytes
        let end =
            asks ? upload.offset : min(payload.count, upload.offset + min(configuration.pieceBytes, WireLimits.piece))
        send(
            .contributionPiece(
                ContributionPiece(
                    round: key.round, attempt: upload.attempt, assignmentRevision: assignmentRevision,
                    workSeconds: seconds, digest: digest, totalBytes: UInt64(payload.count),
                    offset: UInt64(upload.offset), changes: asks ? announced : [],
                    bytes: payload[upload.offset..<end])),
            &directives)
    }

    mutating func receive(
        _ receipt: ContributionReceipt, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        guard let upload, case .done(let key, let payload, let digest, _) = work, receipt.round == key.round,
            receipt.attempt == upload.attempt, receipt.digest == digest
        else { return }
        switch receipt.outcome {
        case .accepted:
            self.upload?.accepted = true
        case .notWanted:
            // Stays until a status brings another attempt; a status that still wants this one starts it again.
            self.upload = nil
            status?.plan = nil
        case .rejected:
            // Another attempt at the round finds it done again, not sent again.
            self.upload = nil
            work = nil
            status?.plan = nil
            directives.append(
                .note(
                    Note(.error, "contribution rejected", ["round": "\(key.round)", "reason": receipt.text])))
        case .partial:
            guard let received = Int(exactly: receipt.receivedBytes), received < payload.count else { return }
            self.upload?.acknowledged = received
            guard received > upload.offset || !upload.isInvited else { return }
            self.upload?.isInvited = true
            self.upload?.offset = received
            sendPiece(at: now, &directives)
        }
    }
}
