import CZeroMQ
import Dispatch
import Federation
import Platform

/// Answers the library's question, at each handshake, whether a key may connect and whom it names (ZAP, RFC 27): one for
/// each context. The id in its answer is on every message of the connection from then on.
final class HandshakeDoor: Sendable {
    private let thread: BackgroundThread
    private let signal: EventSignal

    /// Opens the door; it answers before this returns.
    ///
    /// - Parameter quota: is told of each handshake that succeeds.
    init(_ context: ZeroMQContext, gate: PeerGate, quota: SharedQuota? = nil) throws(TransportError) {
        let socket = try ZeroMQSocket(context, type: ZMQ_REP)
        try socket.set(ZMQ_LINGER, to: Int32(0))
        try socket.bind("inproc://zeromq.zap.01")
        let signal = try EventSignal()
        self.signal = signal
        let handed = HandedSocket(socket)
        thread = BackgroundThread(name: "handshakes") { isCancelled in
            while !isCancelled() {
                do {
                    try ZeroMQSocket.wait(handed.socket, signal, upTo: .seconds(1))
                    while let frames = try handed.socket.receive(frameLimit: 7) {
                        try Self.answer(frames, over: handed.socket, gate, quota)
                    }
                } catch {
                    // The context ends.
                    break
                }
            }
        }
    }

    deinit {
        thread.cancel()
        signal.wake()
    }

    /// Request: version, id, domain, address, identity, mechanism, credentials. Answer: version, id, status, text, user,
    /// metadata.
    private static func answer(
        _ frames: [Bytes], over socket: borrowing ZeroMQSocket, _ gate: PeerGate, _ quota: SharedQuota?
    ) throws(TransportError) {
        let id = frames.count > 1 ? frames[1].array : []
        var caller: Caller?
        if frames.count == 7, frames[0].array == Array("1.0".utf8), frames[5].array == Array("CURVE".utf8),
            let key = PublicKey(frames[6].array)
        {
            caller = gate.caller(with: key)
            if caller != nil {
                quota?.finished(from: ConnectionGuard.name(of: String(decoding: frames[3].array, as: UTF8.self)))
            }
        }
        // After 400 the other side hears why, and tries again only when its owner wants to.
        let status = caller == nil ? "400" : "200"
        let text = caller == nil ? "this key is not enrolled" : "OK"
        let parts = [
            Array("1.0".utf8), id, Array(status.utf8), Array(text.utf8), Array((caller?.description ?? "").utf8), [],
        ]
        for (index, part) in parts.enumerated() { _ = try socket.send(part, more: index < parts.count - 1) }
    }
}

/// Hands a socket to a thread.
///
/// Unchecked: after it was made, only that thread uses it.
final class HandedSocket: @unchecked Sendable {
    let socket: ZeroMQSocket

    init(_ socket: consuming ZeroMQSocket) { self.socket = socket }
}
