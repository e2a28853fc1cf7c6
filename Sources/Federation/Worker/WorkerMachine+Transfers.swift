import Platform

/// Pieces of models that come and of contributions that go.
extension WorkerMachine {
    /// Asks for what was not answered in time. It may be on its way over a slow link: then the question arrives behind it
    /// and costs little. Where a heartbeat has overtaken it, there and back, the link is not to blame for long.
    mutating func askAgain(_ lease: Lease, at now: Instant, _ directives: inout [WorkerDirective]) {
        let beat = lease.heartbeatInterval
        if let upload, !upload.accepted {
            let patience =
                upload.flight == nil
                ? beat
                : uploadPace.patience(
                    atLeast: beat, silences: upload.silences,
                    within: isOvertaken(upload.lastSent) ? beat * 2 : nil)
            if now - upload.lastSent >= patience {
                self.upload?.offset = upload.acknowledged
                self.upload?.isInvited = false
                self.upload?.silences += 1
                sendPiece(at: now, &directives)
            }
        }
        if let download, adopting == nil,
            now - download.lastRequest
                >= downloadPace.patience(
                    atLeast: beat, silences: download.silences,
                    within: isOvertaken(download.lastRequest) ? beat * 2 : nil)
        {
            self.download?.silences += 1
            requestModel(at: now, &directives)
        }
    }

    /// Whether a heartbeat that was sent after something has been answered.
    private func isOvertaken(_ sent: Instant) -> Bool { answeredHeartbeat.map { $0 > sent } ?? false }

    /// The connection of transfers is gone, with what was on its way.
    mutating func loseTransfers() {
        if let upload, !upload.accepted, upload.flight != nil { uploadPace.lost() }
        delivery.lost()
    }

    /// There is another: nothing has to be waited for.
    mutating func resumeTransfers(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard lease != nil else { return }
        delivery.resume()
        if let upload, !upload.accepted {
            self.upload?.offset = upload.acknowledged
            self.upload?.isInvited = false
            self.upload?.silences = 0
            sendPiece(at: now, &directives)
        }
        resumeDownload(at: now, &directives)
    }

    /// Asks at once for what is missing of a version: nobody knows any more of what was asked for before.
    mutating func resumeDownload(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard download != nil, adopting == nil else { return }
        download?.silences = 0
        download?.asked = now
        requestModel(at: now, &directives)
    }

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
            guard advanced else { return }
            noteDownloaded(assembly.count - before, at: now)
            self.download?.silences = 0
            self.download?.asked = now
            requestModel(at: now, &directives)
            return
        }
        noteDownloaded(assembly.count - before, at: now)
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

    private mutating func noteDownloaded(_ count: Int, at now: Instant) {
        guard let download, let lease else { return }
        downloadPace.took(
            now - download.asked, bytes: count, beat: lease.heartbeatInterval, roundTrip: leastRoundTrip ?? .zero)
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
        // More than a little is asked for first, with a piece without bytes: its turn comes when the server has room. So is
        // whether what has no receipt was lost.
        let asks = !upload.isInvited && (payload.count > configuration.unaskedBytes || upload.flight != nil)
        let size = min(configuration.pieceBytes, uploadPace.bytes, WireLimits.piece)
        let end = asks ? upload.offset : min(payload.count, upload.offset + size)
        if !asks { self.upload?.flight = (upload.offset..<end, now) }
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
            noteArrived(upload, upTo: payload.count, at: now)
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
            noteArrived(upload, upTo: received, at: now)
            guard received > upload.offset || !upload.isInvited else { return }
            self.upload?.flight = nil
            self.upload?.isInvited = true
            self.upload?.offset = received
            sendPiece(at: now, &directives)
        }
    }

    /// The server has so many bytes, or says how many it has: whether those on their way took long, or are lost.
    private mutating func noteArrived(_ upload: Upload, upTo received: Int, at now: Instant) {
        guard let lease, let (range, since) = upload.flight else { return }
        if received >= range.upperBound {
            uploadPace.took(
                now - since, bytes: range.count, beat: lease.heartbeatInterval, roundTrip: leastRoundTrip ?? .zero)
            self.upload?.silences = 0
            self.upload?.flight = nil
        } else if !upload.isInvited {
            uploadPace.lost()
        }
    }
}
