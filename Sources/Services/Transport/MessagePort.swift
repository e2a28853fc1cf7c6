/// The two endpoints of a process: nothing on `bulk` keeps anything on `control` waiting.
package enum PortChannel: Int, CaseIterable, Sendable {
    case control = 0
    case bulk = 1
}

/// A message with the identity of the peer it came from; a worker's only peer, the server, has an empty one.
package struct ReceivedMessage: Equatable, Sendable {
    /// The sender.
    package var peer: [UInt8]
    /// The bytes.
    package var bytes: [UInt8]

    /// A message from a peer.
    package init(peer: [UInt8], bytes: [UInt8]) {
        self.peer = peer
        self.bytes = bytes
    }
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

/// Sends and receives whole messages for one process. Owned by one thread: only ``waker`` may be used from another.
///
/// Messages may be lost, repeated after a reconnection, or reordered between the channels; they are never cut.
package protocol MessagePort: AnyObject {
    /// Makes a ``wait(upTo:)`` return; from any thread.
    var waker: any PortWaker { get }
    /// Returns when a message is there, somebody woke it, or the time is over.
    func wait(upTo limit: Duration) throws(TransportError)
    /// The next message of a channel, if there is one; never waits.
    func receive(on channel: PortChannel) throws(TransportError) -> ReceivedMessage?
    /// Sends to a peer; never waits.
    func send(_ bytes: [UInt8], to peer: [UInt8], on channel: PortChannel) throws(TransportError) -> SendOutcome
    /// Gives messages on their way a moment, then closes.
    func close()
}

/// Wakes a port's owner.
package protocol PortWaker: Sendable {
    /// Makes the port's wait return, now or the next time it begins.
    func wake()
}
