import CommandLine
package import Watching

/// The alarms that a server has, as a client reads them.
package enum AlarmFeed {
    private struct Page: Decodable {
        var alarms: [Readable]
        var last: Int64
        /// Whether there is more behind it; servers of earlier builds do not say.
        var more: Bool?
        /// Events that the server has left out.
        var damaged: Int?
    }

    /// An event, or one that this version cannot read: it hides no other.
    private struct Readable: Decodable {
        var event: AlarmEvent?

        init(from decoder: any Decoder) throws { event = try? AlarmEvent(from: decoder) }
    }

    /// Bytes of a page; a server's are smaller.
    private static let longestPage = 64 << 20

    /// Hands on every event after a number, page by page, oldest first.
    ///
    /// - Returns: how many events could not be read, by the server or here.
    /// - Throws: `CommandLineError` when no server answers or what answers is none.
    package static func read(
        _ peer: HTTPPeer, since: Int64 = 0, _ take: ([AlarmEvent]) throws -> Void
    ) throws -> Int {
        var last = since
        var unreadable = 0
        while true {
            var body: [UInt8] = []
            try check(
                HTTPClient.get(peer, path: "/v1/alarms?since=\(last)") {
                    body += $0
                    return body.count <= longestPage
                })
            let page: Page
            do {
                page = try AlarmEvent.decode(Page.self, from: body)
            } catch {
                throw CommandLineError(.data, "\(peer): its answer is not a list of alarms; is it a server's?")
            }
            let events = page.alarms.compactMap(\.event)
            let (sum, overflow) = unreadable.addingReportingOverflow(max(0, page.damaged ?? 0))
            unreadable = overflow ? .max : min(sum, Int.max / 2) + page.alarms.count - events.count
            try take(events)
            // A server whose numbers do not grow would be asked for ever.
            guard page.more ?? !page.alarms.isEmpty, page.last > last else { return unreadable }
            last = page.last
        }
    }

    private struct Health: Decodable {
        var federation: String
        var lastAlarm: Int64
    }

    /// Whose alarms a server has, and the number of the latest; `nil` where it does not say.
    package static func federation(of peer: HTTPPeer) -> (name: String, lastAlarm: Int64)? {
        var body: [UInt8] = []
        let outcome = HTTPClient.get(peer, path: "/healthz") {
            body += $0
            return body.count <= longestPage
        }
        guard case .finished = outcome, let health = try? AlarmEvent.decode(Health.self, from: body) else { return nil }
        return (health.federation, health.lastAlarm)
    }

    /// - Throws: `CommandLineError` when a request was refused or did not reach a server.
    package static func check(_ outcome: HTTPClient.Outcome) throws {
        switch outcome {
        case .finished: break
        case .unreachable(let reason): throw CommandLineError(.unavailable, reason)
        case .refused(let status, let line):
            throw CommandLineError(.unavailable, "the server answers with status \(status): \(line)")
        }
    }
}
