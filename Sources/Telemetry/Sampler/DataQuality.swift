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

/// Which findings stand, so that each is told once when it begins and once when it is over; of what comes and goes the end
/// is told when it has been well for a while (``Steadiness``).
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

    /// Findings that are over of which it is remembered that they were.
    private static let mostRemembered = 4_096

    private var standing: [Key: DataQualityFinding] = [:]
    private var steadiness: [Key: Steadiness] = [:]
    /// What is over, and not told yet to be.
    private var ending: Set<Key> = []
    /// When something was mentioned last, and of what.
    private var mentions: [Key: (time: Double, subjects: [String])] = [:]
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
        var calm = steadiness[key] ?? Steadiness()
        _ = calm.begins(at: time)
        steadiness[key] = calm
        ending.remove(key)
        let known = standing[key]
        if let known {
            guard !few.isEmpty, known.subjects != few || known.count != number else { return }
            let areMany = min(known.count, number) > Self.mostToldAlone
            guard areMany ? number >= 2 * known.count || 2 * number <= known.count : known.subjects != few else {
                return
            }
            // Of what comes and goes the names change with it.
            guard calm.returns == 0 || abs(time - known.at) >= Steadiness.shortest else { return }
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
        let key = Key(kind: kind, entity: entity, source: source)
        guard standing[key] != nil else { return }
        if steadiness[key]?.ends(at: time) ?? true { end(key, at: time) } else { ending.insert(key) }
    }

    /// Whether something is over, and not told to be: time has to pass.
    package var isEnding: Bool { !ending.isEmpty }

    /// Time passes: what was over for long enough is told to be.
    package mutating func pass(to time: Double) {
        guard !ending.isEmpty else { return }
        let over = ending.filter { steadiness[$0]?.passes(to: time) ?? true }
        for key in over.sorted(by: { ($0.entity ?? "", $0.kind.rawValue) < ($1.entity ?? "", $1.kind.rawValue) }) {
            end(key, at: time)
        }
    }

    private mutating func end(_ key: Key, at time: Double) {
        ending.remove(key)
        guard var finding = standing.removeValue(forKey: key) else { return }
        finding.isRaised = false
        finding.at = time
        if let returns = steadiness[key]?.returns, returns > 0 {
            finding.detail += " (it came and went \(returns + 1) times)"
        }
        news.append(finding)
        if steadiness.count > Self.mostRemembered + standing.count {
            steadiness = steadiness.filter { standing[$0.key] != nil }
        }
    }

    /// Says something that is over at once; the same again only after half a minute.
    package mutating func mention(
        _ kind: DataQualityFinding.Kind, entity: String? = nil, source: String, at time: Double,
        subjects: [String] = [], detail: String
    ) {
        let key = Key(kind: kind, entity: entity, source: source)
        if let last = mentions[key], last.subjects == subjects, abs(time - last.time) < Steadiness.shortest { return }
        if mentions.count >= Self.mostRemembered { mentions = [:] }
        mentions[key] = (time, subjects)
        var finding = DataQualityFinding(
            kind: kind, isRaised: true, entity: entity, source: source, since: time, at: time,
            subjects: Array(subjects.prefix(Self.mostSubjects)), count: subjects.count, detail: detail)
        news.append(finding)
        finding.isRaised = false
        news.append(finding)
    }

    /// Forgets what began and was over, and tells what stands as found now: of what lies behind, the end counts.
    package mutating func tellWhatStands(at time: Double) {
        for key in ending { standing[key] = nil }
        ending = []
        steadiness = steadiness.filter { standing[$0.key] != nil }
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

    /// Whether something is wrong now.
    package func stands(_ kind: DataQualityFinding.Kind, entity: String? = nil, source: String) -> Bool {
        let key = Key(kind: kind, entity: entity, source: source)
        return standing[key] != nil && !ending.contains(key)
    }

    /// What is new since the last call, in order.
    package mutating func take() -> [DataQualityFinding] {
        defer { news = [] }
        return news
    }
}
