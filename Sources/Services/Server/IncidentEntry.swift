/// An incident as `/v1/incidents` has it, for people and programs.
package struct IncidentEntry: Codable, Sendable {
    /// An entity that is part of it.
    package struct Entity: Codable, Sendable {
        /// Its site.
        package let site: String
        /// Its name.
        package let entity: String
        /// How likely it is where the incident began; the entities are in the order of this.
        package let score: Double
        /// What deviates most, the likeliest cause first.
        package let metrics: [String]
        /// Identities of its alarms.
        package let alarms: [String]
    }

    /// Its identity.
    package let id: String
    /// When it began, in seconds of the entities' clock.
    package let start: Double
    /// When it was last seen.
    package let end: Double
    /// Whether more may come to it.
    package let open: Bool
    /// The most likely culprit first.
    package let entities: [Entity]
}
