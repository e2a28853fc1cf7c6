import Federation
import Numerics
import Platform

extension FuzzTarget {
    /// What travels between server and workers.
    static let wire: [FuzzTarget] = [
        FuzzTarget("envelope", examples: { Examples.messages.map { envelope($0).encoded() } }) { bytes in
            let envelope = try Envelope(decoding: bytes, limit: WireLimits.message)
            let again = envelope.encoded()
            // An envelope has one form, but for names in a dictionary that came out of order or twice.
            try require(
                Envelope(decoding: again, limit: WireLimits.message).encoded() == again,
                "an envelope is written as another than was read")
        },
        // Without the checksum, which keeps nearly all of what is made up from what lies behind it.
        FuzzTarget("message", examples: { Examples.messages.map(payload) }) { bytes in
            guard let (kind, rest) = kind(bytes) else { throw Refused() }
            var reader = WireReader(rest)
            let message = try Message(kind, from: &reader)
            try reader.finish("message")
            let again = payload(message)
            var second = WireReader(Array(again.dropFirst()))
            let read = try Message(kind, from: &second)
            try require(payload(read) == again, "a message is written as another than was read")
        },
        FuzzTarget("contribution", examples: { [Examples.contribution.encoded()] }) { bytes in
            let contribution = try Contribution(decoding: bytes)
            let again = contribution.encoded()
            try require(Contribution(decoding: again).encoded() == again, "a contribution is written as another")
            _ = contribution.capped(at: 10).sampleCount
        },
        FuzzTarget("model", examples: { [Examples.model.encoded()] }) { bytes in
            let again = try FederatedModel(decoding: bytes).encoded()
            try require(FederatedModel(decoding: again).encoded() == again, "a model is written as another")
        },
    ]

    /// What is not taken, where the decoder says so without an error of its own.
    struct Refused: Error {}

    static func envelope(_ message: Message) -> Envelope {
        Envelope(
            sender: "worker-1", federation: FederationIdentity(1, 2), leaseEpoch: 3, sequence: 4, message: message)
    }

    /// A message's type in one byte, then its payload.
    static func payload(_ message: Message) -> [UInt8] {
        var writer = WireWriter()
        message.encode(into: &writer)
        var all = [UInt8(truncatingIfNeeded: message.type.rawValue)]
        all += writer.bytes
        all += message.body.array
        return all
    }

    static func kind(_ bytes: [UInt8]) -> (Message.Kind, [UInt8])? {
        guard let first = bytes.first, let kind = Message.Kind(rawValue: UInt16(first)) else { return nil }
        return (kind, Array(bytes.dropFirst()))
    }
}
