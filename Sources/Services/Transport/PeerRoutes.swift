/// Which connection leads to whom, at a port that knows its peers by their keys.
///
/// A peer's identity is whom its key names and a tag that it chooses, such as one for each start of its process: nobody
/// can have another's, whatever he sends. Its connections come and go; the latest one counts.
struct PeerRoutes {
    /// Longest tag, in bytes.
    static let longestTag = 160
    /// Tags of one peer that are remembered; the oldest make room.
    static let mostTags = 64

    private var routes: [[UInt8]: [UInt8]] = [:]
    private var tags: [String: [[UInt8]]] = [:]

    /// A message came over a connection; the peer's identity.
    mutating func note(_ route: [UInt8], of user: String, tag: [UInt8]) -> [UInt8] {
        let peer = Array(user.utf8) + [0] + tag
        if routes.updateValue(route, forKey: peer) == nil {
            var known = tags[user] ?? []
            known.append(tag)
            if known.count > Self.mostTags {
                routes[Array(user.utf8) + [0] + known.removeFirst()] = nil
            }
            tags[user] = known
        }
        return peer
    }

    /// The connection over which a peer was last heard.
    func route(to peer: [UInt8]) -> [UInt8]? { routes[peer] }
}
