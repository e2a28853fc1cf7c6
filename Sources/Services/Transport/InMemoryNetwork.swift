import Federation
import Synchronization

/// The in-memory twin of the ZeroMQ ports: a server's port and any number of workers' ports in one process.
package final class InMemoryNetwork: Sendable {
    private let server = InMemoryMailbox()
    private let workers = Mutex<[[UInt8]: InMemoryMailbox]>([:])
    /// Most messages that wait in one channel of one mailbox.
    static let capacity = 1_024

    /// A network without workers.
    package init() {}

    /// The server's port.
    package func serverPort() -> any MessagePort {
        InMemoryPort(mailbox: server) { [self] bytes, peer, channel in
            guard let mailbox = workers.withLock({ $0[peer] }) else { return .unreachable }
            return mailbox.put(ArrivedMessage(peer: [], bytes: bytes), on: channel) ? .queued : .full
        } leave: {
        }
    }

    /// The port of the worker of that identity.
    package func workerPort(identity: [UInt8]) -> any MessagePort {
        let mailbox = InMemoryMailbox()
        workers.withLock { $0[identity] = mailbox }
        return InMemoryPort(mailbox: mailbox) { [self] bytes, _, channel in
            server.put(ArrivedMessage(peer: identity, bytes: bytes), on: channel) ? .queued : .full
        } leave: { [self] in
            workers.withLock { $0[identity] = nil }
        }
    }
}

private final class InMemoryMailbox: PortWaker {
    private struct State {
        var queues: [[ArrivedMessage]] = Message.Channel.allCases.map { _ in [] }
    }

    private let state = Mutex(State())
    private let signal: EventSignal? = try? EventSignal()

    func put(_ message: ArrivedMessage, on channel: Message.Channel) -> Bool {
        let fits = state.withLock { state in
            guard state.queues[channel.rawValue].count < InMemoryNetwork.capacity else { return false }
            state.queues[channel.rawValue].append(message)
            return true
        }
        wake()
        return fits
    }

    func take(_ channel: Message.Channel) -> ArrivedMessage? {
        state.withLock { state in
            state.queues[channel.rawValue].isEmpty ? nil : state.queues[channel.rawValue].removeFirst()
        }
    }

    var isEmpty: Bool { state.withLock { $0.queues.allSatisfy(\.isEmpty) } }

    func wake() { signal?.wake() }
    func wait(upTo limit: Duration) { if isEmpty { signal?.wait(upTo: limit) } }
}

private final class InMemoryPort: MessagePort {
    private let mailbox: InMemoryMailbox
    private let forward: @Sendable ([UInt8], [UInt8], Message.Channel) -> SendOutcome
    private let leave: @Sendable () -> Void

    init(
        mailbox: InMemoryMailbox, forward: @escaping @Sendable ([UInt8], [UInt8], Message.Channel) -> SendOutcome,
        leave: @escaping @Sendable () -> Void
    ) {
        self.mailbox = mailbox
        self.forward = forward
        self.leave = leave
    }

    var waker: any PortWaker { mailbox }
    func wait(upTo limit: Duration) throws(TransportError) { mailbox.wait(upTo: limit) }
    func receive(on channel: Message.Channel) throws(TransportError) -> ArrivedMessage? { mailbox.take(channel) }
    func send(
        _ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel
    ) throws(TransportError) -> SendOutcome {
        forward(message.bytes, peer, channel)
    }
    func close() { leave() }
}
