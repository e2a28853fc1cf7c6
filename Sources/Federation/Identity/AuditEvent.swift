/// Something that whoever answers for a federation will want to know of later.
package struct AuditEvent: Hashable, Sendable {
    /// What happened.
    package enum Kind: String, Codable, Sendable {
        /// A token was made.
        case invited
        /// A token expired unused.
        case expired
        /// A principal came in.
        case enrolled
        /// A key took another's place.
        case rotated
        /// What a principal may do is another than before.
        case changed
        /// A principal or a token was shut out.
        case revoked
        /// Somebody claimed what was not granted; said once a minute at most for each principal and reason.
        case refused
        /// The fault library or a target was changed over HTTP, or a token for HTTP was made.
        case http
        /// The server's own key.
        case server
    }

    /// What happened.
    package var kind: Kind
    /// Whom it is about: a worker's name, or what somebody said was one.
    package var subject: String
    /// One line for people.
    package var text: String

    /// An event with every field given.
    package init(_ kind: Kind, of subject: String, _ text: String) {
        self.kind = kind
        self.subject = subject
        self.text = text
    }
}
