package import Telemetry

extension AlarmEvent {
    /// What is wrong with the watching, where an event is of that and of no anomaly.
    package struct Quality: Codable, Equatable, Sendable {
        /// What is wrong, such as `sourceDown` or `metricsVanished`.
        package var kind: String
        /// The source, as it is configured.
        package var source: String
        /// Names of what is concerned, a few of them.
        package var subjects: [String]
        /// How many are concerned.
        package var count: Int
        /// A line for people.
        package var detail: String

        /// Bytes of each of its texts, and how many subjects there are, at most.
        static let (longestText, mostSubjects) = (300, 16)

        var isBounded: Bool {
            subjects.count <= Self.mostSubjects
                && ([source, detail] + subjects).allSatisfy { $0.utf8.count <= 4 * Self.longestText }
                && (1...64).contains(kind.utf8.count) && kind.utf8.allSatisfy { $0 > 0x40 && $0 < 0x7B }
        }
    }

    /// An event of what is wrong with the watching of an entity: raised when it begins, cleared when it is over.
    ///
    /// - Parameter row: the entity's next row.
    package init(_ finding: DataQualityFinding, site: String, entity: String, worker: String, row: Int) {
        func finite(_ time: Double) -> Double { time.isFinite ? time : 0 }
        func bounded(_ text: String) -> String { String(text.prefix(Quality.longestText)) }
        let onset = Point(index: row, time: finite(finding.since))
        self.init(
            id: AlarmIdentity.identity(
                site: site, entity: entity, quality: finding.kind.rawValue,
                mark: AlarmIdentity.mark(of: onset, digest: nil)),
            revision: finding.isRaised ? 0 : 1, state: finding.isRaised ? .raised : .cleared, site: site,
            entity: entity,
            worker: worker, severity: .warning, onset: onset, at: Point(index: row, time: finite(finding.at)), score: 0,
            groups: [], fingerprint: [], reconstruction: nil, modelVersion: 0)
        quality = Quality(
            kind: finding.kind.rawValue, source: bounded(finding.source),
            subjects: finding.subjects.prefix(Quality.mostSubjects).map(bounded), count: finding.count,
            detail: bounded(finding.detail))
    }
}
