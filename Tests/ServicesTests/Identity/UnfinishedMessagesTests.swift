import Federation
import Glibc
import Platform
import Services
import TestSupport
import Testing

/// What libzmq would collect without a bound: messages of many frames that are never finished.
@Suite struct UnfinishedMessagesTests {
    private let limits: PortLimits = {
        var limits = PortLimits()
        (limits.controlBytes, limits.controlQueue) = (1 << 20, 4)
        (limits.bulkBytes, limits.bulkQueue) = (1 << 20, 4)
        return limits
    }()
    private let refused = RefusedConnections { _ in }

    private func next(_ port: ZeroMQPort) -> ArrivedMessage? {
        var found: ArrivedMessage?
        _ = eventually(within: 5) {
            found = try? port.receive(on: .control)
            return found != nil
        }
        return found
    }

    /// Who has sent far more than may wait, and no message with it, is cut; who sends as much in messages that are taken is not.
    @Test func whoNeverFinishesIsCut() throws {
        let port = try ZeroMQPort.listening(
            control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*", limits: limits,
            quota: (ConnectionQuota.Limits(), refused))
        let addresses = try port.boundAddresses()
        let honest = try ZeroMQPort.connecting(
            control: addresses.control, bulk: addresses.bulk, identity: Array("a".utf8))
        let number = try #require(addresses.control.split(separator: ":").last.flatMap { UInt16($0) })
        let hostile = try RawPeer(port: number)
        defer { hostile.close() }
        var sent = 0
        // Each write is a megabyte; what comes after the cut fails. In the meantime somebody else is served.
        while sent < 4_000, hostile.sendFrame(bytes: 1 << 20) {
            sent += 1
            guard sent % 20 == 0 else { continue }
            #expect(eventually { (try? honest.send([7], to: [], on: .control)) == .queued })
            #expect(next(port)?.bytes.array == [7])
        }
        #expect(sent >= 20, "what may wait may come")
        #expect(sent < 4_000, "never cut")
        #expect(eventually { refused.counts == ["unfinished messages": 1] }, "\(refused.counts)")
    }

    /// Whoever's messages are taken may send as much as it likes, encrypted and not.
    @Test(arguments: [false, true]) func whoSendsMuchIsNotCut(encrypted: Bool) throws {
        let (server, own, gate) = (try CurveKeys(), try CurveKeys(), PeerGate())
        gate.admit([own.publicKey: .principal(PrincipalID(firstKey: own.publicKey))])
        let port = try ZeroMQPort.listening(
            control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*",
            security: encrypted ? .listening(server, gate) : .plain, limits: limits,
            quota: (ConnectionQuota.Limits(), refused))
        let addresses = try port.boundAddresses()
        let honest = try ZeroMQPort.connecting(
            control: addresses.control, bulk: addresses.bulk, identity: Array("a".utf8),
            security: encrypted ? .connecting(own, server: server.publicKey) : .plain)
        // 60 MB, where 20 may wait.
        for (size, count) in [(1_000_000, 60), (200, 100)] {
            let message = [UInt8](repeating: 1, count: size)
            var (sent, received) = (0, 0)
            while received < count {
                while sent < count, sent - received < 8, try honest.send(message, to: [], on: .control) == .queued {
                    sent += 1
                }
                if let found = try port.receive(on: .control) {
                    received += 1
                    guard found.bytes.count == size else {
                        Issue.record("\(found.bytes.count) bytes")
                        return
                    }
                } else {
                    try port.wait(upTo: .milliseconds(5))
                }
            }
        }
        #expect(refused.counts.isEmpty, "\(refused.counts)")
    }
}

/// A DEALER that speaks ZMTP 3.0 without keys (RFC 23), written out byte by byte.
private struct RawPeer {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        let status = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(status == 0)
        let greeting =
            [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 3, 0] + Array("NULL".utf8)
            + [UInt8](repeating: 0, count: 16 + 1 + 31)
        #expect(greeting.count == 64 && write(greeting))
        let ready =
            [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 6] + Array("DEALER".utf8)
        #expect(write([4, UInt8(ready.count)] + ready))
    }

    /// Sends a frame of a message that goes on; whether it went.
    func sendFrame(bytes: Int) -> Bool {
        let length = (0..<8).map { UInt8(truncatingIfNeeded: bytes >> (8 * (7 - $0))) }
        return write([3] + length) && write([UInt8](repeating: 1, count: bytes))
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var done = 0
        while done < bytes.count {
            let count = bytes.dropFirst(done).withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            done += count
        }
        return true
    }

    func close() { Glibc.close(descriptor) }
}
