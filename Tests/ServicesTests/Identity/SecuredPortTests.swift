import Federation
import Glibc
import Platform
import Services
import Synchronization
import TestSupport
import Testing

/// Ports whose peers have keys, over real sockets.
@Suite struct SecuredPortTests {
    private let server: CurveKeys
    private let gate = PeerGate()
    private let port: ZeroMQPort
    private let addresses: (control: String, bulk: String)

    init() throws {
        server = try CurveKeys()
        port = try ZeroMQPort.listening(
            control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*", security: .listening(server, gate))
        addresses = try port.boundAddresses()
    }

    private func connect(_ keys: CurveKeys, tag: String) throws -> ZeroMQPort {
        try ZeroMQPort.connecting(
            control: addresses.control, bulk: addresses.bulk, identity: Array(tag.utf8),
            security: .connecting(keys, server: server.publicKey))
    }

    private func next(_ port: ZeroMQPort, _ channel: Message.Channel = .control) -> ArrivedMessage? {
        var found: ArrivedMessage?
        _ = eventually(within: 5) {
            found = try? port.receive(on: channel)
            return found != nil
        }
        return found
    }

    private func send(_ bytes: [UInt8], from port: ZeroMQPort, on channel: Message.Channel = .control) -> Bool {
        eventually { (try? port.send(bytes, to: [], on: channel)) == .queued }
    }

    private func id(_ keys: CurveKeys) -> Caller { .principal(PrincipalID(firstKey: keys.publicKey)) }

    @Test func everyMessageSaysWhoseKeyItsConnectionHas() throws {
        let (a, b) = (try CurveKeys(), try CurveKeys())
        gate.admit([a.publicKey: id(a), b.publicKey: id(b)])
        // The same tag: nobody gets another's answers by it.
        let (one, other) = (try connect(a, tag: "w#1"), try connect(b, tag: "w#1"))
        for channel in Message.Channel.allCases {
            #expect(send([1], from: one, on: channel))
            let first = try #require(next(port, channel))
            #expect(send([2], from: other, on: channel))
            let second = try #require(next(port, channel))
            #expect(first.caller == id(a) && second.caller == id(b))
            #expect(first.peer != second.peer)
            #expect(try port.send([3], to: first.peer, on: channel) == .queued)
            #expect(try port.send([4], to: second.peer, on: channel) == .queued)
            #expect(next(one, channel)?.bytes.array == [3])
            #expect(next(other, channel)?.bytes.array == [4])
        }
        #expect(try port.send([5], to: Array("w#1".utf8), on: .control) == .unreachable)
    }

    /// Two starts of one worker have one key, and each gets its own answers; a new connection takes an old one's place.
    @Test func startsOfOneWorkerAreToldApart() throws {
        let a = try CurveKeys()
        gate.admit([a.publicKey: id(a)])
        let (one, other) = (try connect(a, tag: "w#1"), try connect(a, tag: "w#2"))
        #expect(send([1], from: one))
        let first = try #require(next(port))
        #expect(send([2], from: other))
        let second = try #require(next(port))
        #expect(first.peer != second.peer && first.caller == second.caller)
        try one.reconnect()
        #expect(send([3], from: one))
        #expect(next(port)?.peer == first.peer)
        #expect(eventually { (try? port.send([9], to: first.peer, on: .control)) == .queued })
        #expect(next(one)?.bytes.array == [9])
        #expect(try other.receive(on: .control) == nil)
    }

    @Test func whoeverIsNotAdmittedIsNotHeard() throws {
        let (a, b) = (try CurveKeys(), try CurveKeys())
        gate.admit([a.publicKey: id(a)])
        let (known, unknown) = (try connect(a, tag: "a"), try connect(b, tag: "b"))
        #expect(send([1], from: known))
        #expect(next(port)?.caller == id(a))
        #expect(eventually { (try? unknown.takeRefusal()) == true })
        #expect(try unknown.send([1], to: [], on: .control) != .queued)
        #expect(gate.refused > 0)
        // The gate closes; a new connection with the same key gets no further than the other's.
        gate.admit([:])
        try known.reconnect()
        #expect(eventually { (try? known.takeRefusal()) == true })
        #expect(try port.receive(on: .control) == nil)
    }

    /// Somebody opens connections and says nothing: beyond its quota they are cut, whoever comes from elsewhere gets in, and
    /// so does it again when it has let go of them.
    @Test func anAddressHoldsNoMoreConnectionsThanItMay() throws {
        let lines = LineBox()
        let refused = RefusedConnections { lines.add("\($0.fields)") }
        let gate = PeerGate()
        let a = try CurveKeys()
        gate.admit([a.publicKey: id(a)])
        let port = try ZeroMQPort.listening(
            control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*", security: .listening(server, gate),
            quota: (ConnectionQuota.Limits(connections: 100, handshakes: 8), refused))
        let addresses = try port.boundAddresses()
        let number = try #require(addresses.control.split(separator: ":").last.flatMap { UInt16($0) })
        var sockets = (0..<40).map { _ in Self.connection(from: 0x7f00_0002, to: number) }
        defer { for socket in sockets { Glibc.close(socket) } }
        #expect(eventually { sockets.count(where: Self.isCut) == 32 }, "\(sockets.count(where: Self.isCut))")
        #expect(eventually { refused.counts == ["too many handshakes": 32] }, "\(refused.counts)")
        #expect(lines.all.count == 1 && lines.all[0].contains("127.0.0.2"), "\(lines.all)")
        let honest = try ZeroMQPort.connecting(
            control: addresses.control, bulk: addresses.bulk, identity: Array("a".utf8),
            security: .connecting(a, server: server.publicKey))
        #expect(send([1], from: honest))
        #expect(next(port)?.caller == id(a))
        // Connections that have let their handshake succeed do not stand in the way of others of their address.
        for socket in sockets { Glibc.close(socket) }
        sockets = []
        #expect(
            eventually {
                let socket = Self.connection(from: 0x7f00_0002, to: number)
                defer { Glibc.close(socket) }
                poll(nil, 0, 50)
                return !Self.isCut(socket)
            })
    }

    private static func connection(from source: UInt32, to port: UInt16) -> Int32 {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        func address(_ host: UInt32, _ port: UInt16) -> sockaddr_in {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = host.bigEndian
            address.sin_port = in_port_t(port).bigEndian
            return address
        }
        func with(_ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>) -> Int32) -> Int32 {
            withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
        }
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = with(address(source, 0)) { Glibc.bind(descriptor, $0, length) }
        _ = with(address(0x7f00_0001, port)) { Glibc.connect(descriptor, $0, length) }
        return descriptor
    }

    /// Whether the other side has closed it: after the greeting, which may be there, comes the end.
    private static func isCut(_ socket: Int32) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 256)
        while true {
            let count = Glibc.recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count == 0 { return true }
            if count < 0 { return errno != EAGAIN }
        }
    }

    private final class LineBox: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    /// Many workers' connections from two sockets: each has its own key, is heard as itself and gets what is for it.
    @Test func aCrowdOfWorkersEachWithItsKey() throws {
        let keys = try (0..<20).map { _ in try CurveKeys() }
        gate.admit(Dictionary(uniqueKeysWithValues: keys.map { ($0.publicKey, id($0)) }))
        let crowd = try PortCrowd(control: addresses.control, bulk: addresses.bulk, server: server.publicKey)
        for (number, key) in keys.enumerated() {
            #expect(try crowd.connect(key, tag: Array("w\(number)".utf8)) == number)
        }
        for channel in Message.Channel.allCases {
            for number in keys.indices {
                let message = EncodedMessage(head: [UInt8(number)])
                #expect(try crowd.send(message, from: number, on: channel) == .queued)
            }
            for _ in keys {
                let message = try #require(next(port, channel))
                let number = Int(message.bytes.array[0])
                #expect(message.caller == id(keys[number]))
                #expect(try port.send([UInt8(number), 7], to: message.peer, on: channel) == .queued)
            }
            var answered: Set<Int> = []
            _ = eventually(within: 5) {
                while let (member, bytes) = try? crowd.receive(on: channel) {
                    #expect(bytes.array == [UInt8(member), 7])
                    answered.insert(member)
                }
                return answered.count == keys.count
            }
            #expect(answered == Set(keys.indices))
        }
    }

    /// A data endpoint: the key that a grant names, and no other, until the grant ends.
    @Test func samplesGoToTheKeyThatAGrantNames() throws {
        let (reader, thief) = (try CurveKeys(), try CurveKeys())
        let gate = PeerGate()
        let holder = try ZeroMQPort.listening(data: "tcp://127.0.0.1:*", security: .listening(server, gate))
        let address = try holder.boundAddresses().bulk
        func connect(_ keys: CurveKeys) throws -> ZeroMQPort {
            try ZeroMQPort.connecting(
                data: address, identity: Array("r".utf8), security: .connecting(keys, server: server.publicKey))
        }
        // Whoever comes before his grant hears it, and gets in later.
        let port = try connect(reader)
        #expect(eventually { (try? port.takeRefusal()) == true })
        gate.admit([reader.publicKey: .reader(reader.publicKey)])
        try port.reconnect()
        #expect(send([1], from: port, on: .bulk))
        #expect(next(holder, .bulk)?.caller == .reader(reader.publicKey))
        let stolen = try connect(thief)
        let refused = gate.refused
        #expect(eventually { gate.refused > refused })
        #expect(try stolen.send([1], to: [], on: .bulk) != .queued)
        // The token of a grant is worth nothing over another's connection.
        var desk = SampleDesk()
        let token = [UInt8](repeating: 1, count: WireLimits.token)
        desk.grant([SampleGrant(reader: "r", token: token, entities: ["s/e"], key: reader.publicKey.bytes)])
        let request = SampleMessage.listRequest(request: 1, token: token, entity: "s/e")
        for key in [thief.publicKey.bytes, []] {
            guard case .refusal(1, .notGranted, _) = desk.answer(request, from: "r", key: key, files: NoFiles()) else {
                Issue.record("samples for a thief")
                return
            }
        }
        guard
            case .refusal(1, .changed, _) = desk.answer(
                request, from: "r", key: reader.publicKey.bytes, files: NoFiles())
        else {
            Issue.record("nothing for the reader")
            return
        }
    }

    private struct NoFiles: SampleFiles {
        func listing(of entity: String) -> SampleListing? { nil }
        func read(_ entity: String, file: Int, offset: UInt64, count: Int) -> [UInt8] { [] }
        func digest(_ entity: String, file: Int, offset: UInt64, count: Int) -> [UInt8] { [] }
    }
}
