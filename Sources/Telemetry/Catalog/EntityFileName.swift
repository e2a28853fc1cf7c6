import Platform

/// What a file with the rows of one entity is called, so that whoever reads it knows the entity and its type again:
/// `web1.csv` where the name says the type itself (`web`), else `redis.type=target.csv`.
package enum EntityFileName {
    private static let mark = ".type="

    /// The name without the extension; different for different entities.
    package static func stem(entity: String, type: String) -> String {
        let plain = NameRule.fileName(for: entity)
        let read = Discovery.name(of: plain)
        let isPlain =
            plain == entity && read == Discovery.Name(entity: entity, part: .all, role: .data)
            && Discovery.type(of: entity) == type && !Discovery.isPassedOver(plain) && PartName(plain) == nil
        return isPlain ? plain : plain + mark + NameRule.fileName(for: type)
    }

    /// The entity that readers make of such a name.
    package static func entity(of stem: String) -> String { Discovery.name(of: stem).entity }

    /// Entity and type that a name without what says the part tells; `nil` where it does not tell the type.
    static func parts(of name: String) -> (entity: String, type: String)? {
        guard let place = name.ranges(of: mark).last, place.lowerBound > name.startIndex,
            place.upperBound < name.endIndex, let entity = PercentEncoding.decoded(name[..<place.lowerBound]),
            let type = PercentEncoding.decoded(name[place.upperBound...])
        else { return nil }
        func isName(_ text: String) -> Bool {
            NameRule.flaw(in: text, limit: NameRule.longestPart) == nil && !text.contains("/")
        }
        return (isName(entity) ? entity : EntityName.safe(entity), isName(type) ? type : EntityName.safe(type))
    }
}
