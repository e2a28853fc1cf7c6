/// Where a worker gets the samples of entities that it serves and does not reach by itself.
package struct SampleSource: Hashable, Sendable {
    /// The worker that has them.
    package var holder: String
    /// Its data endpoint.
    package var address: String
    /// Shown to the holder with each request; the holder learns it from the server too.
    package var token: [UInt8]
    /// The entities, sorted.
    package var entities: [String]
    /// The holder's key on its data endpoint, 32 bytes; empty where nothing is encrypted.
    package var key: [UInt8]

    /// A source with every field given.
    package init(holder: String, address: String, token: [UInt8], entities: [String], key: [UInt8] = []) {
        self.key = key
        self.holder = holder
        self.address = address
        self.token = token
        self.entities = entities
    }
}

/// Who may fetch samples from a worker.
package struct SampleGrant: Hashable, Sendable {
    /// The worker that serves the entities.
    package var reader: String
    /// What it shows.
    package var token: [UInt8]
    /// The entities, sorted.
    package var entities: [String]
    /// The key with which the reader comes, 32 bytes: nobody else is let in; empty where nothing is encrypted.
    package var key: [UInt8]

    /// A grant with every field given.
    package init(reader: String, token: [UInt8], entities: [String], key: [UInt8] = []) {
        self.key = key
        self.reader = reader
        self.token = token
        self.entities = entities
    }
}

extension SampleSource {
    func encode(into writer: inout WireWriter) {
        writer.put(holder)
        writer.put(address)
        writer.put(token)
        writer.put(entities) { $0.put($1) }
        writer.put(key)
    }

    init(from reader: inout WireReader) throws(FederationError) {
        holder = try reader.string("holder", limit: WireLimits.name)
        address = try reader.string("address", limit: WireLimits.address)
        token = try reader.token()
        entities = try reader.names("entities", limit: WireLimits.entities)
        key = try reader.keyOrNone()
    }
}

extension SampleGrant {
    func encode(into writer: inout WireWriter) {
        writer.put(reader)
        writer.put(token)
        writer.put(entities) { $0.put($1) }
        writer.put(key)
    }

    init(from reader: inout WireReader) throws(FederationError) {
        self.reader = try reader.string("reader", limit: WireLimits.name)
        token = try reader.token()
        entities = try reader.names("entities", limit: WireLimits.entities)
        key = try reader.keyOrNone()
    }
}

extension WireReader {
    /// A key, or no bytes where nothing is encrypted.
    mutating func keyOrNone() throws(FederationError) -> [UInt8] {
        let key = try byteString("key", limit: PublicKey.length)
        guard key.isEmpty || key.count == PublicKey.length else {
            throw FederationError(.malformed, "a key of \(key.count) bytes")
        }
        return key
    }

    /// A token: 16 bytes.
    mutating func token() throws(FederationError) -> [UInt8] {
        let token = try byteString("token", limit: WireLimits.token)
        guard token.count == WireLimits.token else {
            throw FederationError(.malformed, "a token of \(token.count) bytes")
        }
        return token
    }
}
