import CZeroMQ
import Federation
import Glibc

/// One ZeroMQ context: the library's threads and buffers of a process. Thread-safe by the library's own promise.
@safe final class ZeroMQContext: @unchecked Sendable {
    // Unchecked: a ZeroMQ context "is thread safe and may be shared among as many threads as necessary" (zmq_ctx_new).
    fileprivate let pointer: UnsafeMutableRawPointer

    init() throws(TransportError) {
        guard let pointer = unsafe zmq_ctx_new() else { throw ZeroMQSocket.failure("make a context") }
        unsafe self.pointer = pointer
    }

    deinit { unsafe zmq_ctx_term(pointer) }
}

/// Owns one ZeroMQ socket; every call goes through a check. Used by one thread only.
@safe struct ZeroMQSocket: ~Copyable {
    private let context: ZeroMQContext
    fileprivate let pointer: UnsafeMutableRawPointer
    /// In a place of its own: the library keeps addresses into a message.
    private let message: UnsafeMutablePointer<zmq_msg_t>

    init(_ context: ZeroMQContext, type: Int32) throws(TransportError) {
        guard let pointer = unsafe zmq_socket(context.pointer, type) else { throw Self.failure("make a socket") }
        self.context = context
        unsafe self.pointer = pointer
        unsafe message = .allocate(capacity: 1)
        unsafe zmq_msg_init(message)
    }

    deinit {
        unsafe zmq_msg_close(message)
        unsafe message.deallocate()
        unsafe zmq_close(pointer)
    }

    /// The last error of the calling thread as one line.
    static func failure(_ operation: String) -> TransportError {
        let number = zmq_errno()
        let text = unsafe zmq_strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return TransportError(.systemFailure, "cannot \(operation): \(text)")
    }

    func set(_ option: Int32, to value: Int32) throws(TransportError) {
        var value = value
        guard unsafe zmq_setsockopt(pointer, option, &value, MemoryLayout<Int32>.size) == 0 else {
            throw Self.failure("set option \(option) of a socket")
        }
    }

    func set(_ option: Int32, to value: Int64) throws(TransportError) {
        var value = value
        guard unsafe zmq_setsockopt(pointer, option, &value, MemoryLayout<Int64>.size) == 0 else {
            throw Self.failure("set option \(option) of a socket")
        }
    }

    func set(_ option: Int32, to bytes: [UInt8]) throws(TransportError) {
        let status = unsafe bytes.withUnsafeBytes { unsafe zmq_setsockopt(pointer, option, $0.baseAddress, $0.count) }
        guard status == 0 else { throw Self.failure("set option \(option) of a socket") }
    }

    /// Whether the library can encrypt at all.
    static var canEncrypt: Bool { unsafe zmq_has("curve") == 1 }

    /// A new key pair from the system's randomness.
    static func curveKeyPair() throws(TransportError) -> (publicKey: [UInt8], secretKey: [UInt8]) {
        var publicText = [CChar](repeating: 0, count: 41)
        var secretText = [CChar](repeating: 0, count: 41)
        guard unsafe zmq_curve_keypair(&publicText, &secretText) == 0 else { throw failure("make a key pair") }
        return (try bytes(&publicText), try bytes(&secretText))
    }

    /// The public half of a key pair.
    static func curvePublicKey(of secret: [UInt8]) throws(TransportError) -> [UInt8] {
        precondition(secret.count == 32, "a secret key has 32 bytes")
        var secretText = [CChar](repeating: 0, count: 41)
        var publicText = [CChar](repeating: 0, count: 41)
        guard unsafe zmq_z85_encode(&secretText, secret, secret.count) != nil,
            unsafe zmq_curve_public(&publicText, &secretText) == 0
        else { throw failure("make a public key") }
        return try bytes(&publicText)
    }

    private static func bytes(_ text: inout [CChar]) throws(TransportError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 32)
        guard unsafe zmq_z85_decode(&bytes, &text) != nil else { throw failure("read a key") }
        return bytes
    }

    /// Says on an address within the process what becomes of this socket's connections.
    func monitor(_ events: Int32, at address: String) throws(TransportError) {
        guard unsafe zmq_socket_monitor(pointer, address, events) == 0 else { throw Self.failure("watch a socket") }
    }

    func bind(_ address: String) throws(TransportError) {
        guard unsafe zmq_bind(pointer, address) == 0 else { throw Self.addressFailure("listen on", address) }
    }

    func unbind(_ address: String) throws(TransportError) {
        guard unsafe zmq_unbind(pointer, address) == 0 else { throw Self.addressFailure("stop listening on", address) }
    }

    func connect(_ address: String) throws(TransportError) {
        guard unsafe zmq_connect(pointer, address) == 0 else { throw Self.addressFailure("connect to", address) }
    }

    /// The address that the socket is bound to, with the port that the system chose.
    func boundAddress() throws(TransportError) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        var length = buffer.count
        guard unsafe zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &buffer, &length) == 0 else {
            throw Self.failure("ask for the bound address")
        }
        return String(decoding: buffer.prefix(max(0, length - 1)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func addressFailure(_ operation: String, _ address: String) -> TransportError {
        switch zmq_errno() {
        case EADDRINUSE:
            TransportError(.addressInUse, "cannot listen on \(address): another process does; choose another port")
        case EINVAL, ENODEV, EPROTONOSUPPORT, EADDRNOTAVAIL, ZMQ_HAUSNUMERO + 52:  // 52: protocol and socket do not fit
            TransportError(
                .badAddress, "cannot \(operation) \(address): not an address of this machine; tcp://HOST:PORT is needed"
            )
        default: failure("\(operation) \(address)")
        }
    }

    /// The frames of the next message, at most `limit` of them kept; `nil` when none is there. Large ones stay where the
    /// library put them.
    func receive(frameLimit limit: Int) throws(TransportError) -> [Bytes]? {
        var user: String?
        return try receive(frameLimit: limit, asking: false, user: &user, held: nil)
    }

    /// The same, with what the handshake of the message's connection said of its peer (RFC 27, User-Id).
    ///
    /// - Parameters:
    ///   - asking: whether that is wanted.
    ///   - held: hears of which connection of a ROUTER frames were taken.
    func receive(
        frameLimit limit: Int, asking: Bool, user: inout String?, held: HeldBytes?
    ) throws(TransportError) -> [Bytes]? {
        var frames: [Bytes] = []
        var isFrame = false
        while true {
            guard unsafe zmq_msg_recv(message, pointer, ZMQ_DONTWAIT) >= 0 else {
                switch zmq_errno() {
                case EINTR: continue
                case EAGAIN: return nil
                default: throw Self.failure("receive")
                }
            }
            // The first frame, a connection's name, is the library's own and came over none.
            if let held, isFrame, let text = unsafe zmq_msg_gets(message, "__fd"),
                let descriptor = unsafe Int32(String(cString: text))
            {
                held.take(from: descriptor)
            }
            isFrame = true
            if asking { unsafe user = zmq_msg_gets(message, "User-Id").map { unsafe String(cString: $0) } }
            if frames.count < limit {
                frames.append(taken())
            } else if frames.count == limit {
                frames.append([])  // marks that there was more
            }
            guard unsafe zmq_msg_more(message) == 1 else { return frames }
        }
    }

    /// Below this a copy costs less than an owner.
    private static let smallFrame = 4_096

    /// The frame that was just received.
    private func taken() -> Bytes {
        let count = unsafe zmq_msg_size(message)
        guard count > Self.smallFrame else {
            return unsafe Bytes(Array(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: count)))
        }
        let own = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
        unsafe zmq_msg_init(own)
        unsafe zmq_msg_move(own, message)
        guard let start = unsafe zmq_msg_data(own) else {
            unsafe zmq_msg_close(own)
            unsafe own.deallocate()
            return []
        }
        return unsafe Bytes(
            LentMemory(start: UnsafeRawPointer(start), count: count) {
                unsafe zmq_msg_close(own)
                unsafe own.deallocate()
            })
    }

    /// Sends one frame.
    func send(_ bytes: [UInt8], more: Bool) throws(TransportError) -> SendOutcome {
        try send(EncodedMessage(head: bytes), more: more)
    }

    /// Sends one frame: its parts are put together where the library keeps it until it is sent.
    func send(_ frame: EncodedMessage, more: Bool) throws(TransportError) -> SendOutcome {
        var outgoing = zmq_msg_t()
        guard unsafe zmq_msg_init_size(&outgoing, frame.count) == 0 else { throw Self.failure("make a message") }
        if let start = unsafe zmq_msg_data(&outgoing) {
            unsafe frame.head.withUnsafeBytes { head in
                if let bytes = head.baseAddress { unsafe memcpy(start, bytes, head.count) }
            }
            unsafe frame.body.copy(
                to: UnsafeMutableRawBufferPointer(start: start + frame.head.count, count: frame.body.count))
        }
        while true {
            let flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)
            if unsafe zmq_msg_send(&outgoing, pointer, flags) >= 0 { return .queued }
            let number = zmq_errno()
            if number == EINTR { continue }
            unsafe zmq_msg_close(&outgoing)
            switch number {
            case EAGAIN: return .full
            case EHOSTUNREACH: return .unreachable
            default: throw Self.failure("send")
            }
        }
    }

    /// Waits until a socket has a message, or the signal is given.
    static func wait(
        _ socket: borrowing ZeroMQSocket, _ signal: EventSignal, upTo limit: Duration
    ) throws(TransportError) {
        try wait(socket, socket, signal, upTo: limit)
    }

    /// Waits until one of two sockets has a message, or the signal is given.
    static func wait(
        _ first: borrowing ZeroMQSocket, _ second: borrowing ZeroMQSocket, _ signal: EventSignal, upTo limit: Duration
    ) throws(TransportError) {
        let (seconds, attoseconds) = limit.components
        let milliseconds = Int(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
        let events = Int16(ZMQ_POLLIN)
        var items = unsafe [
            zmq_pollitem_t(socket: first.pointer, fd: 0, events: events, revents: 0),
            zmq_pollitem_t(socket: second.pointer, fd: 0, events: events, revents: 0),
            zmq_pollitem_t(socket: nil, fd: signal.descriptor, events: events, revents: 0),
        ]
        guard unsafe zmq_poll(&items, 3, milliseconds) >= 0 || zmq_errno() == EINTR else { throw failure("wait") }
        if unsafe items[2].revents != 0 { signal.clear() }
    }
}
