import Foundation
import Glibc
import Platform
import Synchronization
import Watching

/// One reader's place in the stream of alarms.
///
/// Unchecked: used by the thread of its connection only.
final class AlarmCursor: @unchecked Sendable {
    private let log: AlarmLog
    private let board: ServerBoard
    private let view: AlarmView
    private var sequence: Int64
    /// Whether readers hear when operators say something, and what they have heard.
    private let tellsOperations: Bool
    private var revision: Int64
    /// Whether readers hear when workers have told scores, and what they have heard and when.
    private let tellsScores: Bool
    private var scores: UInt64
    private var scoresAt = ContinuousClock.now
    private var idleTurns = 0

    init(log: AlarmLog, board: ServerBoard, view: AlarmView, sequence: Int64, tellsOperations: Bool, tellsScores: Bool)
    {
        self.log = log
        self.board = board
        self.view = view
        self.sequence = sequence
        self.tellsOperations = tellsOperations
        self.tellsScores = tellsScores
        scores = board.lastScores.load(ordering: .acquiring)
        revision = view.operations.revision.load(ordering: .acquiring)
    }

    /// That there are new scores, which says nothing of which: at most once in two seconds, however many workers tell some.
    private func scoresEvent() -> [UInt8]? {
        let told = board.lastScores.load(ordering: .acquiring)
        guard told > scores, .now - scoresAt > .seconds(2) else { return nil }
        (scores, scoresAt) = (told, .now)
        return Array("event: scores\ndata: {\"number\":\(told)}\n\n".utf8)
    }

    /// The next events, or a comment when nothing has happened for a while, so that dead readers are noticed.
    func next() -> [UInt8]? {
        while !board.stopping.load(ordering: .relaxed) {
            let said = view.operations.revision.load(ordering: .acquiring)
            if tellsOperations, said > revision {
                revision = said
                // Without an id: the reader's place in the log stays where it is.
                return Array("event: operations\ndata: {\"number\":\(said)}\n\n".utf8)
            }
            if tellsScores, let event = scoresEvent() { return event }
            if board.lastAlarm.load(ordering: .acquiring) > sequence {
                guard let page = try? log.page(after: sequence, limit: 100) else { return nil }
                if page.last > sequence {
                    sequence = page.last
                    idleTurns = 0
                    // Where the log cannot be read again the events go out without their incidents.
                    try? view.incidents.catchUp(to: page.last)
                    let moment = view.now()
                    var damaged = page.damaged
                    var text = ""
                    for entry in page.entries {
                        guard let event = moment.shown(entry.bytes) else {
                            damaged += 1
                            continue
                        }
                        text +=
                            "id: \(entry.sequence)\nevent: alarm\ndata: \(String(decoding: event, as: UTF8.self))\n\n"
                    }
                    if damaged > 0 { text += ": \(damaged) damaged events up to \(page.last) are left out\n\n" }
                    return Array(text.utf8)
                }
            }
            idleTurns += 1
            if idleTurns % 100 == 1 { return Array(": here\n\n".utf8) }
            usleep(50_000)
        }
        return nil
    }
}

/// A part of the log as one JSON object, made piece by piece while it is sent: what a reader costs does not depend on how
/// much he asks for. What cannot be read is left out and counted.
///
/// Unchecked: used by the thread of its connection only.
final class AlarmListing: @unchecked Sendable {
    /// Bytes after which the rest is another page.
    private static let mostBytes = 8 << 20

    private let log: AlarmLog
    private let view: AlarmView
    private let kind: AlarmLog.Kind?
    private var last: Int64
    private var left: Int
    private var bytes = 0
    private var damaged = 0
    private var hasBegun = false
    private var hasEvent = false
    private var hasEnded = false

    init(log: AlarmLog, view: AlarmView, since: Int64, limit: Int, kind: AlarmLog.Kind?) {
        self.log = log
        self.kind = kind
        self.view = view
        last = since
        left = limit
    }

    func next() -> [UInt8]? {
        guard !hasEnded else { return nil }
        var text = hasBegun ? "" : "{\"alarms\":["
        hasBegun = true
        var hasMore = false
        var failure: String?
        do {
            let page = try log.page(after: last, limit: left, of: kind)
            (last, hasMore) = (page.last, page.hasMore)
            damaged += page.damaged
            try view.incidents.catchUp(to: page.last)
            let moment = view.now()
            for entry in page.entries {
                left -= 1
                guard let event = moment.shown(entry.bytes) else {
                    damaged += 1
                    continue
                }
                text += (hasEvent ? "," : "") + String(decoding: event, as: UTF8.self)
                hasEvent = true
            }
        } catch {
            failure = "\(error)"
        }
        bytes += text.utf8.count
        if hasMore, left > 0, bytes < Self.mostBytes, failure == nil { return Array(text.utf8) }
        hasEnded = true
        text += "],\"damaged\":\(damaged),"
        if let failure { text += "\"error\":\(JSONText.quoted(PrintableText.line(failure, limit: 300)))," }
        return Array((text + "\"last\":\(last),\"more\":\(hasMore)}\n").utf8)
    }
}
