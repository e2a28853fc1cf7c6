import Platform

/// Bounds on what a message may hold; they keep a peer's claims small before anything else has looked at them.
package enum WireLimits {
    /// Entities that a worker may name.
    package static let entities = 16_384
    /// Bytes of a worker's address.
    package static let address = 256
    /// Bytes of a token.
    package static let token = 16
    /// Files of one entity.
    package static let files = 4_096
    /// Bytes of a file's name.
    package static let fileName = 255
    /// Groups of one model or contribution.
    package static let groups = 4_096
    /// Bytes of a worker's name, and of what is named in a word.
    package static let name = Envelope.longestName
    /// Bytes of the name of a site, a domain or an entity type.
    package static let place = NameRule.longestPart
    /// Bytes of an entity's key.
    package static let entity = NameRule.longestEntity
    /// Bytes of a group's name.
    package static let group = NameRule.longestGroup
    /// Bytes of a sentence for people.
    package static let text = 1_024
    /// Bytes of a round's hyper-parameters.
    package static let hyperparameters = 65_536
    /// Bytes of one piece of a model or contribution.
    package static let piece = 4 << 20
    /// Alarms in one batch.
    package static let alarms = 256
    /// Bytes of one alarm.
    package static let alarm = 256 << 10
    /// Bytes of what an alarm reached that was called false, and of its identity.
    package static let (falseAlarm, alarmIdentity) = (16 << 10, NameRule.longestEntity + 64)
    /// Bytes of a whole message: the largest is a full batch of alarms or a piece, with room for its fields.
    package static let message = 8 << 20
}
