import Federation
import Foundation
import Platform
import Synchronization

/// `/v1/placement/nodes`: the nodes that a cluster's engine could run workers on, and what it should run on each.
final class CandidatesAPI: Sendable {
    /// The path.
    static let path = "/v1/placement/nodes"
    /// Bytes of a list of as many nodes as may be, with names and reasons of ordinary length.
    static let longestBody = 2 << 20

    private let board: ServerBoard
    private let authority: HTTPAuthority
    private let orders: ServerOrders
    /// The latest list.
    private let latest = Mutex(CandidateList(number: 0, timeToLive: .zero, nodes: []))

    init(board: ServerBoard, authority: HTTPAuthority, orders: ServerOrders) {
        self.board = board
        self.authority = authority
        self.orders = orders
    }

    /// Lists of many nodes; nobody sends one without being allowed to.
    var largeBodies: HTTPServer.LargeBodies {
        HTTPServer.LargeBodies(method: .put, path: Self.path, longest: Self.longestBody, atOnce: 4) {
            [authority] in authority.refusal(of: $0, needing: .operate)
        }
    }

    /// Answers a request for the path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        switch request.method {
        case .get:
            guard let nodes = board.current.placementNodes else { throw Problem(404, ServerAPI.noPlacement) }
            return try .encoding(nodes)
        case .put:
            if let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
            guard board.current.placementNodes != nil else { throw Problem(409, ServerAPI.noPlacement) }
            return try put(try CandidateReader.read(request), request)
        case .post, .patch, .delete:
            throw Problem(405, "GET what should run where; PUT the nodes that could run a worker")
        }
    }

    private struct Taken: Encodable {
        var list: Int
        var nodes: Int
        var ttlSeconds: Double
    }

    private func put(_ read: CandidateList, _ request: HTTPRequest) throws -> HTTPResponse {
        // In the order of their numbers, whichever connection is faster.
        let (list, isNews) = latest.withLock { latest in
            var list = read
            list.number = latest.number + 1
            let isNews = Self.outline(list) != Self.outline(latest)
            latest = list
            orders.put(.candidates(list))
            return (list, isNews)
        }
        if isNews {
            let able = list.nodes.count(where: \.canHost)
            authority.audit(request, "\(list.nodes.count) nodes could run a worker, \(able) of them now")
        }
        return try .encoding(
            Taken(list: list.number, nodes: list.nodes.count, ttlSeconds: list.timeToLive.seconds))
    }

    /// What makes a list worth a line in the audit log: they come every few seconds.
    private static func outline(_ list: CandidateList) -> [String: Bool] {
        Dictionary(list.nodes.map { ($0.name, $0.canHost) }, uniquingKeysWith: { first, _ in first })
    }
}
