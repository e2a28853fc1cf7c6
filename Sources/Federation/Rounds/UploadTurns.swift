package import Platform

/// Who may send the bytes of a contribution now.
///
/// What thousands of workers send at once would wait in the network's buffers, where nobody bounds it over all of them. So
/// whoever has more than a little asks first, with a piece that has no bytes, and is told to go on when it is its turn. Those
/// who have asked go in that order; one at a time goes whatever its size.
package struct UploadTurns: Sendable {
    /// Who asks, for which contribution.
    package struct Turn: Equatable, Sendable {
        /// Its name.
        package var worker: String
        /// SHA-256 of the whole.
        package var digest: [UInt8]
        /// Bytes of the whole.
        package var bytes: Int

        /// A turn with every field given.
        package init(worker: String, digest: [UInt8], bytes: Int) {
            self.worker = worker
            self.digest = digest
            self.bytes = bytes
        }
    }

    private var going: [String: (bytes: Int, since: Instant, begun: Instant)] = [:]
    private var goingBytes = 0
    private var waiting: [Turn] = []
    /// Those of the waiting whose turn has come or who are gone.
    private var passed = 0
    private var asked: [String: Turn] = [:]

    /// Nobody goes and nobody waits.
    package init() {}

    /// How many wait.
    package var waitingCount: Int { asked.count }

    /// Somebody asks; whether it may go on at once. Otherwise its turn comes.
    ///
    /// - Parameters:
    ///   - limit: bytes that all who go may have together.
    ///   - pause: time after which somebody who was told to go on, and asks, has not heard it. Before, it asked before it was
    ///     told, and would send twice.
    package mutating func ask(_ turn: Turn, limit: Int, pause: Duration, at now: Instant) -> Bool {
        if let known = going[turn.worker] {
            guard now - known.since >= pause else { return false }
            end(turn.worker)
            begin(turn, at: now)
            return true
        }
        if asked[turn.worker] == nil, asked.isEmpty, fits(turn, limit) {
            begin(turn, at: now)
            return true
        }
        if asked.updateValue(turn, forKey: turn.worker) == nil { waiting.append(turn) }
        return false
    }

    /// Somebody who goes has sent something.
    package mutating func touch(_ worker: String, at now: Instant) { going[worker]?.since = now }

    /// Somebody has sent everything, or is not wanted any more.
    package mutating func end(_ worker: String) {
        asked[worker] = nil
        guard let turn = going.removeValue(forKey: worker) else { return }
        goingBytes -= turn.bytes
    }

    /// Those who were told to go on and have sent nothing since then lose their turn. Who goes for so long already sends
    /// slowly, and not all at once: it counts with a piece from then on, so that others need not wait for it.
    package mutating func expire(silentFor limit: Duration, piece: Int = .max, at now: Instant) {
        for (worker, turn) in going {
            if now - turn.since > limit {
                end(worker)
            } else if now - turn.begun > limit, turn.bytes > piece {
                going[worker]?.bytes = piece
                goingBytes -= turn.bytes - piece
            }
        }
    }

    /// Whose turn it is; `nil` when nobody waits or there is no room.
    package mutating func next(limit: Int, at now: Instant) -> Turn? {
        while passed < waiting.count {
            guard let turn = asked[waiting[passed].worker] else {
                passed += 1
                continue
            }
            guard fits(turn, limit) else { return nil }
            passed += 1
            asked[turn.worker] = nil
            if passed * 2 > waiting.count {
                waiting.removeFirst(passed)
                passed = 0
            }
            begin(turn, at: now)
            return turn
        }
        waiting = []
        passed = 0
        return nil
    }

    private func fits(_ turn: Turn, _ limit: Int) -> Bool { going.isEmpty || goingBytes + turn.bytes <= limit }

    private mutating func begin(_ turn: Turn, at now: Instant) {
        going[turn.worker] = (turn.bytes, now, now)
        goingBytes += turn.bytes
    }
}
