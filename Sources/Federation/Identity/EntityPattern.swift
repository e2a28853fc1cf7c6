package import Platform

/// Which entities a principal may have: a key, `site/entity`, in which `*` stands for any characters, none included.
package struct EntityPattern: Hashable, Sendable, CustomStringConvertible {
    /// As it is written.
    package let description: String

    /// Every entity.
    package static let all = EntityPattern(unchecked: "*")

    /// Every entity of a site.
    package static func site(_ name: String) -> EntityPattern { EntityPattern(unchecked: name + "/*") }

    private init(unchecked text: String) { description = text }

    /// A pattern.
    ///
    /// - Throws: what was found and what is expected.
    package init(_ text: String) throws(IdentityError) {
        if let flaw = NameRule.flaw(in: text, limit: WireLimits.entity) {
            throw IdentityError("entities: found \(flaw.found), expected a pattern such as site1/* of \(flaw.expected)")
        }
        description = text
    }

    /// Whether an entity's key fits.
    ///
    /// Linear in the key for one `*`; of several, each takes as little as it can (the usual greedy matching without
    /// exponential cases): O(key × pattern) at most.
    package func matches(_ key: String) -> Bool {
        let (pattern, key) = (Array(description.utf8), Array(key.utf8))
        let star = UInt8(ascii: "*")
        var (at, position) = (0, 0)
        var resume: (at: Int, position: Int)?
        while position < key.count {
            if at < pattern.count, pattern[at] == star {
                resume = (at + 1, position)
                at += 1
            } else if at < pattern.count, pattern[at] == key[position] {
                at += 1
                position += 1
            } else if let last = resume {
                resume = (last.at, last.position + 1)
                (at, position) = (last.at, last.position + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == star }
    }
}

extension EntityPattern: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Why something about keys and principals cannot be, in one line.
package struct IdentityError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The line.
    package let description: String

    /// An error with its line.
    package init(_ description: String) { self.description = description }
}

extension IdentityError: ReportableError {
    package var exitStatus: ExitStatus { .configuration }
}
