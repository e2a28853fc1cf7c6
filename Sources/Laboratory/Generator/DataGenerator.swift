/// Generates 5G3E-style data: sites with entities of several kinds, correlated metrics, and labelled faults.
///
/// Every number follows from the scenario; an entity does not depend on how many others there are.
public struct DataGenerator: Sendable {
    /// What to generate.
    public let scenario: SyntheticScenario

    /// A generator for a scenario.
    ///
    /// - Throws: ``GeneratorError`` when a parameter is out of range.
    public init(_ scenario: SyntheticScenario) throws {
        try scenario.validate()
        self.scenario = scenario
    }

    /// Generates one entity.
    ///
    /// - Throws: ``GeneratorError`` when its test part is too short for the faults.
    /// - Precondition: site and index lie within the scenario.
    public func entity(site: Int, index: Int) throws -> SyntheticEntity {
        precondition((0..<scenario.sites).contains(site), "no site \(site)")
        precondition((0..<scenario.entitiesPerSite).contains(index), "no entity \(index)")
        let shared = SyntheticSite(index: site, scenario: scenario)
        return try SyntheticEntity(index: index, siteIndex: site, site: shared, scenario: scenario)
    }

    /// Generates all entities, site by site, one at a time in memory.
    ///
    /// - Throws: ``GeneratorError``, and what `body` throws.
    public func forEachEntity(_ body: (SyntheticEntity) throws -> Void) throws {
        for site in 0..<scenario.sites {
            let shared = SyntheticSite(index: site, scenario: scenario)
            for index in 0..<scenario.entitiesPerSite {
                try body(SyntheticEntity(index: index, siteIndex: site, site: shared, scenario: scenario))
            }
        }
    }
}
