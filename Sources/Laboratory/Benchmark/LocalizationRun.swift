import Numerics
import Telemetry
import Watching

/// Learns on a set's first day and judges the others: are faults found without being told when, is the culprit the
/// first suspect, how often is there an incident where nothing was, and what are the faults called.
struct LocalizationRun {
    /// A fault with what was found of it.
    struct Found {
        let fault: LabelWindows.Window
        let incident: Incident
        let suspects: [CulpritRanking.Suspect]
    }

    /// One judged day.
    struct Judged {
        let day: LocalizationSet.Day
        /// Each fault with the first incident that began in its time; `nil`: none.
        let faults: [(fault: LabelWindows.Window, found: Found?)]
        let search: IncidentSearch
        /// Incidents in the quiet stretch.
        let falseIncidents: Int
        let quietSeconds: Double
        let entities: Int
    }

    let set: LocalizationSet
    let options: ReaderOptions
    let lexicon: MetricLexicon
    let pipeline: CleaningPipeline
    let model: IncidentModel
    private let learned: [String: [DetectorSamples]]

    /// Learns on the quiet stretch of the first day.
    init(
        _ set: LocalizationSet, options: ReaderOptions, rules: GroupRules, falseAlarmsPerDay: Double
    ) throws {
        self.set = set
        self.options = options
        lexicon = MetricLexicon.builtIn
        let day = set.days[0]
        var statistics = TelemetryStatistics()
        var frames: [(EntitySource, MetricFrame)] = []
        for source in day.sources {
            let frame = try source.read(options: options)
            let step = Self.step(frame.times)
            let quiet = day.quiet(from: frame.times.first ?? 0, to: frame.times.last ?? 0, step: step)
            let rows = frame.times.indices.filter { quiet.contains(frame.times[$0]) }
            guard let first = rows.first, let last = rows.last, last > first else { continue }
            let part = frame.slice(first..<last + 1)
            statistics.add(part, site: source.site, entity: source.entity, type: source.type, rules: rules)
            frames.append((source, part))
        }
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        var model = IncidentModel()
        var learning = DependencyLearning(lexicon: lexicon)
        var learned: [String: [DetectorSamples]] = [:]
        for (source, frame) in frames {
            let samples = try Self.clean(frame, source, pipeline)
            let step = Self.step(frame.times)
            let changes = ChangeModel(
                [samples], lexicon: lexicon, falseAlarmsPerDay: falseAlarmsPerDay,
                stepSeconds: SampleTime.mean(of: samples.times) ?? step)
            model.entities[source.key] = changes
            model.types[source.type] = changes
            learning.add(samples, site: source.site, entity: source.entity, step: step)
            learned[WorkloadName.of(source.entity), default: []].append(samples)
        }
        model.dependencies = learning.dependencies()
        self.pipeline = pipeline
        self.model = model
        self.learned = learned
    }

    /// The median step.
    static func step(_ times: [Double]) -> Double {
        let steps = zip(times.dropFirst(), times).map { $0 - $1 }.filter { $0 > 0 }.sorted()
        return steps.isEmpty ? 1 : steps[steps.count / 2]
    }

    private static func clean(
        _ frame: MetricFrame, _ source: EntitySource, _ pipeline: CleaningPipeline
    ) throws -> DetectorSamples {
        try DetectorSamples(
            frame, pipeline: pipeline, site: source.site, entity: source.entity, type: source.type)
    }

    /// Finds the incidents of a day.
    func judge(_ day: LocalizationSet.Day, dependencies: DependencyGraph) throws -> Judged {
        var search = IncidentSearch()
        var (first, last, step) = (Double.infinity, -Double.infinity, 1.0)
        for source in day.sources {
            guard let reports = try reports(of: source, in: day) else { continue }
            search.add(site: source.site, entity: source.entity, reports: reports.reports)
            first = min(first, reports.times.lowerBound)
            last = max(last, reports.times.upperBound)
            step = max(step, reports.step)
        }
        let incidents = search.incidents(dependencies: dependencies)
        let faults = day.faults.map { fault in
            let found = incidents.first {
                $0.incident.began >= fault.start - step / 2 && $0.incident.began <= fault.end
            }
            return (fault, found.map { Found(fault: fault, incident: $0.incident, suspects: $0.suspects) })
        }
        let quiet = first < last ? day.quiet(from: first, to: last, step: step) : 0...0
        return Judged(
            day: day, faults: faults, search: search,
            falseIncidents: incidents.filter { quiet.contains($0.incident.began) }.count,
            quietSeconds: quiet.upperBound - quiet.lowerBound, entities: search.entities.count)
    }

    private func reports(
        of source: EntitySource, in day: LocalizationSet.Day
    ) throws -> (reports: [EntityReport], times: ClosedRange<Double>, step: Double)? {
        let frame = try source.read(options: options)
        guard let first = frame.times.first, let last = frame.times.last, first < last else { return nil }
        guard let found = try model.reports(of: source, pipeline: pipeline, reader: options, lexicon: lexicon) else {
            return nil
        }
        return (found, first...last, Self.step(frame.times))
    }

    /// Where a simple detector that is told the time ranks each fault's entity: entities by the mean over their metrics
    /// of the largest robust z-score during the fault.
    func ranksOfRobustZScore(_ day: LocalizationSet.Day) throws -> [Int?] {
        var scores = [[(entity: String, score: Double)]](repeating: [], count: day.faults.count)
        for source in day.sources {
            guard let quiet = learned[WorkloadName.of(source.entity)]?.first else { continue }
            let samples = try Self.clean(source.read(options: options), source, pipeline)
            guard samples.metrics == quiet.metrics else { continue }
            let width = samples.metricCount
            let normal = (0..<width).map { metric in
                let values = (0..<quiet.count).map { quiet.values[$0 * width + metric] }.sorted()
                let median = values[values.count / 2]
                let spread = 1.4826 * values.map { abs($0 - median) }.sorted()[values.count / 2]
                return (median, max(spread, 1e-9 + 1e-3 * abs(median)))
            }
            for (index, fault) in day.faults.enumerated() {
                let rows = samples.times.indices.filter {
                    samples.times[$0] >= fault.start && samples.times[$0] <= fault.end
                }
                let peaks = (0..<width).map { metric in
                    rows.map {
                        min(abs(samples.values[$0 * width + metric] - normal[metric].0) / normal[metric].1, 100)
                    }
                    .max() ?? 0
                }
                scores[index].append((source.entity, peaks.reduce(0, +) / Double(max(1, width))))
            }
        }
        return zip(day.faults, scores).map { fault, scores in
            let ordered = scores.sorted { $0.score != $1.score ? $0.score > $1.score : $0.entity < $1.entity }
            return ordered.firstIndex { day.isFaulty($0.entity, fault) }.map { $0 + 1 }
        }
    }
}
