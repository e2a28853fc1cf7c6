import CommandLine
package import Watching

/// The alarms that a server has, as a client reads them.
package enum AlarmFeed {
    private struct Page: Decodable {
        var alarms: [AlarmEvent]
        var last: Int64
    }

    /// Hands on every event after a number, page by page, oldest first.
    ///
    /// - Throws: `CommandLineError` when no server answers or what answers is none.
    package static func read(host: String, port: Int, since: Int64 = 0, _ take: ([AlarmEvent]) throws -> Void) throws {
        var last = since
        while true {
            var body: [UInt8] = []
            try check(
                HTTPClient.get(host: host, port: port, path: "/v1/alarms?since=\(last)") {
                    body += $0
                    return true
                })
            let page: Page
            do {
                page = try AlarmEvent.decode(Page.self, from: body)
            } catch {
                throw CommandLineError(.data, "\(host):\(port): its answer is not a list of alarms; is it a server's?")
            }
            try take(page.alarms)
            // A server whose numbers do not grow would be asked for ever.
            guard !page.alarms.isEmpty, page.last > last else { break }
            last = page.last
        }
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
