package import Federation
import Foundation
import Platform
package import Telemetry
package import Watching

/// The server's HTTP interface over a folder of its own, without the server and without sockets: for whoever asks it
/// what no client should.
package final class DetachedInterface: Sendable {
    private let api: ServerAPI
    private let folder: String

    /// An interface whose log has these alarms. Nobody is asked who he is.
    ///
    /// - Throws: `StorageError` or ``ServiceError`` when the folder cannot be had.
    package init(folder path: String, alarms: [AlarmEvent]) throws {
        let folder = try DataFolder(path)
        self.folder = folder.path
        _ = try VersionRegistry(path: folder.file("registry.db"))
        let log = try AlarmLog(path: folder.file("alarms.db"))
        let items = try alarms.enumerated().map { index, event in
            AlarmLog.Item(
                sequence: Int64(index + 1), id: event.id, entity: "\(event.site)/\(event.entity)",
                revision: event.revision, bytes: try event.encoded())
        }
        if try log.lastSequence() == 0 { try log.append(items, delivery: nil, now: 0) }
        let board = ServerBoard()
        board.lastAlarm.store(Int64(alarms.count), ordering: .releasing)
        let library = try FaultLibraryStore(path: folder.file("library.json"))
        let view = AlarmView(
            names: library, incidents: IncidentBook(log: folder.file("alarms.db"), dependencies: DependencyGraph([])),
            operations: try OperatorStore(path: folder.file("operations.db")))
        let forwarding = try ForwardingThreads(
            [], subscriber: { _, _ in nil }, folder: folder, view: view, board: board, federation: "f",
            log: Logger(label: "detached", minimum: .error, sink: MemorySink()))
        let calendars = try CalendarThreads(
            [], folder: folder, operations: view.operations,
            log: Logger(label: "detached", minimum: .error, sink: MemorySink()))
        let authority = HTTPAuthority(isPlain: true, isLocal: true, localToken: "", office: nil)
        // There is no node behind it.
        let orders = ServerOrders {
            switch $0 {
            case .restore(_, let answer): answer(.refused("nothing is restored here"))
            case .tune(_, _, let answer): answer(.failure(ServiceError(.unavailable, "nothing is changed here")))
            default: break
            }
        }
        api = ServerAPI(
            board: board, scores: Box(Self.scores(of: alarms)), clock: MonotonicClock(), folder: folder.path,
            library: library, view: view,
            forwarding: forwarding, calendars: calendars, workbench: Workbench(), tool: "detached",
            authority: authority, office: nil,
            orders: orders,
            configuration: ConfigurationAPI(
                runtime: nil,
                hold: { settings, keep, seconds in
                    orders.tune(try ServerTuning.of(settings).tuning, keep: keep, upTo: seconds)
                }, authority: authority), log: Logger(label: "detached", minimum: .error, sink: MemorySink()))
    }

    /// A strip for each entity that has an alarm.
    private static func scores(of alarms: [AlarmEvent]) -> ScoreStrips {
        var strips = ScoreStrips()
        for (index, event) in alarms.enumerated() {
            let level = ScoreLevel.level(of: event.score)
            strips.take(
                ScoreReport(
                    type: "type", groups: ["radio.cell"],
                    lines: [
                        .init(
                            entity: "\(event.site)/\(event.entity)", time: Double(index), flags: .alarm, whole: level,
                            groups: [level])
                    ]), from: event.worker, inDomain: event.site, at: .zero)
        }
        return strips
    }

    /// Answers a request; streams are read for a while.
    ///
    /// - Parameter target: the path, with its query if there is one.
    /// - Returns: the status; `nil` for a method that no request gets this far with.
    package func answer(_ method: String, _ target: String, type: String?, body: [UInt8]) throws -> Int? {
        guard let method = HTTPRequest.Method(rawValue: method) else { return nil }
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var query: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
            if let name = sides.first, query[name] == nil { query[name] = sides.count > 1 ? sides[1] : "" }
        }
        let (values, path) = (query, parts.first?.removingPercentEncoding ?? "/")
        let request = HTTPRequest(
            method: method, path: path, query: { values[$0] },
            header: { name in
                switch name.lowercased() {
                case "content-type": type
                case "last-event-id": values["last-event-id"]
                default: nil
                }
            }, body: body)
        switch api.answer(request) {
        case .whole(let status, _, _, _): return status
        case .stream(_, let isEndless, _, let next):
            for _ in 0..<(isEndless ? 2 : 1_000) where next() == nil { break }
            return 200
        }
    }

    /// What alarm events say of themselves, as a server reads it; `nil` for bytes that are none.
    package static func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?] { ServerFolder.claims(alarms) }

    /// The rows of a body that asks for scores.
    ///
    /// - Throws: why there are none.
    package func rows(of body: [UInt8], type: String) throws -> MetricFrame {
        let form = try RowsForm(type)
        return try form.frame(of: body, in: folder + "/scoring" + form.suffix, most: 20_000)
    }
}
