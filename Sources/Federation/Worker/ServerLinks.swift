import Platform

/// The connections of a worker to its server: how far they have come, and when others are made in their place.
///
/// A connection that was cut without a word looks alive for minutes: new ones are made, again and again, so that the first
/// that can be made is used at once. One that could be made gets longer each time to bring an answer: over a slow link its
/// handshake takes several round trips.
struct ServerLinks: Sendable {
    /// Longest time that a connection that was made has to bring an answer.
    private static let longestPatience: Duration = .seconds(60)
    /// Time that an attempt to make one has; the port makes the next one by itself.
    private static let connectPatience: Duration = .seconds(10)
    /// A registration that is not answered is sent again after so many times two of the usual interval at most.
    private static let mostDoublings = 3

    /// What the port says, by channel; empty where nobody can know.
    private var links: [Message.Channel: PortLink] = [:]
    /// When connections were last made anew; `nil` once the server was heard over them.
    private var lastReconnect: Instant?
    private var hasHeard = false
    /// When the control connection was first open, and when ready, since then.
    private var openSince: Instant?
    private var readySince: Instant?
    /// Connections in a row that were made and brought no answer.
    private var fruitless = 0
    /// Registrations in a row over one connection that were not answered.
    private var unansweredRegistrations = 0

    /// What became of a connection.
    struct Change {
        /// Whether messages can pass over a new one.
        let isNew: Bool
        /// Whether one over which they could pass is gone.
        let isLost: Bool
    }

    /// The server was heard.
    mutating func heard() {
        lastReconnect = nil
        hasHeard = true
        (openSince, readySince) = (nil, nil)
        fruitless = 0
    }

    /// Time after which a registration is sent again that begins now. Over a connection that is made nothing is lost: what
    /// is not answered is on its way.
    mutating func registrationInterval(_ usual: Duration, hasLease: Bool) -> Duration {
        guard links[.control]?.isReady ?? false, !hasLease else { return usual }
        defer { unansweredRegistrations += 1 }
        return usual.doubled(min(unansweredRegistrations, Self.mostDoublings))
    }

    /// What is said of a server that is silent. A connection over which it was heard may be dead; a new one is not.
    var silence: StaticString {
        let isOpen = links[.control]?.isOpen ?? false
        return isOpen && (lastReconnect != nil || !hasHeard) ? "connected, no answer yet" : "server unreachable"
    }

    /// Whether others are to be made now, which begins their time.
    ///
    /// - Parameter limit: the silence after which a connection that was good for something is taken for dead.
    mutating func renews(lastHeard: Instant, silentFor limit: Duration, at now: Instant) -> Bool {
        guard now - lastHeard > limit else { return false }
        var patience = limit
        if let link = links[.control] {
            patience = limit.doubled(fruitless, atMost: Self.longestPatience)
            if !link.isOpen, openSince == nil { patience = max(patience, Self.connectPatience) }
        }
        // Whatever brings a connection further shows that it lives.
        let since = [lastReconnect, openSince, readySince].compactMap(\.self).max() ?? lastHeard
        guard now - max(since, lastHeard) > patience else { return false }
        if openSince != nil, lastReconnect != nil || !hasHeard { fruitless += 1 }
        lastReconnect = now
        (openSince, readySince) = (nil, nil)
        return true
    }

    /// A connection has come further, or was lost.
    mutating func update(_ channel: Message.Channel, _ link: PortLink, at now: Instant) -> Change {
        let before = links.updateValue(link, forKey: channel) ?? PortLink()
        let isNew = link.isReady && link.made != before.made
        if channel == .control {
            // Only the first time: one that the server ends again and again brings nothing.
            if link.isOpen || link.isReady, openSince == nil { openSince = now }
            if isNew {
                if readySince == nil { readySince = now }
                unansweredRegistrations = 0
            }
        }
        return Change(isNew: isNew, isLost: before.isReady && (!link.isReady || isNew))
    }
}
