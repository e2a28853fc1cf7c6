package import Federation

/// The port of a node that runs on a thread of its own: the thread waits here between the node's turns. Owned by that
/// thread: only ``waker`` may be used from another.
package protocol MessagePort: NodePort {
    /// Makes a ``wait(upTo:)`` return; from any thread.
    var waker: any PortWaker { get }
    /// Returns when a message is there, somebody woke it, or the time is over.
    func wait(upTo limit: Duration) throws(TransportError)
    /// The same, but what arrives on the bulk channel ends no wait: its owner does not want it now.
    func waitForControl(upTo limit: Duration) throws(TransportError)
}

extension MessagePort {
    /// Returns for the bulk channel too.
    package func waitForControl(upTo limit: Duration) throws(TransportError) { try wait(upTo: limit) }
}

/// Wakes a port's owner.
package protocol PortWaker: Sendable {
    /// Makes the port's wait return, now or the next time it begins.
    func wake()
}
