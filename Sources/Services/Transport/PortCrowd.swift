import CZeroMQ
package import Federation

/// The connections of many workers to one server in one process: each worker has a key of its own and both of its
/// connections, control and bulk, and speaks for itself alone. For measurements: a worker's own process has a
/// ``ZeroMQPort``, whose sockets cost more descriptors than its connections.
///
/// Two ROUTER sockets that connect: the library takes the keys of a connection, and the name under which it is known here,
/// from what the socket's options are when the connection is asked for (`zmq_connect`), so that one socket can have
/// thousands that differ. Owned by one thread.
package final class PortCrowd {
    private let context: ZeroMQContext
    private let control: ZeroMQSocket
    private let bulk: ZeroMQSocket
    private let addresses: (control: String, bulk: String)
    private let signal: EventSignal
    private var tags: [[UInt8]] = []

    /// A crowd of nobody.
    ///
    /// - Parameters:
    ///   - server: the server's public key.
    ///   - limits: of each connection.
    /// - Throws: ``TransportError`` for what are no addresses, or when there are no sockets to be had.
    package init(
        control: String, bulk: String, server: PublicKey, limits: PortLimits = PortLimits()
    ) throws(TransportError) {
        context = try ZeroMQContext()
        signal = try EventSignal()
        addresses = (try Endpoint(control).connected(), try Endpoint(bulk).connected())
        self.control = try Self.socket(context, server, bytes: limits.controlBytes, queue: limits.controlQueue)
        self.bulk = try Self.socket(context, server, bytes: limits.bulkBytes, queue: limits.bulkQueue)
    }

    private static func socket(
        _ context: ZeroMQContext, _ server: PublicKey, bytes: Int, queue: Int
    ) throws(TransportError) -> ZeroMQSocket {
        let socket = try ZeroMQSocket(context, type: ZMQ_ROUTER)
        try socket.set(ZMQ_MAXMSGSIZE, to: Int64(bytes))
        try socket.set(ZMQ_SNDHWM, to: Int32(clamping: queue))
        try socket.set(ZMQ_RCVHWM, to: Int32(clamping: queue))
        try socket.set(ZMQ_LINGER, to: Int32(0))
        try socket.set(ZMQ_ROUTER_MANDATORY, to: Int32(1))
        try socket.set(ZMQ_RECONNECT_IVL, to: Int32(100))
        try socket.set(ZMQ_RECONNECT_IVL_MAX, to: Int32(500))
        try socket.set(ZMQ_CURVE_SERVERKEY, to: server.bytes)
        return socket
    }

    /// How many there are.
    package var count: Int { tags.count }

    /// Connects one more in the background, for as long as the crowd lives.
    ///
    /// - Parameters:
    ///   - keys: its own.
    ///   - tag: what it sends before each message, the same on both connections.
    /// - Returns: its number, from 0 on.
    package func connect(_ keys: CurveKeys, tag: [UInt8]) throws(TransportError) -> Int {
        let name = Self.name(tags.count)
        try Self.connect(control, to: addresses.control, as: name, keys)
        try Self.connect(bulk, to: addresses.bulk, as: name, keys)
        tags.append(tag)
        return tags.count - 1
    }

    private static func connect(
        _ socket: borrowing ZeroMQSocket, to address: String, as name: [UInt8], _ keys: CurveKeys
    ) throws(TransportError) {
        try socket.set(ZMQ_CURVE_PUBLICKEY, to: keys.publicKey.bytes)
        try socket.set(ZMQ_CURVE_SECRETKEY, to: keys.secret)
        try socket.set(ZMQ_CONNECT_ROUTING_ID, to: name)
        try socket.connect(address)
    }

    /// A connection's name here; the library keeps names that begin with a zero for itself.
    private static func name(_ number: Int) -> [UInt8] {
        [1] + (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    private static func number(_ name: [UInt8]) -> Int? {
        guard name.count == 5, name[0] == 1 else { return nil }
        return (0..<4).reduce(0) { $0 | Int(name[$1 + 1]) << (8 * $1) }
    }

    /// The next message for somebody of the crowd, if there is one.
    package func receive(on channel: Message.Channel) throws(TransportError) -> (member: Int, bytes: Bytes)? {
        while true {
            let frames =
                switch channel {
                case .control: try control.receive(frameLimit: 2)
                case .bulk: try bulk.receive(frameLimit: 2)
                }
            guard let frames else { return nil }
            guard frames.count == 2, let number = Self.number(frames[0].array), number < tags.count else { continue }
            return (number, frames[1])
        }
    }

    /// Sends for a member.
    package func send(
        _ message: EncodedMessage, from member: Int, on channel: Message.Channel
    ) throws(TransportError) -> SendOutcome {
        switch channel {
        case .control: try Self.send(message, as: Self.name(member), after: tags[member], over: control)
        case .bulk: try Self.send(message, as: Self.name(member), after: tags[member], over: bulk)
        }
    }

    private static func send(
        _ message: EncodedMessage, as name: [UInt8], after tag: [UInt8], over socket: borrowing ZeroMQSocket
    ) throws(TransportError) -> SendOutcome {
        let outcome = try socket.send(name, more: true)
        guard outcome == .queued else { return outcome }
        _ = try socket.send(tag, more: true)
        return try socket.send(message, more: false)
    }

    /// Returns when there is a message for somebody, or the time is over.
    package func wait(upTo limit: Duration) throws(TransportError) {
        try ZeroMQSocket.wait(control, bulk, signal, upTo: limit)
    }
}
