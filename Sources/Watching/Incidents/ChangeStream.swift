/// One entity's stream of evidence: what is new against just now *and* outside what training saw, sample by sample.
/// Bounded: thirty samples a metric. A value: the same rows give the same evidence.
package struct ChangeStream: Sendable {
    /// What of one kind of metric is going on.
    package struct Course: Sendable, Equatable {
        /// Evidence, signed: positive where the resource is strained more than before. The second strongest of the
        /// last three samples, so that one sample alone is none.
        package var evidence: Double
        /// The strongest so far.
        package var peak: Double
        /// The strongest within its first ``earlySamples`` samples, and in as many after them again; without sign.
        package var early: Double
        package var late = 0.0
        /// Samples since its first one, that one included.
        package var age: Int
        /// Time of its first sample.
        package var onset: Double
        /// The metric with the strongest evidence, as an index into the model's metrics.
        package var metric: Int
    }

    /// The model.
    package let model: ChangeModel
    /// The kinds of its metrics, sorted.
    package let kinds: [MetricKind]
    /// What is going on in each kind, in the order of ``kinds``; `nil`: nothing.
    package private(set) var courses: [Course?]
    /// Evidence of each metric in the latest sample, signed by the metric's own direction.
    package private(set) var evidence: [Double]
    /// How much news there is: evidence beyond ``leastEvidence`` of kinds that began within the last
    /// ``freshSamples`` samples, each at most ``mostOfKind``. The host's metrics do not count.
    package private(set) var level = 0.0
    /// Everything that is going on, fresh or not, in the same measure.
    package private(set) var activity = 0.0

    private let members: [Int]
    private let signs: [Double]
    private var memories: [ChangeMemory]
    /// Evidence of each kind in the last three samples, latest first.
    private var recent: [[Double]]
    private var times: [Double] = []
    /// The largest activity since it was last low.
    private var peakActivity = 0.0
    private var lowSamples = 0

    /// Evidence below it is none.
    static let leastEvidence = 2.0
    /// From here on a kind has a course, and below ``ending`` it is over.
    static let beginning = 1.0
    static let ending = 0.5
    /// No kind counts more than this, so that several kinds count more than one that is far off.
    static let mostOfKind = 8.0
    /// No evidence counts more than this.
    static let mostEvidence = 30.0
    /// Samples at the beginning that are set against the later ones: whether something passes, lasts or grows.
    static let earlySamples = 3
    /// Samples of a course that shape it.
    static let shapingSamples = 9
    /// Samples for which what began is news.
    package static let freshSamples = 3

    /// A stream before its first sample.
    package init(model: ChangeModel, lexicon: MetricLexicon) {
        self.model = model
        let all = lexicon.kinds(of: model.metrics, groups: model.groups)
        // Metrics of one kind count together, whatever their direction.
        let names = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        kinds = names.values.sorted()
        let places = Dictionary(uniqueKeysWithValues: kinds.enumerated().map { ($1.name, $0) })
        members = all.map { places[$0.name] ?? 0 }
        signs = all.map { $0.isReversed ? -1 : 1 }
        courses = kinds.map { _ in nil }
        evidence = model.metrics.map { _ in 0 }
        memories = model.metrics.map { _ in ChangeMemory() }
        recent = kinds.map { _ in [0, 0, 0] }
    }

    /// Takes in the next row: a value for each of the model's metrics; one that is not finite is missing.
    package mutating func append(_ row: some Collection<Double>, at time: Double) {
        precondition(row.count == model.metrics.count, "one value for each metric")
        times.append(time)
        if times.count > 3 { times.removeFirst() }
        var found = [Double](repeating: 0, count: kinds.count)
        var strongest = [Int](repeating: -1, count: kinds.count)
        for (metric, value) in row.enumerated() {
            evidence[metric] = 0
            guard value.isFinite, let normal = model.normal[metric] else { continue }
            let change = memories[metric].change(of: value).map(normal.change.evidence) ?? 0
            memories[metric].append(value, evidence: change)
            let level = normal.level.evidence(of: value - normal.median)
            guard change * level > 0 else { continue }
            let both = min(abs(change), abs(level), Self.mostEvidence)
            evidence[metric] = change < 0 ? -both : both
            let kind = members[metric]
            if both > abs(found[kind]) {
                found[kind] = evidence[metric] * signs[metric]
                strongest[kind] = metric
            }
        }
        for kind in kinds.indices { follow(kind, found[kind], metric: strongest[kind]) }
        weigh()
    }

    /// Says that the next sample does not follow the last one.
    package mutating func startSegment() {
        for kind in kinds.indices { recent[kind] = [0, 0, 0] }
        times = []
    }

    private mutating func follow(_ kind: Int, _ found: Double, metric: Int) {
        recent[kind] = [found, recent[kind][0], recent[kind][1]]
        let above = recent[kind].map { max($0, 0) }.sorted()[1]
        let below = recent[kind].map { max(-$0, 0) }.sorted()[1]
        let value = above >= below ? above : -below
        if var course = courses[kind] {
            guard abs(value) >= Self.ending else {
                courses[kind] = nil
                return
            }
            course.age += 1
            if course.age <= Self.earlySamples {
                course.early = max(course.early, abs(value))
            } else if course.age <= Self.shapingSamples {
                course.late = max(course.late, abs(value))
            }
            course.evidence = value
            if abs(value) > abs(course.peak) {
                course.peak = value
                if metric >= 0 { course.metric = metric }
            }
            courses[kind] = course
        } else if abs(value) >= Self.beginning {
            // It began with the earlier of the two samples that make the evidence.
            let first = recent[kind].prefix(times.count).lastIndex { $0 * value > 0 } ?? 0
            let fallback = members.firstIndex(of: kind) ?? 0
            courses[kind] = Course(
                evidence: value, peak: value, early: abs(value), age: 1, onset: times[times.count - 1 - first],
                metric: metric >= 0 ? metric : fallback)
        }
    }

    private mutating func weigh() {
        (level, activity) = (0, 0)
        for (kind, course) in zip(kinds, courses) {
            guard let course, !kind.isHost else { continue }
            let weight = min(max(abs(course.evidence) - Self.leastEvidence, 0), Self.mostOfKind)
            activity += weight
            if course.age <= Self.freshSamples + 1 { level += weight }
        }
        if level >= model.threshold { peakActivity = max(peakActivity, activity) }
        guard peakActivity > 0 else { return }
        lowSamples = activity < peakActivity / 2 ? lowSamples + 1 : 0
        // Most of it is over: what is left is how things are now, and no part of what comes next.
        if lowSamples == 2 {
            for metric in memories.indices { memories[metric].accept() }
            (peakActivity, lowSamples) = (0, 0)
        }
    }
}
