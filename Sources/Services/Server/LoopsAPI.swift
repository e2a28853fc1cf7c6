import Federation
import Foundation

/// A learning loop as the HTTP interface shows it: the rounds from one round of statistics to the next.
package struct LoopEntry: Encodable, Equatable, Sendable {
    /// A round of training, or the evaluation.
    package struct Round: Encodable, Equatable, Sendable {
        package var round: UInt32
        package var kind: String
        package var version: UInt64
        package var seconds: Double
        package var contributions: Int
        package var lossBefore: Double?
        package var lossAfter: Double?
    }

    /// Its number, from 1, as the log of rounds has been kept.
    package var loop: Int
    package var firstRound: UInt32
    package var lastRound: UInt32
    /// Whether it is the latest and rounds of it are still to come.
    package var open: Bool
    /// The version that it began from, and the one that it has come to.
    package var fromVersion: UInt64
    package var version: UInt64
    /// Rounds that were committed.
    package var committed: Int
    /// Attempts that were not.
    package var abandoned: Int
    /// From start to end of its rounds, added up.
    package var seconds: Double
    /// Mean held-out loss before its first round of training, and after its last.
    package var lossBefore: Double?
    package var loss: Double?
    /// Its committed rounds but for the statistics; the latest 200.
    package var rounds: [Round]

    /// What of a round's record a loop is made of: contributions, most of it, are only counted.
    package struct Line: Decodable {
        /// A contribution.
        package struct Contribution: Decodable {
            package init(from decoder: any Decoder) {}
        }
        package var round: UInt32
        package var kind: String
        package var baseVersion: UInt64
        package var version: UInt64
        package var committed: Bool
        package var seconds: Double
        package var lossBefore: Double?
        package var lossAfter: Double?
        package var contributions: [Contribution]

        /// Whether a loop begins with it where the one before has come to something.
        package var isStatistics: Bool { kind == RoundKind.statistics.description }
    }

    /// The loops of a log of rounds, oldest first; of the first the beginning may be missing.
    ///
    /// - Parameters:
    ///   - present: the round with which the present loop begins, and how many loops were before it.
    ///   - isOver: whether the present one is.
    package static func all(in log: [Line], present: (start: UInt32, number: UInt32), isOver: Bool) -> [LoopEntry] {
        var loops: [LoopEntry] = []
        for line in log where line.kind != RoundEntry.restoration {
            if loops.isEmpty
                || (line.isStatistics && loops[loops.count - 1].committed > 0 && line.round != loops.last?.firstRound)
            {
                loops.append(LoopEntry(line))
            }
            loops[loops.count - 1].add(line)
        }
        guard let last = loops.last else { return [] }
        // Of the present one there may be no round yet.
        let number = Int(present.number) + (last.firstRound >= present.start ? 1 : 0)
        for index in loops.indices { loops[index].loop = max(1, number - (loops.count - 1 - index)) }
        loops[loops.count - 1].open = !isOver
        return loops
    }

    private init(_ entry: Line) {
        loop = 1
        (firstRound, lastRound, open) = (entry.round, entry.round, false)
        (fromVersion, version) = (entry.baseVersion, entry.baseVersion)
        (committed, abandoned, seconds, rounds) = (0, 0, 0, [])
    }

    private mutating func add(_ entry: Line) {
        seconds += entry.seconds
        guard entry.committed else {
            abandoned += 1
            return
        }
        committed += 1
        lastRound = max(lastRound, entry.round)
        version = entry.version
        guard !entry.isStatistics else { return }
        if entry.kind == RoundKind.training.description { lossBefore = lossBefore ?? entry.lossBefore }
        loss = (entry.kind == RoundKind.training.description ? entry.lossAfter : entry.lossBefore) ?? loss
        rounds.append(
            Round(
                round: entry.round, kind: entry.kind, version: entry.version, seconds: entry.seconds,
                contributions: entry.contributions.count, lossBefore: entry.lossBefore, lossAfter: entry.lossAfter))
        if rounds.count > 200 { rounds.removeFirst() }
    }
}

/// `/v1/loops`: the learning loops of the latest rounds.
struct LoopsAPI: Sendable {
    static let path = "/v1/loops"
    static let limit = NumberParameter("limit", 1...1_000, default: 100, "How many of the latest loops.")
    /// Rounds that are looked through, at first and at most.
    private static let (fewestRounds, mostRounds) = (200, 10_000)

    let folder: String
    let board: ServerBoard

    private struct Loops: Encodable {
        var federation: String
        var version: UInt64
        var finished: Bool
        var loops: [LoopEntry]
    }

    /// Answers a request.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = Int(try request.value(Self.limit))
        let state = board.current
        let loops = LoopEntry.all(in: try log(ofLoops: limit), present: state.loop, isOver: state.finished)
        return try .encoding(
            Loops(
                federation: state.federation, version: state.version, finished: state.finished,
                loops: Array(loops.suffix(limit))))
    }

    /// The latest rounds, as many as it takes: records are large where there are many workers.
    private func log(ofLoops limit: Int) throws -> [LoopEntry.Line] {
        let registry = try VersionRegistry(reading: folder + "/registry.db")
        let decoder = JSONDecoder()
        var count = Self.fewestRounds
        while true {
            let records = try registry.rounds(latest: count)
            let lines = records.compactMap { try? decoder.decode(LoopEntry.Line.self, from: Data($0.record)) }
            let isEnough = lines.count { $0.isStatistics && $0.committed } > limit
            guard !isEnough, records.count == count, count < Self.mostRounds else { return lines }
            count = min(count * 2, Self.mostRounds)
        }
    }
}
