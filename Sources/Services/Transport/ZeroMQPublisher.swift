import CZeroMQ

/// A socket on which whoever subscribes hears what is said from then on; who does not listen, or not fast enough, misses it.
///
/// Unchecked: used by one thread at a time.
package final class ZeroMQPublisher: @unchecked Sendable {
    private let socket: ZeroMQSocket

    /// Messages that wait for a subscriber who is slow; he misses those beyond.
    private static let mostWaiting: Int32 = 1_000

    /// Listens on an address of this machine only: nothing is encrypted.
    ///
    /// - Throws: `TransportError` where it cannot be had.
    package init(binding address: String) throws(TransportError) {
        let endpoint = try Endpoint(address)
        guard endpoint.isLoopback else {
            throw TransportError(
                .badAddress, "the address '\(address)': other machines reach it; expected a loopback address or ipc://")
        }
        socket = try ZeroMQSocket(try ZeroMQContext(), type: ZMQ_PUB)
        try socket.set(ZMQ_LINGER, to: Int32(0))
        try socket.set(ZMQ_SNDHWM, to: Self.mostWaiting)
        try socket.bind(try endpoint.bound())
    }

    /// Says one message of several frames.
    ///
    /// - Throws: `TransportError`.
    package func send(_ frames: [[UInt8]]) throws(TransportError) {
        for (place, frame) in frames.enumerated() { _ = try socket.send(frame, more: place < frames.count - 1) }
    }
}
