import Platform

/// One message with what its receiver must know before it looks inside.
///
/// Layout, little-endian: magic `FLTN` (4 bytes), protocol version (2), message type (2), federation (16), lease epoch (8),
/// sequence (8), payload length (4), checksum (4: CRC-32 of everything else), length of the sender's name (1), the name,
/// the payload.
package struct Envelope: Equatable, Sendable {
    /// The version of the protocol that this build speaks.
    package static let protocolVersion: UInt16 = 7
    /// The first four bytes of every message.
    package static let magic: [UInt8] = Array("FLTN".utf8)
    /// Longest name of a sender, in bytes.
    package static let longestName = 120
    private static let checksumOffset = 44
    private static let fixedBytes = checksumOffset + 5

    /// Who says so: a worker's name, or `server`.
    package var sender: String
    /// The federation that it belongs to; none in what a worker says before it knows.
    package var federation: FederationIdentity
    /// The lease under which it was sent; 0 before there is one.
    package var leaseEpoch: UInt64
    /// Grows by at least one with each message of a sender.
    package var sequence: UInt64
    /// What is said.
    package var message: Message

    /// An envelope around a message.
    package init(
        sender: String, federation: FederationIdentity = .none, leaseEpoch: UInt64, sequence: UInt64, message: Message
    ) {
        self.sender = sender
        self.federation = federation
        self.leaseEpoch = leaseEpoch
        self.sequence = sequence
        self.message = message
    }

    /// The message for the wire. What is large in it is not copied.
    ///
    /// - Precondition: the sender's name has at most 120 bytes.
    package func parts() -> EncodedMessage {
        precondition(sender.utf8.count <= Self.longestName, "the name \(sender) is too long")
        var payload = WireWriter()
        message.encode(into: &payload)
        return Self.assemble(
            version: Self.protocolVersion, type: message.type.rawValue, federation: federation, leaseEpoch: leaseEpoch,
            sequence: sequence, sender: sender, payload: payload.bytes, body: message.body)
    }

    /// The bytes for the wire, in one array.
    package func encoded() -> [UInt8] { parts().bytes }

    /// An envelope of any version and type; tests use it to speak as a stranger.
    ///
    /// - Parameter body: the end of the payload.
    package static func assemble(
        version: UInt16, type: UInt16, federation: FederationIdentity = .none, leaseEpoch: UInt64, sequence: UInt64,
        sender: String, payload: [UInt8], body: Bytes = []
    ) -> EncodedMessage {
        var head = WireWriter(reserving: fixedBytes + sender.utf8.count + payload.count)
        head.putRaw(magic)
        head.put(version)
        head.put(type)
        head.put(federation.first)
        head.put(federation.second)
        head.put(leaseEpoch)
        head.put(sequence)
        head.put(UInt32(clamping: payload.count + body.count))
        var tail = WireWriter(reserving: payload.count + sender.utf8.count + 1)
        tail.put(UInt8(clamping: sender.utf8.count))
        tail.putRaw(sender.utf8)
        tail.putRaw(payload)
        var checksum = CyclicRedundancyCheck()
        checksum.update(head.bytes)
        checksum.update(tail.bytes)
        body.forEachPart { checksum.update($0) }
        head.put(checksum.value)
        head.putRaw(tail.bytes)
        return EncodedMessage(head: head.bytes, body: body)
    }

    /// Reads an envelope of at most `limit` bytes.
    ///
    /// - Throws: ``FederationError`` that says what is wrong; `unsupportedVersion` and `unknownType` deserve an answer,
    ///   the others do not (the sender may not be a worker at all).
    package init(decoding bytes: [UInt8], limit: Int) throws(FederationError) {
        try self.init(decoding: Bytes(bytes), limit: limit)
    }

    /// The same of bytes that are not copied: large parts of the message are parts of them.
    package init(decoding bytes: Bytes, limit: Int) throws(FederationError) {
        guard bytes.count >= Self.magic.count,
            bytes.withUnsafeBytes({ $0.prefix(Self.magic.count).elementsEqual(Self.magic) })
        else {
            throw FederationError(.notThisProtocol, "\(bytes.count) bytes that do not begin with FLTN")
        }
        guard bytes.count <= limit else {
            throw FederationError(.oversized, "a message of \(bytes.count) bytes, at most \(limit) are allowed")
        }
        var reader = WireReader(bytes, from: 4)
        let version = try reader.integer("version", as: UInt16.self)
        guard version == Self.protocolVersion else {
            throw FederationError(
                .unsupportedVersion, "protocol version \(version), this build speaks \(Self.protocolVersion)")
        }
        let type = try reader.integer("type", as: UInt16.self)
        let federation = FederationIdentity(try reader.integer("federation"), try reader.integer("federation"))
        let leaseEpoch = try reader.integer("lease epoch", as: UInt64.self)
        let sequence = try reader.integer("sequence", as: UInt64.self)
        let payloadBytes = Int(try reader.integer("payload length", as: UInt32.self))
        let checksum = try reader.integer("checksum", as: UInt32.self)
        var expected = CyclicRedundancyCheck()
        bytes.withUnsafeBytes { buffer in
            expected.update(UnsafeRawBufferPointer(rebasing: buffer[..<Self.checksumOffset]))
            expected.update(UnsafeRawBufferPointer(rebasing: buffer[(Self.checksumOffset + 4)...]))
        }
        guard checksum == expected.value else { throw FederationError(.corrupted, "the checksum does not match") }
        let nameBytes = Int(try reader.integer("sender length", as: UInt8.self))
        guard nameBytes > 0, nameBytes <= Self.longestName else {
            throw FederationError(.malformed, "a sender's name of \(nameBytes) bytes")
        }
        guard let sender = String(validating: try reader.rawBytes("sender", count: nameBytes), as: UTF8.self) else {
            throw FederationError(.malformed, "a sender's name that is not UTF-8")
        }
        guard reader.remaining == payloadBytes else {
            throw FederationError(.malformed, "a payload of \(reader.remaining) bytes that says \(payloadBytes)")
        }
        guard let kind = Message.Kind(rawValue: type) else {
            throw FederationError(.unknownType, "message type \(type), unknown to protocol version \(version)")
        }
        self.sender = sender
        self.federation = federation
        self.leaseEpoch = leaseEpoch
        self.sequence = sequence
        message = try Message(kind, from: &reader)
        try reader.finish("message")
    }
}
