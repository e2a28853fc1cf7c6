import CZeroMQ
package import Federation

/// Bounds of the two endpoints.
package struct PortLimits: Sendable {
    /// Largest message on the control endpoint; a peer that sends a larger one is disconnected.
    package var controlBytes = 4 << 20
    /// Largest message on the bulk endpoint.
    package var bulkBytes = WireLimits.message + 4_096
    /// Messages that may wait for one peer on the control endpoint.
    package var controlQueue = 16
    /// Messages that may wait for one peer on the bulk endpoint: with the size above, what a slow reader may hold.
    package var bulkQueue = 4
    /// Bytes that may wait on each endpoint over all peers, whole messages and those that are not finished.
    package var heldBytes = 256 << 20
    /// Time after which an attempt to connect is given up and made anew: on a network that swallows everything, the
    /// system's own attempts come ever more seldom (since Linux 6.5 after 1, 2, 3, 4 and 5 s, before that after 1 and 3 s).
    /// No round trip can be longer.
    package var connectTimeout: Duration = .seconds(5)
    /// Time that a handshake has: three round trips, and on a slow link more than their time. Who connects and says nothing
    /// holds a descriptor for that long.
    package var handshakeTimeout: Duration = .seconds(15)
    /// Time that messages on their way have when the port closes.
    package var linger: Duration = .milliseconds(250)

    /// The defaults.
    package init() {}
}

/// Two ZeroMQ sockets, one for control and one for bulk: ROUTER at the server, DEALER at a worker.
///
/// Owned by one thread, as ZeroMQ sockets must be. What libzmq leaves open by default is set: the size of messages, the
/// back-off of reconnections, errors for peers that are not there, and a worker that comes back under its identity takes
/// that identity over (with the default it would be lost silently after one oversize message).
package final class ZeroMQPort: MessagePort {
    private var control: ZeroMQSocket
    private var bulk: ZeroMQSocket
    private let routes: Bool
    private let signal: EventSignal
    private let context: ZeroMQContext
    private let limits: PortLimits
    private var security: PortSecurity
    /// Answers for the keys of those who connect; lives as long as the sockets.
    private let door: HandshakeDoor?
    /// Cuts the connections of addresses that have too many.
    private var guardian: ConnectionGuard?
    /// What the library holds of connections, by channel, where they are watched.
    private var held: [HeldBytes] = []
    /// Where those who connected are, by channel.
    private var routeBooks = [PeerRoutes(), PeerRoutes()]
    /// What it connects to, where it does.
    private var remote: (control: String?, bulk: String, identity: [UInt8])?
    /// How far the connections have come, where it connects.
    private var controlMonitor: LinkMonitor?
    private var bulkMonitor: LinkMonitor?
    private var monitors = 0

    private init(
        routes: Bool, context: ZeroMQContext, limits: PortLimits, security: PortSecurity, signal: EventSignal? = nil,
        quota: SharedQuota? = nil
    ) throws(TransportError) {
        self.routes = routes
        self.context = context
        self.limits = limits
        self.security = security
        if let signal { self.signal = signal } else { self.signal = try EventSignal() }
        // Before any socket that needs its answers: without it none of them could be let in.
        if case .listening(_, let gate) = security {
            door = try HandshakeDoor(context, gate: gate, quota: quota)
        } else {
            door = nil
        }
        control = try Self.socket(.control, routes: routes, context, limits, security)
        bulk = try Self.socket(.bulk, routes: routes, context, limits, security)
    }

    private static func socket(
        _ channel: Message.Channel, routes: Bool, _ context: ZeroMQContext, _ limits: PortLimits,
        _ security: PortSecurity
    ) throws(TransportError) -> ZeroMQSocket {
        let socket = try ZeroMQSocket(context, type: routes ? ZMQ_ROUTER : ZMQ_DEALER)
        let isControl = channel == .control
        try configure(
            socket, routes: routes, bytes: isControl ? limits.controlBytes : limits.bulkBytes,
            queue: isControl ? limits.controlQueue : limits.bulkQueue, limits)
        try secure(socket, security)
        return socket
    }

    private static func secure(
        _ socket: borrowing ZeroMQSocket, _ security: PortSecurity
    ) throws(TransportError) {
        switch security {
        case .plain: return
        case .listening(let keys, _):
            try socket.set(ZMQ_CURVE_SERVER, to: Int32(1))
            try socket.set(ZMQ_CURVE_SECRETKEY, to: keys.secret)
            // Without somebody who answers for keys nobody gets in, instead of everybody.
            try socket.set(ZMQ_ZAP_DOMAIN, to: Array("faultline".utf8))
            try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, to: Int32(1))
            // Names of connections are the library's own, and nobody takes over another's.
            try socket.set(ZMQ_ROUTER_HANDOVER, to: Int32(0))
        case .connecting(let keys, let server):
            try socket.set(ZMQ_CURVE_SERVERKEY, to: server.bytes)
            try socket.set(ZMQ_CURVE_PUBLICKEY, to: keys.publicKey.bytes)
            try socket.set(ZMQ_CURVE_SECRETKEY, to: keys.secret)
        }
    }

    private static func configure(
        _ socket: borrowing ZeroMQSocket, routes: Bool, bytes: Int, queue: Int, _ limits: PortLimits
    ) throws(TransportError) {
        try socket.set(ZMQ_MAXMSGSIZE, to: Int64(bytes))
        try socket.set(ZMQ_SNDHWM, to: Int32(clamping: queue))
        try socket.set(ZMQ_RCVHWM, to: Int32(clamping: queue))
        try socket.set(
            ZMQ_LINGER, to: Int32(clamping: limits.linger.components.attoseconds / 1_000_000_000_000_000))
        // A peer whose machine went away without a word is disconnected, and what waits for it is freed. The system asks, not
        // ZeroMQ's heartbeats: in libzmq 4.3.4 their timer aborts the process when a peer has closed a connection of which
        // nothing is read just then (`timer_event` calls `out_event`, which asserts that there was no error).
        try socket.set(ZMQ_TCP_KEEPALIVE, to: Int32(1))
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, to: Int32(4))
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, to: Int32(1))
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, to: Int32(3))
        // Over a slow link what is answered is answered late.
        try socket.set(ZMQ_TCP_MAXRT, to: Int32(20_000))
        try socket.set(ZMQ_HANDSHAKE_IVL, to: Int32(clamping: limits.handshakeTimeout.milliseconds))
        try socket.set(ZMQ_IPV6, to: Int32(1))
        if routes {
            try socket.set(ZMQ_BACKLOG, to: Int32(512))
            try socket.set(ZMQ_ROUTER_MANDATORY, to: Int32(1))
            try socket.set(ZMQ_ROUTER_HANDOVER, to: Int32(1))
        } else {
            try socket.set(ZMQ_RECONNECT_IVL, to: Int32(100))
            try socket.set(ZMQ_RECONNECT_IVL_MAX, to: Int32(500))
            try socket.set(ZMQ_CONNECT_TIMEOUT, to: Int32(clamping: limits.connectTimeout.milliseconds))
            // Nothing piles up for a server that is not there.
            try socket.set(ZMQ_IMMEDIATE, to: Int32(1))
        }
    }

    /// A server's port, listening.
    ///
    /// - Parameters:
    ///   - control: such as `tcp://127.0.0.1:7411`; port `*` lets the system choose.
    ///   - bulk: another address.
    ///   - quota: what one address may have, and where is counted what it may not; `nil`: as much as it likes.
    /// - Throws: ``TransportError`` when an address cannot be had.
    package static func listening(
        control: String, bulk: String, security: PortSecurity = .plain, limits: PortLimits = PortLimits(),
        quota: (limits: ConnectionQuota.Limits, refused: RefusedConnections)? = nil
    ) throws(TransportError) -> ZeroMQPort {
        let shared = quota.map { SharedQuota($0.limits, refused: $0.refused) }
        let port = try ZeroMQPort(
            routes: true, context: ZeroMQContext(), limits: limits, security: security, quota: shared)
        if let shared {
            let addresses = ["inproc://connections-control", "inproc://connections-bulk"]
            try port.control.monitor(ConnectionGuard.events, at: addresses[0])
            try port.bulk.monitor(ConnectionGuard.events, at: addresses[1])
            port.held = port.heldBytes()
            port.guardian = try ConnectionGuard(port.context, addresses: addresses, held: port.held, quota: shared)
        }
        try port.control.bind(try Endpoint(control).bound())
        try port.bulk.bind(try Endpoint(bulk).bound())
        return port
    }

    private func heldBytes() -> [HeldBytes] {
        [
            HeldBytes(most: limits.controlBytes * limits.controlQueue, together: limits.heldBytes),
            HeldBytes(most: limits.bulkBytes * limits.bulkQueue, together: limits.heldBytes),
        ]
    }

    /// A worker's port, connecting in the background for as long as it lives.
    package static func connecting(
        control: String, bulk: String, identity: [UInt8], security: PortSecurity = .plain,
        limits: PortLimits = PortLimits()
    ) throws(TransportError) -> ZeroMQPort {
        try connecting(
            control: control, bulk: bulk, identity: identity, security: security, limits: limits, signal: nil)
    }

    /// The same, woken by a signal that there is already.
    static func connecting(
        control: String, bulk: String, identity: [UInt8], security: PortSecurity, limits: PortLimits = PortLimits(),
        signal: EventSignal?
    ) throws(TransportError) -> ZeroMQPort {
        let port = try ZeroMQPort(
            routes: false, context: ZeroMQContext(), limits: limits, security: security, signal: signal)
        port.remote = (try Endpoint(control).connected(), try Endpoint(bulk).connected(), identity)
        try port.connect()
        return port
    }

    /// A port that listens on one address, with the limits of bulk; the other channel stays unused.
    ///
    /// - Throws: ``TransportError`` when the address cannot be had.
    package static func listening(
        data address: String, security: PortSecurity = .plain, limits: PortLimits = PortLimits()
    ) throws(TransportError) -> ZeroMQPort {
        let port = try ZeroMQPort(routes: true, context: ZeroMQContext(), limits: limits, security: security)
        try port.bulk.bind(try Endpoint(address).bound())
        return port
    }

    /// A port that connects to one address, with the limits of bulk; the other channel stays unused.
    package static func connecting(
        data address: String, identity: [UInt8], security: PortSecurity = .plain, limits: PortLimits = PortLimits()
    ) throws(TransportError) -> ZeroMQPort {
        let port = try ZeroMQPort(routes: false, context: ZeroMQContext(), limits: limits, security: security)
        port.remote = (nil, try Endpoint(address).connected(), identity)
        try port.connect()
        return port
    }

    private func connect() throws(TransportError) {
        guard let remote else { return }
        switch security {
        case .connecting: break
        case .plain, .listening:
            try control.set(ZMQ_ROUTING_ID, to: remote.identity)
            try bulk.set(ZMQ_ROUTING_ID, to: remote.identity)
        }
        let made = (controlMonitor?.link.made ?? 0, bulkMonitor?.link.made ?? 0)
        monitors += 2
        if remote.control != nil {
            controlMonitor = try LinkMonitor(of: control, context, number: monitors, made: made.0)
        }
        bulkMonitor = try LinkMonitor(of: bulk, context, number: monitors + 1, made: made.1)
        if let address = remote.control { try control.connect(address) }
        try bulk.connect(remote.bulk)
    }

    /// New sockets in place of those that connect.
    package func reconnect() throws(TransportError) {
        guard remote != nil else { return }
        try control.set(ZMQ_LINGER, to: Int32(0))
        try bulk.set(ZMQ_LINGER, to: Int32(0))
        control = try Self.socket(.control, routes: routes, context, limits, security)
        bulk = try Self.socket(.bulk, routes: routes, context, limits, security)
        try connect()
    }

    /// Time for which an address that was given up a moment ago is asked for again.
    private static let rebindPatience: Duration = .seconds(2)

    /// Another key from now on, under the same addresses. Connections that were made with the one before end.
    package func take(_ keys: CurveKeys) throws(TransportError) {
        guard case .listening(_, let gate) = security else { return }
        security = .listening(keys, gate)
        for isControl in [true, false] {
            let address = try isControl ? control.boundAddress() : bulk.boundAddress()
            if isControl {
                try control.unbind(address)
                try control.set(ZMQ_CURVE_SECRETKEY, to: keys.secret)
            } else {
                try bulk.unbind(address)
                try bulk.set(ZMQ_CURVE_SECRETKEY, to: keys.secret)
            }
            let end = ContinuousClock.now + Self.rebindPatience
            while true {
                do throws(TransportError) {
                    if isControl { try control.bind(address) } else { try bulk.bind(address) }
                    break
                } catch {
                    // The library lets go of it on a thread of its own.
                    guard error.code == .addressInUse, ContinuousClock.now < end else { throw error }
                    signal.wait(upTo: .milliseconds(1))
                }
            }
        }
    }

    /// Whether the server has refused this port's key since it was last asked.
    package func takeRefusal() throws(TransportError) -> Bool {
        try controlMonitor?.look()
        try bulkMonitor?.look()
        let byControl = controlMonitor?.takeRefusal() ?? false
        let byBulk = bulkMonitor?.takeRefusal() ?? false
        return byControl || byBulk
    }

    package func link(on channel: Message.Channel) throws(TransportError) -> PortLink? {
        switch channel {
        case .control:
            try controlMonitor?.look()
            return controlMonitor?.link
        case .bulk:
            try bulkMonitor?.look()
            return bulkMonitor?.link
        }
    }

    /// The addresses that it listens on; empty where it does not.
    package func boundAddresses() throws(TransportError) -> (control: String, bulk: String) {
        (try control.boundAddress(), try bulk.boundAddress())
    }

    package var waker: any PortWaker { signal }

    package func wait(upTo limit: Duration) throws(TransportError) {
        try ZeroMQSocket.wait(control, bulk, signal, upTo: limit)
    }

    package func waitForControl(upTo limit: Duration) throws(TransportError) {
        try ZeroMQSocket.wait(control, signal, upTo: limit)
    }

    package func receive(on channel: Message.Channel) throws(TransportError) -> ArrivedMessage? {
        let asks = door != nil
        let expected = asks ? 3 : routes ? 2 : 1
        while true {
            var user: String?
            let frames =
                switch channel {
                case .control:
                    try control.receive(frameLimit: expected, asking: asks, user: &user, held: held.first)
                case .bulk: try bulk.receive(frameLimit: expected, asking: asks, user: &user, held: held.last)
                }
            guard let frames else { return nil }
            // A message of another number of frames is not of this protocol.
            guard frames.count == expected, let bytes = frames.last else { continue }
            guard asks else { return ArrivedMessage(peer: routes ? frames[0].array : [], bytes: bytes) }
            guard let user, let caller = Caller(user), frames[1].count <= PeerRoutes.longestTag else { continue }
            let peer = routeBooks[channel.rawValue].note(frames[0].array, of: user, tag: frames[1].array)
            return ArrivedMessage(peer: peer, caller: caller, bytes: bytes)
        }
    }

    package func send(
        _ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel
    ) throws(TransportError) -> SendOutcome {
        var first: [UInt8]? = routes ? peer : nil
        if door != nil {
            guard let route = routeBooks[channel.rawValue].route(to: peer) else { return .unreachable }
            first = route
        } else if case .connecting = security {
            first = remote?.identity
        }
        return switch channel {
        case .control: try Self.send(message, after: first, over: control)
        case .bulk: try Self.send(message, after: first, over: bulk)
        }
    }

    private static func send(
        _ message: EncodedMessage, after first: [UInt8]?, over socket: borrowing ZeroMQSocket
    ) throws(TransportError) -> SendOutcome {
        if let first {
            let outcome = try socket.send(first, more: true)
            guard outcome == .queued else { return outcome }
        }
        return try socket.send(message, more: false)
    }

    /// Closes with the last reference; messages on their way have the linger time.
    package func close() {}
}
