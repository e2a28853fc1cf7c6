import CZeroMQ
package import Federation
import Glibc
import Platform
import Synchronization

/// Connections that were cut because their address had too many, by reason; from any thread.
package final class RefusedConnections: Sendable {
    private let state = Mutex((counts: [String: Int](), limiter: NoteLimiter()))
    private let log: @Sendable (Note) -> Void

    /// Nothing was refused yet.
    ///
    /// - Parameter log: takes a line for each address and reason, at most once a minute.
    package init(log: @escaping @Sendable (Note) -> Void) { self.log = log }

    /// How many, by reason.
    package var counts: [String: Int] { state.withLock { $0.counts } }

    func count(_ refusal: ConnectionQuota.Refusal, from address: String, at now: Instant) {
        let note = state.withLock { state in
            state.counts[refusal.rawValue, default: 0] += 1
            return state.limiter.pass(
                Note(.warning, "connection cut", ["address": address, "reason": refusal.rawValue]),
                address + " " + refusal.rawValue, at: now)
        }
        if let note { log(note) }
    }
}

/// Counts the connections of sockets that listen, by the address of the other side, and cuts those that are too many.
///
/// libzmq tells of connections that are made and closed (`zmq_socket_monitor`), with their descriptors, and has no call to
/// cut one. Shutting the descriptor down ends it as if the other side had. Between libzmq's word and that, the descriptor
/// could have become another connection; so the address that is counted is the one that the descriptor has at that moment.
final class ConnectionGuard: Sendable {
    private let threads: [BackgroundThread]
    private let signals: [EventSignal]

    /// Watches sockets.
    ///
    /// - Parameters:
    ///   - addresses: within the process, where the sockets' monitors tell.
    ///   - held: of each of the sockets.
    init(
        _ context: ZeroMQContext, addresses: [String], held: [HeldBytes], quota: SharedQuota
    ) throws(TransportError) {
        var threads: [BackgroundThread] = []
        var signals: [EventSignal] = []
        for (index, address) in addresses.enumerated() {
            let socket = try ZeroMQSocket(context, type: ZMQ_PAIR)
            // The library waits for whoever listens to its monitor: nothing may ever be full here.
            try socket.set(ZMQ_RCVHWM, to: Int32(0))
            try socket.set(ZMQ_LINGER, to: Int32(0))
            try socket.connect(address)
            let signal = try EventSignal()
            let handed = HandedSocket(socket)
            threads.append(
                BackgroundThread(name: "connections") { isCancelled in
                    let (clock, held) = (MonotonicClock(), held[index])
                    var nextLook = clock.now
                    while !isCancelled() {
                        do {
                            let pause = held.count == 0 ? Duration.seconds(1) : max(.zero, nextLook - clock.now)
                            try ZeroMQSocket.wait(handed.socket, signal, upTo: pause)
                            while let frames = try handed.socket.receive(frameLimit: 2) {
                                Self.take(frames, of: index, held, quota)
                            }
                            guard clock.now >= nextLook else { continue }
                            Self.cut(held.overfull(), quota)
                            nextLook = clock.now + Self.pause(among: held.count)
                        } catch {
                            // The context ends.
                            break
                        }
                    }
                })
            signals.append(signal)
        }
        self.threads = threads
        self.signals = signals
    }

    deinit {
        for thread in threads { thread.cancel() }
        for signal in signals { signal.wake() }
    }

    /// What the monitors are asked to tell.
    static let events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED

    /// An event is a number (2 bytes) and a value (4 bytes), of the machine's own order, then an address.
    /// `SHUT_RDWR`, which the module of the C library does not show in every build.
    private static let bothWays: Int32 = 2

    /// Time between two looks at what is held: asking for each connection shall cost few percent of a processor.
    private static func pause(among connections: Int) -> Duration {
        max(.milliseconds(100), .microseconds(25 * connections))
    }

    private static func cut(_ descriptors: [Int32], _ quota: SharedQuota) {
        for descriptor in descriptors {
            quota.refused(.unfinished, from: peerAddress(of: descriptor) ?? "unknown")
            shutdown(descriptor, bothWays)
        }
    }

    private static func take(_ frames: [Bytes], of socket: Int, _ held: HeldBytes, _ quota: SharedQuota) {
        guard let first = frames.first?.array, first.count == 6 else { return }
        let event = Int32(UInt16(first[0]) | UInt16(first[1]) << 8)
        let descriptor = Int32(
            bitPattern: UInt32(first[2]) | UInt32(first[3]) << 8 | UInt32(first[4]) << 16 | UInt32(first[5]) << 24)
        let id = Int64(socket) << 32 | Int64(descriptor)
        switch event {
        case ZMQ_EVENT_ACCEPTED:
            guard let address = peerAddress(of: descriptor) else { return }
            held.opened(descriptor)
            if !quota.opened(id, from: address) { shutdown(descriptor, Self.bothWays) }
        case ZMQ_EVENT_DISCONNECTED:
            held.closed(descriptor)
            quota.closed(id)
        default: break
        }
    }

    /// The address of a connection's other side: of IPv6 the network of 64 bits, all of which is one site's. `nil` where the
    /// descriptor is no connection any more.
    static func peerAddress(of descriptor: Int32) -> String? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let found = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getpeername(descriptor, $0, &length)
            }
        }
        guard found == 0 else { return nil }
        let bytes = unsafe withUnsafeBytes(of: &storage) { unsafe Array($0.prefix(32)) }
        switch Int32(storage.ss_family) {
        case AF_INET: return name(of: bytes[4..<8])
        case AF_INET6: return name(of: bytes[8..<24])
        default: return nil
        }
    }

    /// The same of an address as text, as handshakes name it.
    static func name(of text: String) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &bytes) == 1 { return name(of: bytes[0..<4]) }
        return unsafe inet_pton(AF_INET6, text, &bytes) == 1 ? name(of: bytes[...]) : text
    }

    private static func name(of bytes: ArraySlice<UInt8>) -> String {
        let isMapped =
            bytes.count == 16 && bytes.prefix(12).elementsEqual([UInt8](repeating: 0, count: 10) + [0xff, 0xff])
        return bytes.count == 4 || isMapped
            ? bytes.suffix(4).map { "\($0)" }.joined(separator: ".")
            : Hexadecimal.text(Array(bytes.prefix(8))) + "::/64"
    }
}

/// What one address may have, counted over both sockets and their handshakes by several threads.
final class SharedQuota: Sendable {
    private let quota: Mutex<ConnectionQuota>
    private let refused: RefusedConnections
    private let clock = MonotonicClock()

    init(_ limits: ConnectionQuota.Limits, refused: RefusedConnections) {
        quota = Mutex(ConnectionQuota(limits))
        self.refused = refused
    }

    /// A connection was made; whether it may stand.
    func opened(_ id: Int64, from address: String) -> Bool {
        let now = clock.now
        guard let refusal = quota.withLock({ $0.opened(id, from: address, at: now) }) else { return true }
        refused.count(refusal, from: address, at: now)
        return false
    }

    /// A connection is cut for what came over it.
    func refused(_ refusal: ConnectionQuota.Refusal, from address: String) {
        refused.count(refusal, from: address, at: clock.now)
    }

    func finished(from address: String) { quota.withLock { $0.finished(from: address) } }

    func closed(_ id: Int64) { quota.withLock { $0.closed(id) } }
}
