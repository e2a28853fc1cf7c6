import Foundation
import Platform
import Services
import Synchronization

/// Grafana's annotations as its HTTP API has them: POST makes one, PATCH changes some members, GET finds them by tags.
final class FakeGrafana: Sendable {
    struct Annotation: Sendable {
        var id: Int64
        var time: Int64
        var timeEnd: Int64
        var text: String
        var tags: [String]
        var dashboard: String?
        var panel: Int64?
    }

    /// What is kept, by number.
    private let kept = Mutex<[Int64: Annotation]>([:])
    /// Requests that are taken, and whose answer is then another one.
    private let lost = Mutex<@Sendable (Peer.Request) -> Int?>({ _ in nil })
    let peer: Peer

    var annotations: [Annotation] { kept.withLock { $0.values.sorted { $0.id < $1.id } } }

    init() throws {
        peer = try Peer()
        peer.replies { [unowned self] request in
            guard request.authorization == "Bearer glsa_x" else { return .text(401, "Unauthorized\n") }
            let answer = kept.withLock { Self.answer(request, &$0) }
            if let status = lost.withLock({ $0 })(request) { return .text(status, "\n") }
            return answer
        }
    }

    /// Does what is asked for, and says something else.
    func loses(_ body: @escaping @Sendable (Peer.Request) -> Int?) { lost.withLock { $0 = body } }

    /// As by somebody in front of it.
    func removeAll() { kept.withLock { $0 = [:] } }

    private static func answer(_ request: Peer.Request, _ kept: inout [Int64: Annotation]) -> HTTPResponse {
        let root = "/api/annotations"
        let tags = request.json["tags"]?.elements.compactMap(\.text)
        switch request.method {
        case "GET" where request.path == root:
            let wanted = request.query["tags"].map { [$0] } ?? []
            let dashboard = request.query["dashboardUID"]
            let found = kept.values.filter { annotation in
                wanted.allSatisfy(annotation.tags.contains) && (dashboard == nil || annotation.dashboard == dashboard)
            }.sorted { $0.id > $1.id }.prefix(Int(request.query["limit"] ?? "") ?? 100)
            let list = JSONValue.array(
                found.map {
                    .object([
                        "id": JSONValue($0.id), "alertId": .number(0), "dashboardUID": .string($0.dashboard ?? ""),
                        "panelId": JSONValue($0.panel ?? 0), "time": JSONValue($0.time),
                        "timeEnd": JSONValue($0.timeEnd), "text": .string($0.text),
                        "tags": .array($0.tags.map(JSONValue.string)), "data": .object([:]),
                    ])
                })
            return .json(Array(list.description.utf8))
        case "POST" where request.path == root:
            guard let text = request.json["text"]?.text, !text.isEmpty, let time = request.json["time"]?.whole else {
                return .text(400, "Failed to save annotation\n")
            }
            let id = (kept.keys.max() ?? 0) + 1
            kept[id] = Annotation(
                id: id, time: time, timeEnd: request.json["timeEnd"]?.whole ?? time, text: text, tags: tags ?? [],
                dashboard: request.json["dashboardUID"]?.text, panel: request.json["panelId"]?.whole)
            return .json(Array(#"{"message":"Annotation added","id":\#(id)}"#.utf8))
        case "PATCH":
            guard let id = Int64(request.path.dropFirst(root.count + 1)), var one = kept[id] else {
                return .text(404, "Could not find annotation to update\n")
            }
            if let text = request.json["text"]?.text { one.text = text }
            if let tags { one.tags = tags }
            if let time = request.json["time"]?.whole, time > 0 { one.time = time }
            if let end = request.json["timeEnd"]?.whole, end > 0 { one.timeEnd = end }
            kept[id] = one
            return .json(Array(#"{"message":"Annotation patched"}"#.utf8))
        default: return .text(404, "Not found\n")
        }
    }
}
