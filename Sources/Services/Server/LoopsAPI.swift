import Federation
import Foundation

/// A learning loop as the HTTP interface shows it: the rounds from one round of statistics to the next.
struct LoopEntry: Encodable, Equatable, Sendable {
    /// A round of training, or the evaluation.
    struct Round: Encodable, Equatable, Sendable {
        var round: UInt32
        var kind: String
        var version: UInt64
        var seconds: Double
        var contributions: Int
        var lossBefore: Double?
        var lossAfter: Double?
    }

    /// Its number, from 1.
    var loop: Int
    var firstRound: UInt32
    var lastRound: UInt32
    /// Whether it is the latest and rounds of it are still to come.
    var open: Bool
    /// The version that it began from, and the one that it has come to.
    var fromVersion: UInt64
    var version: UInt64
    /// Rounds that were committed.
    var committed: Int
    /// Attempts that were not.
    var abandoned: Int
    /// From start to end of its rounds, added up.
    var seconds: Double
    /// Mean held-out loss before its first round of training, and after its last.
    var lossBefore: Double?
    var loss: Double?
    /// Its committed rounds but for the statistics; the latest 200.
    var rounds: [Round]

    /// The loops of a log of rounds, oldest first.
    ///
    /// - Parameters:
    ///   - before: how many loops the log had before these.
    ///   - isOver: whether the last one is.
    static func all(in log: [RoundEntry], before: Int, isOver: Bool) -> [LoopEntry] {
        var loops: [LoopEntry] = []
        for entry in log where entry.kind != RoundEntry.restoration {
            let begins = entry.kind == RoundKind.statistics.description
            if loops.isEmpty
                || (begins && loops[loops.count - 1].committed > 0 && entry.round != loops.last?.firstRound)
            {
                loops.append(LoopEntry(number: before + loops.count + 1, entry))
            }
            loops[loops.count - 1].add(entry)
        }
        if !loops.isEmpty { loops[loops.count - 1].open = !isOver }
        return loops
    }

    private init(number: Int, _ entry: RoundEntry) {
        loop = number
        (firstRound, lastRound, open) = (entry.round, entry.round, false)
        (fromVersion, version) = (entry.baseVersion, entry.baseVersion)
        (committed, abandoned, seconds, rounds) = (0, 0, 0, [])
    }

    private mutating func add(_ entry: RoundEntry) {
        seconds += entry.seconds
        guard entry.committed else {
            abandoned += 1
            return
        }
        committed += 1
        lastRound = max(lastRound, entry.round)
        version = entry.version
        guard entry.kind != RoundKind.statistics.description else { return }
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
    /// Rounds that are looked through.
    private static let mostRounds = 10_000

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
        let registry = try VersionRegistry(reading: folder + "/registry.db")
        let decoder = JSONDecoder()
        let log = try registry.rounds(latest: Self.mostRounds).compactMap {
            try? decoder.decode(RoundEntry.self, from: Data($0.record))
        }
        let statistics = RoundKind.statistics.description
        let here = log.count { $0.committed && $0.kind == statistics }
        let number = try registry.loop().map { Int($0.number) + 1 } ?? here
        let loops = LoopEntry.all(in: log, before: max(0, number - here), isOver: state.finished)
        return try .encoding(
            Loops(
                federation: state.federation, version: state.version, finished: state.finished,
                loops: Array(loops.suffix(limit))))
    }
}
