import Glibc
import Synchronization

/// What libzmq holds of each connection: the bytes that the system says have come over it since a message of it was taken last.
///
/// A message of many frames is held until its last one is here, and neither the bound on a frame nor that on messages that wait
/// counts them. A connection's messages come one after the other, so that none is taken while one is not finished. Who has much
/// more on the way than may wait as messages is cut. Used by the thread that takes messages and the one that watches connections.
final class HeldBytes: Sendable {
    private struct Connection: Sendable {
        /// Frames that were taken.
        var taken: UInt64 = 0
        /// Those at the last look, and the bytes that had come when the number changed last.
        var seen: UInt64 = 0
        var base: UInt64 = 0
    }

    /// Beyond what the library may hold of whole messages: what is in the system's buffers.
    private static let slack: UInt64 = 16 << 20

    /// What each connection may add to what may wait over all: a worker sends so much without asking, and a heartbeat or two.
    private static let each: UInt64 = 128 << 10

    private let connections = Mutex<[Int32: Connection]>([:])
    private let most: UInt64
    private let mostTogether: UInt64

    /// - Parameters:
    ///   - most: bytes of one connection that may wait as messages.
    ///   - together: bytes of all connections.
    init(most: Int, together: Int) {
        self.most = UInt64(most) + Self.slack
        mostTogether = UInt64(together) + Self.slack
    }

    func opened(_ descriptor: Int32) { connections.withLock { $0[descriptor] = Connection() } }

    func closed(_ descriptor: Int32) { connections.withLock { $0[descriptor] = nil } }

    /// Connections.
    var count: Int { connections.withLock { $0.count } }

    /// A frame was taken.
    func take(from descriptor: Int32) { connections.withLock { $0[descriptor]?.taken &+= 1 } }

    /// Connections of which too much is held, those of which most is held first.
    func overfull() -> [Int32] {
        let held = connections.withLock { connections in
            connections.keys.compactMap { descriptor -> (descriptor: Int32, bytes: UInt64)? in
                guard var connection = connections[descriptor], let received = Self.received(by: descriptor) else {
                    return nil
                }
                // The descriptor may have become another connection, of which less has come.
                if connection.taken != connection.seen || received < connection.base {
                    (connection.seen, connection.base) = (connection.taken, received)
                    connections[descriptor] = connection
                }
                return (descriptor, received - connection.base)
            }
        }
        var total = held.reduce(0) { $0 + $1.bytes }
        let mostTogether = mostTogether + UInt64(held.count) * Self.each
        var result: [Int32] = []
        for (descriptor, bytes) in held.sorted(by: { $0.bytes > $1.bytes }) {
            guard bytes > most || total > mostTogether else { break }
            result.append(descriptor)
            total -= bytes
        }
        return result
    }

    /// Bytes that have come over a connection since it was made (`tcpi_bytes_received`, which the C library's own declaration of
    /// the structure ends before); `nil` where it is none.
    private static func received(by descriptor: Int32) -> UInt64? {
        let (place, size) = (128, 136)
        return unsafe withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { info in
            var length = socklen_t(size)
            guard unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, info.baseAddress, &length) == 0,
                Int(length) >= size
            else { return nil }
            return unsafe info.loadUnaligned(fromByteOffset: place, as: UInt64.self)
        }
    }
}
