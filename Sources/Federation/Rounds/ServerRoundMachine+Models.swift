import Platform

/// Versions on their way to workers, piece by piece.
extension ServerRoundMachine {
    /// A piece of a model on its way to a worker.
    struct Download: Sendable {
        /// Its version: two may have the same bytes, and the second is asked for from the beginning again.
        var version: UInt64
        var digest: [UInt8]
        var range: Range<Int>
        var since: Instant
        /// How often it was sent again.
        var repeats = 0
    }

    /// A worker asks for the current version from an offset on.
    mutating func serveModel(
        _ request: ModelRequest, to name: String, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        // A worker that asks for another version learns of the current one from its next status.
        guard request.version == version, version > 0, let offset = Int(exactly: request.offset),
            offset < modelBytes.count, var member = members[name]
        else { return }
        var repeats = 0
        if let last = member.download, last.version == version, last.digest == digest {
            if offset == last.range.upperBound {
                member.downloadPace.took(
                    now - last.since, bytes: last.range.count, beat: configuration.heartbeatInterval,
                    roundTrip: member.leastRoundTrip ?? .zero)
            } else {
                // What is asked for again may be on its way: over a slow link a copy would follow each question. A first
                // piece may take any time, unless it is small; those after it are as large as pass in a heartbeat.
                let beat = configuration.heartbeatInterval
                let isMeasured = member.downloadPace.lastTime > .zero || last.range.count <= PiecePace.least
                let roundTrip = Duration.microseconds(Int64(member.heartbeat.roundTripMicroseconds))
                let isNear = roundTrip > .zero && roundTrip <= beat / 2
                let patience = member.downloadPace.patience(
                    atLeast: beat / 2, silences: last.repeats, within: isMeasured && isNear ? beat * 3 / 2 : nil)
                guard now - last.since >= patience else { return }
                member.downloadPace.lost()
                repeats = last.repeats + 1
            }
        }
        let end = min(modelBytes.count, offset + min(pieceBytes, member.downloadPace.bytes))
        member.download = Download(
            version: version, digest: digest, range: offset..<end, since: now, repeats: repeats)
        members[name]?.download = member.download
        members[name]?.downloadPace = member.downloadPace
        let piece = ModelPiece(
            version: version, digest: digest, totalBytes: UInt64(modelBytes.count), offset: request.offset,
            bytes: modelBytes[offset..<end])
        send(.modelPiece(piece), to: member, &directives)
    }

    /// Pieces are the smaller the more workers could leave theirs unread, so that all of them together stay bounded.
    private var pieceBytes: Int {
        let fair = configuration.unreadBytes / max(1, members.count * configuration.unreadPieces)
        return min(configuration.pieceBytes, WireLimits.piece, max(16 << 10, fair))
    }
}
