import Foundation
import TestSupport

/// Passes TCP connections of this machine on to another port, until it is told to hold everything back: then nothing
/// goes either way while every connection stays open, as when a network swallows packets.
final class TCPRelay: Sendable {
    /// Where it listens, on 127.0.0.1.
    let port: Int
    private let listener: Int32
    private let gate: Gate

    /// Whether traffic may pass, and the sockets to shut down at the end.
    private final class Gate: @unchecked Sendable {  // every use of the variables holds the condition's lock
        private let condition = NSCondition()
        private var isHeld = false
        private var isStopped = false
        private var sockets: Set<Int32> = []

        func set(held: Bool) {
            condition.withLock { isHeld = held }
            condition.broadcast()
        }

        /// Waits while traffic is held back; false when the relay has stopped.
        func pass() -> Bool {
            condition.withLock {
                while isHeld, !isStopped { condition.wait() }
                return !isStopped
            }
        }

        func add(_ descriptor: Int32) { condition.withLock { _ = sockets.insert(descriptor) } }

        func close(_ descriptors: [Int32]) {
            condition.withLock {
                for descriptor in descriptors {
                    sockets.remove(descriptor)
                    Glibc.close(descriptor)
                }
            }
        }

        func stop() {
            condition.withLock {
                isStopped = true
                for descriptor in sockets { shutdown(descriptor, Int32(SHUT_RDWR)) }
            }
            condition.broadcast()
        }
    }

    /// Two directions of a connection; closes both sockets with the last of them.
    private final class Connection: Sendable {
        let ends: [Int32]
        private let gate: Gate

        init(_ client: Int32, _ server: Int32, _ gate: Gate) {
            ends = [client, server]
            self.gate = gate
            for end in ends { gate.add(end) }
        }

        deinit { gate.close(ends) }

        func pump(from source: Int, to target: Int) {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = recv(ends[source], &buffer, buffer.count, 0)
                guard count > 0, gate.pass(), sendAll(buffer[..<count], to: ends[target]) else { break }
            }
            for end in ends { shutdown(end, Int32(SHUT_RDWR)) }
        }

        private func sendAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
            var rest = bytes
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes {
                    send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard sent > 0 else { return false }
                rest = rest.dropFirst(sent)
            }
            return true
        }
    }

    /// Listens on a port that the system chooses.
    init(to target: Int) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = RawSocket.withAddress(port: 0) { address, length in
            var length = length
            guard bind(listener, address, length) == 0, listen(listener, 16) == 0,
                getsockname(listener, address, &length) == 0
            else { return 0 }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
        }
        guard listener >= 0, port > 0 else { throw CocoaError(.fileWriteUnknown) }
        self.listener = listener
        let gate = Gate()
        self.gate = gate
        gate.add(listener)
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard gate.pass() else {
                    if client >= 0 { close(client) }
                    break
                }
                // A connection that went before it was accepted, or a signal, ends nothing.
                guard client >= 0 else {
                    poll(nil, 0, 5)
                    continue
                }
                let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                guard RawSocket.withAddress(port: target, { Glibc.connect(server, $0, $1) }) == 0 else {
                    close(client)
                    close(server)
                    continue
                }
                let connection = Connection(client, server, gate)
                Thread.detachNewThread { connection.pump(from: 0, to: 1) }
                Thread.detachNewThread { connection.pump(from: 1, to: 0) }
            }
            gate.close([listener])
        }
    }

    /// Closes every connection. To be called at the end.
    func stop() { gate.stop() }

    /// Lets nothing through any more, and closes nothing.
    func hold() { gate.set(held: true) }

    /// Lets traffic flow again; what was sent meanwhile comes first.
    func release() { gate.set(held: false) }
}
