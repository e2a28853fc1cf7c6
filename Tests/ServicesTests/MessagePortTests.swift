import Federation
import Foundation
import Services
import TestSupport
import Testing

@Suite struct MessagePortTests {
    /// A server's and a worker's port, over ZeroMQ and in memory: one suite for both.
    enum Kind: CaseIterable { case zeroMQ, inMemory }

    private func ports(_ kind: Kind, limits: PortLimits = PortLimits()) throws -> (
        server: any MessagePort, connect: (String) throws -> any MessagePort
    ) {
        switch kind {
        case .inMemory:
            let network = InMemoryNetwork()
            return (network.serverPort(), { network.workerPort(identity: Array($0.utf8)) })
        case .zeroMQ:
            let server = try ZeroMQPort.listening(
                control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*", limits: limits)
            let addresses = try server.boundAddresses()
            return (
                server,
                {
                    try ZeroMQPort.connecting(
                        control: addresses.control, bulk: addresses.bulk, identity: Array($0.utf8))
                }
            )
        }
    }

    /// Waits for the next message for at most some seconds.
    private func next(_ port: any MessagePort, _ channel: Message.Channel) throws -> ArrivedMessage? {
        let deadline = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < deadline {
            if let message = try port.receive(on: channel) { return message }
            try port.wait(upTo: .milliseconds(100))
        }
        return nil
    }

    private func send(_ bytes: [UInt8], from port: any MessagePort, on channel: Message.Channel) throws {
        let deadline = ContinuousClock.now + .seconds(5)
        // Until the connection is there, nothing is queued.
        while try port.send(bytes, to: [], on: channel) != .queued, ContinuousClock.now < deadline {
            try port.wait(upTo: .milliseconds(10))
        }
    }

    /// A port that connects knows how far it has come, also after it made new connections.
    @Test func aPortKnowsItsLinks() throws {
        let server = try ZeroMQPort.listening(control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*")
        let addresses = try server.boundAddresses()
        let worker = try ZeroMQPort.connecting(
            control: addresses.control, bulk: addresses.bulk, identity: Array("a".utf8))
        for made in 1...2 {
            for channel in Message.Channel.allCases {
                #expect(
                    eventually {
                        (try? worker.link(on: channel)) == PortLink(isOpen: true, isReady: true, made: made)
                    })
                #expect(try server.link(on: channel) == nil)
            }
            if made == 1 { try worker.reconnect() }
        }
        let nobody = try ZeroMQPort.connecting(
            control: "tcp://127.0.0.1:9", bulk: "tcp://127.0.0.1:9", identity: Array("b".utf8))
        try nobody.wait(upTo: .milliseconds(50))
        #expect(try nobody.link(on: .control) == PortLink())
    }

    @Test(arguments: Kind.allCases) func messagesGoBothWaysOnBothChannels(kind: Kind) throws {
        let (server, connect) = try ports(kind)
        let worker = try connect("a")
        for channel in Message.Channel.allCases {
            try send([1, 2, 3], from: worker, on: channel)
            let message = try #require(try next(server, channel))
            #expect(message == ArrivedMessage(peer: Array("a".utf8), bytes: [1, 2, 3]))
            #expect(try server.send([4], to: message.peer, on: channel) == .queued)
            #expect(try next(worker, channel)?.bytes.array == [4])
        }
    }

    @Test(arguments: Kind.allCases) func nobodyIsUnreachable(kind: Kind) throws {
        let (server, _) = try ports(kind)
        #expect(try server.send([1], to: Array("nobody".utf8), on: .control) == .unreachable)
    }

    @Test(arguments: Kind.allCases) func aLargeMessageArrivesWhole(kind: Kind) throws {
        let (server, connect) = try ports(kind)
        let worker = try connect("a")
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try send(bytes, from: worker, on: .bulk)
        #expect(try next(server, .bulk)?.bytes.array == bytes)
    }

    @Test(arguments: Kind.allCases) func aWakeUpEndsAWait(kind: Kind) throws {
        let (server, _) = try ports(kind)
        server.waker.wake()
        let start = ContinuousClock.now
        try server.wait(upTo: .seconds(20))
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    /// A slow reader costs a bounded queue, not the server's memory or its time.
    @Test func aSlowReaderIsCutOff() throws {
        var limits = PortLimits()
        limits.bulkQueue = 4
        let (server, connect) = try ports(.zeroMQ, limits: limits)
        let worker = try connect("a")
        try send([1], from: worker, on: .bulk)
        let peer = try #require(try next(server, .bulk)).peer
        let large = [UInt8](repeating: 7, count: 4_000_000)
        var outcomes: [SendOutcome] = []
        for _ in 0..<200 { outcomes.append(try server.send(large, to: peer, on: .bulk)) }
        #expect(outcomes.contains(.full))
        #expect(outcomes.count { $0 == .queued } < 100)
    }

    /// Seen with libzmq 4.3.4: with the default settings a worker is lost silently after one oversize message.
    @Test func aWorkerSurvivesItsOversizeMessage() throws {
        var limits = PortLimits()
        limits.controlBytes = 1_000
        let (server, connect) = try ports(.zeroMQ, limits: limits)
        let worker = try connect("a")
        try send([UInt8](repeating: 1, count: 5_000), from: worker, on: .control)
        let deadline = ContinuousClock.now + .seconds(10)
        var heard: ArrivedMessage?
        while heard == nil, ContinuousClock.now < deadline {
            _ = try worker.send([9], to: [], on: .control)
            try server.wait(upTo: .milliseconds(50))
            heard = try server.receive(on: .control)
        }
        #expect(heard?.bytes == [9])
        #expect(try server.send([5], to: Array("a".utf8), on: .control) == .queued)
        #expect(try next(worker, .control)?.bytes == [5])
    }

    @Test func addressesThatCannotBeHad() throws {
        let first = try ZeroMQPort.listening(control: "tcp://127.0.0.1:*", bulk: "tcp://127.0.0.1:*")
        let taken = try first.boundAddresses().control
        let inUse = #expect(throws: TransportError.self) {
            try ZeroMQPort.listening(control: taken, bulk: "tcp://127.0.0.1:*")
        }
        #expect(inUse?.code == .addressInUse)
        for address in [
            "127.0.0.1", "tcp://nowhere.invalid:9000", "udp://x:1", "tcp://127.0.0.1:70000", "tcp://::1:9000",
        ] {
            let bad = #expect(throws: TransportError.self) {
                try ZeroMQPort.listening(control: address, bulk: "tcp://127.0.0.1:*")
            }
            #expect(bad?.code == .badAddress, "\(address)")
        }
    }

    @Test func loopback() {
        #expect(LoopbackAddress.contains("tcp://127.0.0.1:7411"))
        #expect(LoopbackAddress.contains("tcp://[::1]:7411"))
        #expect(!LoopbackAddress.contains("tcp://0.0.0.0:7411"))
        #expect(!LoopbackAddress.contains("tcp://*:7411"))
        for address in ["localhost:7411", "127.1.2.3:7411", "tcp://LOCALHOST:*", "ipc:///tmp/x"] {
            #expect(LoopbackAddress.contains(address), "\(address)")
        }
        for address in [
            "tcp://127.evil.invalid:7411", "tcp://127.0.0.1.evil.invalid:1", "tcp://[::2]:1", "tcp://127.0.0.1", "",
        ] { #expect(!LoopbackAddress.contains(address), "\(address)") }
    }
}
