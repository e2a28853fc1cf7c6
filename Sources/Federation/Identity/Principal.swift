import Platform

/// Names a principal for good: its keys change, this does not.
package struct PrincipalID: Hashable, Sendable, Codable, CustomStringConvertible {
    /// 16 hexadecimal digits.
    package let description: String

    /// The id of those digits; `nil` for other text.
    package init?(_ text: String) {
        guard text.utf8.count == 16, Hexadecimal.bytes(text) != nil else { return nil }
        description = text
    }

    /// The id of whoever enrolled with this key first.
    package init(firstKey key: PublicKey) {
        description = Hexadecimal.text(SHA256.digest(Array("principal".utf8) + key.bytes).prefix(8))
    }
}

/// Who sent a message, as the transport has authenticated it.
package enum Caller: Hashable, Sendable, CustomStringConvertible {
    /// Nobody has looked: plain mode, in which the name in the message stands in.
    case anybody
    /// The holder of a principal's key.
    case principal(PrincipalID)
    /// The holder of an invitation's key: may enrol, once, and nothing else.
    case invited(PublicKey)
    /// A process that could read what only the server's own user can: may enrol, and nothing else.
    case local
    /// A worker to which samples were granted, by the key that the grant names.
    case reader(PublicKey)

    /// As it travels from the handshake to the messages of its connection.
    package var description: String {
        switch self {
        case .anybody: "anybody"
        case .principal(let id): "principal:\(id)"
        case .invited(let key): "invited:\(key)"
        case .local: "local"
        case .reader(let key): "reader:\(key)"
        }
    }

    /// What ``description`` says; `nil` for other text.
    package init?(_ text: String) {
        if text == "local" {
            self = .local
        } else if text.hasPrefix("principal:"), let id = PrincipalID(String(text.dropFirst(10))) {
            self = .principal(id)
        } else if text.hasPrefix("invited:"), let bytes = Hexadecimal.bytes(String(text.dropFirst(8))),
            let key = PublicKey(bytes)
        {
            self = .invited(key)
        } else if text.hasPrefix("reader:"), let bytes = Hexadecimal.bytes(String(text.dropFirst(7))),
            let key = PublicKey(bytes)
        {
            self = .reader(key)
        } else {
            return nil
        }
    }
}

/// What a principal may do.
package enum Role: String, CaseIterable, Codable, Sendable, Comparable {
    /// Contribute to rounds.
    case train
    /// Offer samples to workers of its domain.
    case hold
    /// Raise alarms.
    case watch

    package static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
}

/// What the server grants a principal; whatever a message says beyond it is refused.
package struct Grant: Hashable, Sendable, Codable {
    /// The worker's name.
    package var name: String
    /// Where it stands.
    package var site: String
    /// The domain in which its samples may travel.
    package var domain: String
    /// The entities that it may have.
    package var entities: [EntityPattern]
    /// What it may do, sorted.
    package var roles: [Role]

    /// A grant; all roles, and the entities of its site, unless they are given.
    package init(
        name: String, site: String, domain: String? = nil, entities: [EntityPattern]? = nil,
        roles: [Role] = Role.allCases
    ) {
        self.name = name
        self.site = site
        self.domain = domain ?? site
        self.entities = entities ?? [.site(site)]
        self.roles = Set(roles).sorted()
    }

    /// Why nothing can be granted like this; `nil` when it can.
    package var flaw: String? {
        for (field, text) in [("name", name), ("site", site), ("domain", domain)] {
            let limit = field == "name" ? Envelope.longestName - 20 : WireLimits.place
            if let flaw = NameRule.flaw(in: text, limit: limit) {
                return "\(field): found \(flaw.found), expected \(flaw.expected)"
            }
        }
        guard (1...256).contains(entities.count) else {
            return "entities: found \(entities.count) patterns, expected 1 to 256"
        }
        return roles.isEmpty ? "roles: found none, expected some of train, hold, watch" : nil
    }

    /// Whether an entity is one of its own.
    package func covers(_ entity: String) -> Bool { entities.contains { $0.matches(entity) } }

    /// Whether it may do something.
    package func allows(_ role: Role) -> Bool { roles.contains(role) }

    /// What a registration claims beyond the grant, in one line; `nil` when it claims nothing beyond it.
    package func refusal(of registration: Registration, by name: String) -> String? {
        for (field, claimed, granted) in [
            ("name", name, self.name), ("site", registration.site, site), ("domain", registration.domain, domain),
        ] where claimed != granted {
            return "\(field): found '\(PrintableText.line(claimed, limit: 80))', but this key is enrolled for "
                + "'\(granted)'"
        }
        if let foreign = registration.entities.first(where: { !covers($0) }) {
            return "entities: found '\(PrintableText.line(foreign, limit: 80))', but this key is enrolled for "
                + entities.prefix(4).map(\.description).joined(separator: ", ")
                + " (an entity's site is the name of its data's folder; fl-server enrol --entities grants others)"
        }
        if !registration.dataAddress.isEmpty, !allows(.hold) {
            return "data address: found one, but this key may not hold samples; expected none"
        }
        if registration.standsBy ? !allows(.hold) : !(allows(.train) || allows(.watch)) {
            return "stands by: found \(registration.standsBy), but the roles of this key are "
                + roles.map(\.rawValue).joined(separator: ", ")
        }
        return nil
    }
}

/// Whoever holds an enrolled key.
package struct Principal: Hashable, Sendable, Codable {
    /// How it came in.
    package enum Origin: String, Codable, Sendable {
        /// By itself, from this machine, as the server's own user.
        case local
        /// By a token that an operator made.
        case token
    }

    /// Its name among principals.
    package var id: PrincipalID
    /// What it may do, and under which name.
    package var grant: Grant
    /// Its key, and before it one that it is about to leave; at most two.
    package var keys: [PublicKey]
    /// How it came in.
    package var origin: Origin
    /// When, in seconds since 1970.
    package var enrolled: Int64
    /// When it was shut out, in seconds since 1970; `nil` while it is in.
    package var revoked: Int64?

    /// A principal with every field given.
    package init(
        id: PrincipalID, grant: Grant, keys: [PublicKey], origin: Origin, enrolled: Int64, revoked: Int64? = nil
    ) {
        self.id = id
        self.grant = grant
        self.keys = keys
        self.origin = origin
        self.enrolled = enrolled
        self.revoked = revoked
    }
}
