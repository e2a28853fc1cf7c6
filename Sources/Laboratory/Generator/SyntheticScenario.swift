/// What synthetic data to generate. The same scenario gives the same bytes.
public struct SyntheticScenario: Hashable, Sendable {
    /// Everything random follows from it.
    public var seed: UInt64
    /// The number of sites.
    public var sites: Int
    /// The number of entities of each site.
    public var entitiesPerSite: Int
    /// The kinds of entities of a site, taken in turn.
    public var types: [SyntheticEntityType]
    /// Hours that the data cover, training and test part together.
    public var hours: Double
    /// Seconds from one row to the next.
    public var stepSeconds: Double
    /// The share of the rows that belongs to the training part, which has no faults.
    public var trainingShare: Double
    /// Which faults the test part has.
    public var faults: FaultSelection
    /// Severities are drawn evenly from this range, in units of each metric's spread.
    public var severity: ClosedRange<Double>
    /// The probability that a gap of one to four missing values begins at a cell.
    public var missingShare: Double

    /// A scenario; what is not given takes the defaults of `fl-train generate`.
    public init(
        seed: UInt64, sites: Int = 3, entitiesPerSite: Int = 5,
        types: [SyntheticEntityType] = SyntheticEntityType.allCases,
        hours: Double = 120, stepSeconds: Double = 60, trainingShare: Double = 0.6,
        faults: FaultSelection = .count(6), severity: ClosedRange<Double> = 3...6, missingShare: Double = 0.0005
    ) {
        self.seed = seed
        self.sites = sites
        self.entitiesPerSite = entitiesPerSite
        self.types = types
        self.hours = hours
        self.stepSeconds = stepSeconds
        self.trainingShare = trainingShare
        self.faults = faults
        self.severity = severity
        self.missingShare = missingShare
    }

    /// Rows of each entity.
    public var rows: Int {
        let count = (hours * 3_600 / stepSeconds).rounded()
        return count.isFinite ? Int(min(max(count, 0), 1e12)) : 0
    }

    /// Rows of each entity's training part.
    public var trainingRows: Int { Int((Double(rows) * trainingShare).rounded()) }

    /// The largest number of rows of one entity.
    public static let maximumRows = 5_000_000

    /// Monday, 2026-01-05 00:00 UTC: the time of the first row.
    static let startTime = 1_767_571_200.0

    /// Checks every parameter.
    ///
    /// - Throws: ``GeneratorError`` that names the first one out of range.
    public func validate() throws {
        func check(_ isGood: Bool, _ name: String, _ found: String, _ expected: String) throws {
            guard isGood else { throw GeneratorError(.badParameter, name, found: found, expected: expected) }
        }
        try check((1...1_000).contains(sites), "sites", "\(sites)", "1 to 1000")
        try check((1...1_000).contains(entitiesPerSite), "entities", "\(entitiesPerSite)", "1 to 1000")
        try check(!types.isEmpty, "types", "none", "at least one kind of entity")
        try check(hours.isFinite && hours > 0, "hours", "\(hours)", "more than 0")
        try check(
            stepSeconds.isFinite && stepSeconds >= 0.001 && stepSeconds <= 86_400, "step", "\(stepSeconds)",
            "0.001 to 86400 seconds")
        try check(
            (100...Self.maximumRows).contains(rows), "hours and step", "\(rows) rows for each entity",
            "100 to \(Self.maximumRows) rows")
        try check(trainingShare >= 0.1 && trainingShare <= 0.95, "train", "\(trainingShare)", "0.1 to 0.95")
        try check(
            severity.lowerBound >= 0.5 && severity.upperBound <= 20, "severity",
            "\(severity.lowerBound) to \(severity.upperBound)", "0.5 to 20")
        try check(missingShare >= 0 && missingShare <= 0.2, "missing", "\(missingShare)", "0 to 0.2")
        _ = try faults.kinds()
    }
}
