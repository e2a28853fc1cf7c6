/// Worker: this is my key from now on. What it says of itself beside the key is only asked for: an invitation says
/// itself what it grants.
package struct Enrolment: Equatable, Sendable {
    /// The worker's own public key.
    package var key: PublicKey
    /// The site that it would stand at.
    package var site: String
    /// The domain that it would belong to.
    package var domain: String

    /// An enrolment with every field given.
    package init(key: PublicKey, site: String, domain: String) {
        self.key = key
        self.site = site
        self.domain = domain
    }
}

/// Server: what became of it.
package struct EnrolmentAnswer: Equatable, Sendable {
    /// What became of it.
    package enum Outcome: UInt8, CaseIterable, Sendable {
        /// The key is known from now on: connect with it.
        case accepted = 0
        /// Not now; ask again.
        case later = 1
        /// Never like this.
        case refused = 2
    }

    /// What became of it.
    package var outcome: Outcome
    /// Time after which the reason of a ``Outcome/later`` may be gone.
    package var patienceMilliseconds: UInt32
    /// One line for people; empty when it was accepted.
    package var text: String

    /// An answer with every field given.
    package init(_ outcome: Outcome, _ text: String = "", patienceMilliseconds: UInt32 = 0) {
        self.outcome = outcome
        self.patienceMilliseconds = patienceMilliseconds
        self.text = text
    }
}

/// An enrolment and who asks for it.
package struct EnrolmentRequest: Equatable, Sendable {
    /// As the transport has authenticated it.
    package var caller: Caller
    /// The name under which the worker speaks.
    package var name: String
    /// What it asks for.
    package var enrolment: Enrolment

    /// A request with every field given.
    package init(caller: Caller, name: String, enrolment: Enrolment) {
        self.caller = caller
        self.name = name
        self.enrolment = enrolment
    }
}

extension Enrolment {
    func encode(into writer: inout WireWriter) {
        writer.put(key.bytes)
        writer.put(site)
        writer.put(domain)
    }

    init(from reader: inout WireReader) throws(FederationError) {
        let bytes = try reader.byteString("key", limit: PublicKey.length)
        guard let key = PublicKey(bytes) else {
            throw FederationError(.malformed, "a key of \(bytes.count) bytes")
        }
        self.key = key
        site = try reader.string("site", limit: WireLimits.place)
        domain = try reader.string("domain", limit: WireLimits.place)
    }
}

extension EnrolmentAnswer {
    init(from reader: inout WireReader) throws(FederationError) {
        outcome = try reader.enumeration("outcome")
        patienceMilliseconds = try reader.integer("patience")
        text = try reader.string("text", limit: WireLimits.text)
    }
}
