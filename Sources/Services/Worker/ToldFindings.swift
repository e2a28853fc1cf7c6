package import Telemetry

/// Which findings of entities' streams are told: what the sources say of the watching of an entity is not said twice, and what
/// was told when it began is told when it is over.
package struct ToldFindings: Sendable {
    private struct Name: Hashable {
        var entity: String
        var kind: DataQualityFinding.Kind
    }

    /// What the sources say is wrong now.
    private var ofSources: Set<Name> = []
    /// What streams found and was told, or not.
    private var told: Set<Name> = []
    private var untold: Set<Name> = []

    /// Nothing was found yet.
    package init() {}

    /// Takes what a source found wrong with the watching of an entity.
    package mutating func take(_ finding: DataQualityFinding, ofSource entity: String) {
        let name = Name(entity: entity, kind: finding.kind)
        if finding.isRaised { ofSources.insert(name) } else { ofSources.remove(name) }
    }

    /// Whether what an entity's stream found is to be told.
    package mutating func tells(_ finding: DataQualityFinding, ofStream entity: String) -> Bool {
        let name = Name(entity: entity, kind: finding.kind)
        guard finding.isRaised else {
            told.remove(name)
            return untold.remove(name) == nil
        }
        if !told.contains(name), ofSources.contains(where: { $0.entity == entity }) {
            untold.insert(name)
            return false
        }
        untold.remove(name)
        told.insert(name)
        return true
    }
}
