import Federation

/// The sockets of a node in the simulated network, with an ear for the oracles.
final class SimulatedPort: NodePort {
    let endpoint: SimulatedNetwork.Endpoint
    private let network: SimulatedNetwork
    private let isServer: Bool
    /// Whether it makes new connections when it is told to.
    var reconnects = true
    /// Told of each message that the node takes.
    var arrived: (([UInt8], _ peer: [UInt8]) -> Void)?
    /// Told of each message that the node sends.
    var sent: (([UInt8], _ peer: [UInt8]) -> Void)?
    /// Changes what the node gets; `nil` keeps it from the node.
    var incoming: ((ArrivedMessage) -> ArrivedMessage?)?
    /// Changes what the node sends; `nil` keeps it from the network.
    var outgoing: (([UInt8], _ peer: [UInt8]) -> [UInt8]?)?

    init(_ endpoint: SimulatedNetwork.Endpoint, network: SimulatedNetwork, isServer: Bool) {
        self.endpoint = endpoint
        self.network = network
        self.isServer = isServer
    }

    func receive(on channel: Message.Channel) throws -> ArrivedMessage? {
        while let message = endpoint.receive(on: channel == .control ? 0 : 1) {
            arrived?(message.bytes, message.peer)
            let taken = ArrivedMessage(peer: message.peer, caller: message.caller, bytes: message.bytes)
            guard let incoming else { return taken }
            if let changed = incoming(taken) { return changed }
        }
        return nil
    }

    func send(_ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel) throws -> SendOutcome {
        guard let bytes = outgoing.map({ $0(message.bytes, peer) }) ?? message.bytes else { return .queued }
        sent?(bytes, peer)
        let number = channel == .control ? 0 : 1
        return isServer
            ? network.sendDown(bytes, to: peer, on: number) : network.sendUp(bytes, from: endpoint, on: number)
    }

    func reconnect() throws { if reconnects { network.reconnect(endpoint) } }
    func close() { network.close(endpoint) }
}
