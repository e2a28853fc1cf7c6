/// Something that is wrong with the watching of an entity or a source, not with the thing itself: it begins, and is over.
package struct DataQualityFinding: Codable, Hashable, Sendable {
    /// What is wrong.
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// The source does not answer.
        case sourceDown
        /// The source answers, with samples that do not advance.
        case sourceStale
        /// Most of the entity's metrics are missing.
        case halfEmpty
        /// There is more than the bound allows; the rest is left out.
        case overBound
        /// What comes cannot be read, in whole or in part.
        case malformed
        /// Metrics that were there are gone.
        case metricsVanished
        /// Metrics that were not there have come; watched from the next learning loop on.
        case metricsNew
        /// The entity's clock jumped.
        case clockStep
        /// Samples come at another pace than before.
        case intervalChanged
        /// The source started again: its counters began anew.
        case restarted
        /// Samples came too late or twice, and were left out.
        case samplesRefused
    }

    /// What is wrong.
    package var kind: Kind
    /// Whether it begins; otherwise it is over.
    package var isRaised: Bool
    /// The entity; `nil`: the whole source.
    package var entity: String?
    /// The source, as it is configured.
    package var source: String
    /// When it began, seconds in the entity's clock or since 1970.
    package var since: Double
    /// When this was found.
    package var at: Double
    /// Names of what is concerned: metrics, targets; a few of them.
    package var subjects: [String]
    /// How many are concerned.
    package var count: Int
    /// A line for people.
    package var detail: String
}

/// Which findings stand, so that each is told once when it begins and once when it is over.
package struct DataQualityBook: Sendable {
    private struct Key: Hashable {
        var kind: DataQualityFinding.Kind
        var entity: String?
        var source: String
    }

    /// Names in a finding.
    package static let mostSubjects = 12
    /// How many may be concerned before it is their number that is told, and no longer each change of who they are.
    package static let mostToldAlone = 10

    private var standing: [Key: DataQualityFinding] = [:]
    private var news: [DataQualityFinding] = []

    /// Nothing is wrong.
    package init() {}

    /// What stands now.
    package var open: [DataQualityFinding] {
        standing.values.sorted { ($0.entity ?? "", $0.kind.rawValue) < ($1.entity ?? "", $1.kind.rawValue) }
    }

    /// Says that something is wrong; told again only after it was over, or when it concerns other names: of more than
    /// ``mostToldAlone``, when they are twice as many, or half.
    package mutating func raise(
        _ kind: DataQualityFinding.Kind, entity: String? = nil, source: String, at time: Double,
        subjects: [String] = [], count: Int? = nil, detail: String
    ) {
        let key = Key(kind: kind, entity: entity, source: source)
        let few = Array(subjects.prefix(Self.mostSubjects))
        let number = count ?? subjects.count
        let known = standing[key]
        if let known {
            guard !few.isEmpty, known.subjects != few || known.count != number else { return }
            let areMany = min(known.count, number) > Self.mostToldAlone
            guard areMany ? number >= 2 * known.count || 2 * number <= known.count : known.subjects != few else {
                return
            }
        }
        let finding = DataQualityFinding(
            kind: kind, isRaised: true, entity: entity, source: source, since: known?.since ?? time, at: time,
            subjects: few, count: number, detail: detail)
        standing[key] = finding
        news.append(finding)
    }

    /// Says that it is over, if it stood.
    package mutating func clear(
        _ kind: DataQualityFinding.Kind, entity: String? = nil, source: String, at time: Double
    ) {
        guard var finding = standing.removeValue(forKey: Key(kind: kind, entity: entity, source: source)) else {
            return
        }
        finding.isRaised = false
        finding.at = time
        news.append(finding)
    }

    /// Says something that is over at once.
    package mutating func mention(
        _ kind: DataQualityFinding.Kind, entity: String? = nil, source: String, at time: Double,
        subjects: [String] = [], detail: String
    ) {
        raise(kind, entity: entity, source: source, at: time, subjects: subjects, detail: detail)
        clear(kind, entity: entity, source: source, at: time)
    }

    /// Forgets what began and was over, and tells what stands as found now: of what lies behind, the end counts.
    package mutating func tellWhatStands(at time: Double) {
        news = open.map { finding in
            var found = finding
            found.at = max(time, finding.since)
            return found
        }
    }

    /// Since when something stands; `nil` where it does not.
    package func since(_ kind: DataQualityFinding.Kind, entity: String? = nil, source: String) -> Double? {
        standing[Key(kind: kind, entity: entity, source: source)]?.since
    }

    /// Whether something stands.
    package func stands(_ kind: DataQualityFinding.Kind, entity: String? = nil, source: String) -> Bool {
        standing[Key(kind: kind, entity: entity, source: source)] != nil
    }

    /// What is new since the last call, in order.
    package mutating func take() -> [DataQualityFinding] {
        defer { news = [] }
        return news
    }
}
