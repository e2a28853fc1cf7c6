import CZeroMQ
import Federation

/// Hears from the library how far the connection of a socket that connects has come, and whether the other side refused its
/// key. Owned by the thread of its socket.
struct LinkMonitor: ~Copyable {
    private let socket: ZeroMQSocket
    /// How far the connection has come.
    private(set) var link: PortLink
    private var isRefused = false

    /// Watches a socket that has not connected yet.
    ///
    /// - Parameters:
    ///   - number: another for each monitor of a context.
    ///   - made: connections that were made before by sockets in whose place this one is.
    init(
        of watched: borrowing ZeroMQSocket, _ context: ZeroMQContext, number: Int, made: Int
    ) throws(TransportError) {
        let address = "inproc://link-\(number)"
        try watched.monitor(
            ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED
                | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
                | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, at: address)
        let socket = try ZeroMQSocket(context, type: ZMQ_PAIR)
        // The library waits for whoever listens to its monitor: nothing may ever be full here.
        try socket.set(ZMQ_RCVHWM, to: Int32(0))
        try socket.set(ZMQ_LINGER, to: Int32(0))
        try socket.connect(address)
        self.socket = socket
        link = PortLink(made: made)
    }

    /// Takes what has happened meanwhile.
    mutating func look() throws(TransportError) {
        while let frames = try socket.receive(frameLimit: 2) {
            // A number (2 bytes) of the machine's own order begins an event.
            guard let first = frames.first?.array, first.count == 6 else { continue }
            switch Int32(UInt16(first[0]) | UInt16(first[1]) << 8) {
            case ZMQ_EVENT_CONNECTED: link.isOpen = true
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
                (link.isOpen, link.isReady) = (true, true)
                link.made += 1
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
                isRefused = true
                (link.isOpen, link.isReady) = (false, false)
            default: (link.isOpen, link.isReady) = (false, false)
            }
        }
    }

    /// Whether the key was refused since this was last asked.
    mutating func takeRefusal() -> Bool {
        defer { isRefused = false }
        return isRefused
    }
}
