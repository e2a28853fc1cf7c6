/// The files that a holder may hand out.
package protocol SampleFiles {
    /// The files of an entity with their present sizes; `nil` when there are none here.
    func listing(of entity: String) -> SampleListing?
    /// Bytes of a file, fewer at its end.
    ///
    /// - Throws: what makes the file unreadable.
    func read(_ entity: String, file: Int, offset: UInt64, count: Int) throws -> [UInt8]
    /// SHA-256 of bytes of a file; of fewer at its end.
    ///
    /// - Throws: what makes the file unreadable.
    func digest(_ entity: String, file: Int, offset: UInt64, count: Int) throws -> [UInt8]
}

/// The holder's side of samples that move: answers the requests that the server has granted, and no others.
///
/// Where connections are encrypted, only the keys that grants name are let in, and what a reader asks for must be its own
/// key's. In plain mode the token keeps a worker of another domain, or one that serves the entity no longer, from reading
/// by mistake, not an eavesdropper.
package struct SampleDesk: Sendable {
    /// Most bytes of a check, so that one request does not keep the others waiting for long.
    package static let checkBytes = 32 << 20

    /// Requests that were refused, by reason.
    package private(set) var refusals: [SampleRefusal: Int] = [:]
    private var readers: [[UInt8]: (reader: String, key: [UInt8], entities: Set<String>)] = [:]

    /// A desk that grants nothing.
    package init() {}

    /// What the server grants from now on.
    package mutating func grant(_ grants: [SampleGrant]) {
        readers = [:]
        for grant in grants { readers[grant.token] = (grant.reader, grant.key, Set(grant.entities)) }
    }

    /// The answer to a message; `nil` for one that asks for nothing.
    ///
    /// - Parameter key: of the connection that it came over; empty in plain mode.
    package mutating func answer(
        _ message: SampleMessage, from sender: String, key: [UInt8] = [], files: some SampleFiles
    ) -> SampleMessage? {
        let token: [UInt8]
        let entity: String
        switch message {
        case .listRequest(_, let shown, let named): (token, entity) = (shown, named)
        case .pieceRequest(let range), .checkRequest(let range): (token, entity) = (range.token, range.entity)
        case .list, .piece, .check, .refusal: return nil
        }
        guard let grant = readers[token], grant.reader == sender, grant.key == key, grant.entities.contains(entity)
        else {
            return refuse(message, .notGranted, "the server has not granted \(entity) to \(sender) here")
        }
        guard let listing = files.listing(of: entity) else {
            return refuse(message, .changed, "no files of \(entity) here")
        }
        switch message {
        case .listRequest(let request, _, _):
            // Names and files that no message can hold cannot travel.
            guard listing.files.count <= WireLimits.files,
                listing.files.allSatisfy({ $0.name.utf8.count <= WireLimits.fileName })
            else {
                return refuse(
                    message, .unreadable,
                    "\(entity) has more than \(WireLimits.files) files, or one with a name of more than "
                        + "\(WireLimits.fileName) bytes")
            }
            return .list(request: request, listing)
        case .pieceRequest(let range), .checkRequest(let range):
            guard range.listing == listing.identity, Int(range.file) < listing.files.count else {
                return refuse(message, .changed, "\(entity) has other files now")
            }
            do {
                if case .pieceRequest = message {
                    let bytes = try files.read(
                        entity, file: Int(range.file), offset: range.offset,
                        count: min(Int(range.length), WireLimits.piece))
                    return .piece(request: range.request, bytes: bytes)
                }
                let digest = try files.digest(
                    entity, file: Int(range.file), offset: range.offset,
                    count: min(Int(range.length), Self.checkBytes))
                return .check(request: range.request, digest: digest)
            } catch {
                return refuse(message, .unreadable, "\(error)")
            }
        case .list, .piece, .check, .refusal: return nil
        }
    }

    private mutating func refuse(_ message: SampleMessage, _ reason: SampleRefusal, _ text: String) -> SampleMessage {
        refusals[reason, default: 0] += 1
        return .refusal(request: message.request, reason, text: String(text.prefix(WireLimits.text / 4)))
    }
}
