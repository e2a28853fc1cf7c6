package import Platform

/// A message with the identity of the peer it came from; a worker's only peer, the server, has an empty one.
package struct ArrivedMessage: Equatable, Sendable {
    /// The sender.
    package var peer: [UInt8]
    /// Whose key its connection has.
    package var caller: Caller
    /// The bytes.
    package var bytes: Bytes

    /// A message from a peer.
    package init(peer: [UInt8], caller: Caller = .anybody, bytes: Bytes) {
        self.peer = peer
        self.caller = caller
        self.bytes = bytes
    }

    /// A message from a peer.
    package init(peer: [UInt8], caller: Caller = .anybody, bytes: [UInt8]) {
        self.init(peer: peer, caller: caller, bytes: Bytes(bytes))
    }
}

/// A message to be sent: its head, and what may be a large part of something else. They travel as one.
package struct EncodedMessage: Equatable, Sendable {
    /// The envelope and the small fields.
    package var head: [UInt8]
    /// What follows; often empty.
    package var body: Bytes

    /// A message of a head and what follows.
    package init(head: [UInt8], body: Bytes = []) {
        self.head = head
        self.body = body
    }

    /// All of it; a copy.
    package var bytes: [UInt8] { body.count == 0 ? head : head + body.array }
    /// How many bytes that are.
    package var count: Int { head.count + body.count }
}

/// What became of a message that was to be sent.
package enum SendOutcome: Equatable, Sendable {
    /// It is on its way; it may still be lost.
    case queued
    /// Nobody is connected under that identity.
    case unreachable
    /// The peer reads too slowly: its queue is full and the message was dropped.
    case full
}

/// How far a connection has come that a port makes.
package struct PortLink: Equatable, Sendable {
    /// Whether the other side has taken the connection; nothing may have been said over it yet.
    package var isOpen = false
    /// Whether messages can pass: each side knows whose the other's key is.
    package var isReady = false
    /// How often that came about.
    package var made = 0

    /// A connection in any state.
    package init(isOpen: Bool = false, isReady: Bool = false, made: Int = 0) {
        self.isOpen = isOpen
        self.isReady = isReady
        self.made = made
    }
}

/// The sockets of a node: whole messages, which may be lost, repeated after a reconnection, or reordered between the
/// channels, and are never cut. Used by the node's thread only; nothing here waits.
///
/// A port takes turns between its peers: where one of them sends without end, a message of another waits for one of
/// each peer at most.
package protocol NodePort: AnyObject {
    /// The next message of a channel, if there is one.
    ///
    /// - Throws: what ends the node.
    func receive(on channel: Message.Channel) throws -> ArrivedMessage?
    /// Sends to a peer; a worker's port knows only the server, whatever the identity.
    ///
    /// - Throws: what ends the node.
    func send(_ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel) throws -> SendOutcome
    /// Lets go of connections that may be dead and makes new ones; nothing happens at a server.
    ///
    /// - Throws: what ends the node.
    func reconnect() throws
    /// How far the connection of a channel has come; `nil` where nobody can know, and at a server.
    ///
    /// - Throws: what ends the node.
    func link(on channel: Message.Channel) throws -> PortLink?
    /// The server will have this key, or has it by now; nothing happens where nobody has keys.
    ///
    /// - Throws: what ends the node.
    func learn(serverKey: PublicKey, isDue: Bool) throws
    /// Gives messages on their way a moment, then closes.
    func close()
}

extension NodePort {
    /// Sends bytes that are in one array.
    package func send(_ bytes: [UInt8], to peer: [UInt8], on channel: Message.Channel) throws -> SendOutcome {
        try send(EncodedMessage(head: bytes), to: peer, on: channel)
    }

    /// Nothing happens.
    package func reconnect() throws {}

    /// Nobody can know.
    package func link(on channel: Message.Channel) throws -> PortLink? { nil }

    /// Nothing happens.
    package func learn(serverKey: PublicKey, isDue: Bool) throws {}
}

/// What a node takes for the time.
package protocol NodeClock: Sendable {
    /// The present instant on a line of its own; never goes back, and may jump ahead when the machine was suspended.
    var now: Instant { get }
}
