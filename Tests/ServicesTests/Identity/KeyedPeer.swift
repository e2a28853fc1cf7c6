import Federation
import Platform
import Services
import TestSupport

/// A peer that speaks the protocol by hand over real sockets, with whatever key it was given.
final class KeyedPeer {
    let port: ZeroMQPort
    let name: String
    private(set) var epoch: UInt64 = 0
    private(set) var federation = FederationIdentity.none
    private var sequence: UInt64 = 0

    init(_ name: String, _ fleet: Fleet, security: PortSecurity) throws {
        self.name = name
        port = try ZeroMQPort.connecting(
            control: "tcp://127.0.0.1:\(fleet.ports[1])", bulk: "tcp://127.0.0.1:\(fleet.ports[2])",
            identity: Array("\(name)#1".utf8), security: security)
    }

    /// Sends under a name, its own if none is given; whether the message found a way within some seconds.
    func send(_ message: Message, as other: String? = nil, lease: UInt64? = nil, within seconds: Int = 10) -> Bool {
        sequence += 1
        let envelope = Envelope(
            sender: other ?? name, federation: federation, leaseEpoch: lease ?? epoch, sequence: sequence,
            message: message)
        return eventually(within: seconds) {
            (try? port.send(envelope.parts(), to: [], on: message.channel)) == .queued
        }
    }

    /// The next message of a channel that is of interest, within some seconds.
    func next<Value>(_ channel: Message.Channel = .control, _ wanted: (Message) -> Value?) -> Value? {
        var found: Value?
        _ = eventually(within: 10) {
            while let message = try? port.receive(on: channel) {
                guard let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message) else { continue }
                if case .welcome = envelope.message { (epoch, federation) = (envelope.leaseEpoch, envelope.federation) }
                if let value = wanted(envelope.message) {
                    found = value
                    return true
                }
            }
            return false
        }
        return found
    }

    /// The next message of a channel that is here already.
    func waiting(_ channel: Message.Channel) -> Envelope? {
        while let message = try? port.receive(on: channel) {
            if let envelope = try? Envelope(decoding: message.bytes, limit: WireLimits.message) { return envelope }
        }
        return nil
    }

    static func registration(site: String, entities: [String], domain: String? = nil, data: String = "") -> Message {
        .registration(
            Registration(
                incarnation: 5, site: site, domain: domain ?? site,
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: "x"),
                entities: entities, dataAddress: data))
    }

    /// Whether it is let in with that registration; otherwise the refusal's line.
    func join(_ registration: Message, as other: String? = nil) -> String? {
        guard send(registration, as: other) else { return "nobody hears" }
        return next { message -> String?? in
            switch message {
            case .welcome: .some(nil)
            case .refusal(let refusal): .some(refusal.text)
            default: nil
            }
        } ?? "no answer"
    }
}
