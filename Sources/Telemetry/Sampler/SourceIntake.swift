import Platform

/// From what one source says to rows of its entities: knows the endpoint's kind, finds each series' place, samples, and
/// watches the watching. A value: it reads no clock and opens nothing.
package struct SourceIntake: Sendable {
    /// The settings.
    package let settings: Settings
    /// The entities so far; they keep their numbers.
    package internal(set) var entities: [EntitySampler] = []
    /// Seconds by which a sample may be ahead of the clock of whoever takes it.
    package static let mostAheadSeconds = 3_600.0

    /// Series left out because there is no room for them.
    package private(set) var refusedSeries = 0
    /// Samples taken that no rule wants.
    package private(set) var unwantedSeries = 0

    var health: [Health] = []
    var entityIndex: [String: Int] = [:]
    var targets: [SeriesResolver.Target: TargetState] = [:]
    var memberCount = 0
    var silence = Silence()
    var rows: [Row] = []
    var book = DataQualityBook()
    var refusals = Refusals()
    /// Series that were pushed since rows were last made, and that there was no room for.
    var beyond: [Beyond] = []
    /// Whether rows with earlier times may say that the clock was set back; not while what was told before is told again.
    package var takesStepsBack = true {
        didSet { for entity in entities.indices { entities[entity].takesStepsBack = takesStepsBack } }
    }
    /// The first series of an answer whose labels cannot be read.
    private var unreadable: String?
    private var resumable: [String: (columns: [String], lastTime: Double?, row: [Double])] = [:]

    enum Reference { case member(entity: Int, Int), up(entity: String), none }

    /// What is known of a target.
    struct TargetState {
        var resolver: SeriesResolver?
        var references: [String: Reference] = [:]
        var failures = 0
        /// Of a pushed job whose kind is not known yet: what has come.
        var held: [(series: MetricSeries, time: Double, value: Double)] = []
        var seen: Set<MetricSeries> = []
    }

    /// What is known of an entity's watching.
    struct Health {
        var batchesWithoutRow = 0
        var rowsWithoutRefusal = 0
        var incompleteRows = 0
        var lastArrival: Double?
        /// When anything came, in the intake's own time.
        var heard = 0.0
        /// Whether it was told with others that nothing comes.
        var isStaleWithOthers = false
    }

    /// An intake before anything has come.
    package init(_ settings: Settings) { self.settings = settings }

    /// Findings that stand.
    package var openFindings: [DataQualityFinding] { book.open }

    /// The preset that a target was found to be of; `nil` before that.
    package func preset(of target: SeriesResolver.Target) -> Preset? { targets[target]?.resolver?.preset }

    /// The presets that targets were found to be of.
    package var presets: [Preset] {
        Set(targets.values.compactMap(\.resolver?.preset)).sorted { $0.name < $1.name }
    }

    /// What all samplers have seen.
    package var counters: SamplerCounters {
        entities.reduce(into: silence.counters) { $0.add($1.counters) }
    }

    /// The earliest time of a sample that is not in a row yet; `nil` when all are.
    package var earliestPending: Double? {
        let held = targets.values.lazy.flatMap { $0.held.lazy.map(\.time) }.min()
        let waiting = entities.lazy.compactMap(\.earliestPending).min()
        return [held, waiting].compactMap { $0 }.min()
    }

    /// Goes on after rows of an entity that are in the store.
    ///
    /// - Parameter row: values of the last of them.
    package mutating func resume(entity: String, columns: [String], lastTime: Double?, row: [Double] = []) {
        resumable[entity] = (columns, lastTime, row)
    }

    /// Whether there are samples of which rows are to be made; only where ``Settings/cellsAtOnce`` has a bound.
    package var hasMore: Bool { entities.contains(where: \.isClosing) }

    /// Number of samples of which rows are to be made.
    package var waitingCount: Int { entities.reduce(0) { $0 + $1.closingCount } }

    /// Makes rows of what was closed, as many as ``Settings/cellsAtOnce`` says.
    package mutating func makeMore(arrival: Double) {
        var cells = settings.cellsAtOnce
        for entity in entities.indices where entities[entity].isClosing {
            guard cells > 0 else { return }
            let closed = entities[entity].closeMore(cells: &cells, arrival: arrival)
            finish(closed, of: entity, arrival: arrival)
        }
    }

    /// The rows made and what was found since the last call.
    package mutating func take() -> (rows: [Row], findings: [DataQualityFinding]) {
        defer { rows = [] }
        return (rows, book.take())
    }

    // MARK: Answers of endpoints

    /// Takes a target's answer: one row of each entity in it.
    ///
    /// - Parameter time: when it was read, seconds since 1970.
    package mutating func take(_ exposition: Exposition, on target: SeriesResolver.Target, at time: Double) {
        silence.time.pass(to: time)
        var state = targets[target] ?? TargetState()
        state.failures = 0
        book.clear(.sourceDown, entity: target.entity, source: settings.source, at: time)
        if state.resolver == nil {
            let families =
                exposition.kinds.isEmpty
                ? Set(exposition.samples.map { Self.family($0.series) })
                : Set(exposition.kinds.keys).union(exposition.samples.map { Self.family($0.series) })
            guard !families.isEmpty else {
                book.raise(
                    .malformed, entity: target.entity, source: settings.source, at: time,
                    detail: exposition.firstBad.map { "line \($0.line): \($0.what)" } ?? "no sample in the answer")
                targets[target] = state
                return
            }
            state.resolver = SeriesResolver(preset: recognised(families), families: families)
        }
        var touched: [Int] = []
        var inTouched = [Bool](repeating: false, count: entities.count)
        var refused: [Beyond] = []
        var ahead: PushedSamples.Ahead?
        for sample in exposition.samples {
            let reference: Reference
            if let known = state.references[sample.series] {
                reference = known
            } else {
                reference = refer(sample.series, on: target, state, kinds: exposition.kinds, refused: &refused)
                if state.references.count < 4 * settings.maximumSeries { state.references[sample.series] = reference }
            }
            switch reference {
            case .none: continue
            case .up(let entity): note(up: sample.value, entity, at: time)
            case .member(let entity, let member):
                let own = settings.honoursTimes ? sample.time : nil
                if let own, own - time > Self.mostAheadSeconds {
                    ahead.add(sample.series, at: own)
                    continue
                }
                entities[entity].offer(member, sample.value, at: own ?? time, isOwnTime: own != nil)
                if entity >= inTouched.count {
                    inTouched += [Bool](repeating: false, count: entity + 1 - inTouched.count)
                }
                if !inTouched[entity] {
                    inTouched[entity] = true
                    touched.append(entity)
                    health[entity].heard = silence.time.seconds
                }
            }
        }
        targets[target] = state
        noteAnswer(exposition, refused: refused.map(\.series), on: target, at: time)
        if let ahead { takeAhead(ahead, at: time) }
        lookAtRefusals(at: time)
        for entity in touched {
            if let closed = entities[entity].closeBatch(arrival: time) {
                finish(closed, of: entity, arrival: time)
            }
        }
        makeMore(arrival: time)
        forgetTheSilent(at: time)
    }

    private mutating func noteAnswer(
        _ exposition: Exposition, refused: [String], on target: SeriesResolver.Target, at time: Double
    ) {
        if let bad = exposition.firstBad {
            let lines = exposition.badLines == 1 ? "line" : "of \(exposition.badLines) lines the first, line"
            book.raise(
                .malformed, entity: target.entity, source: settings.source, at: time, count: exposition.badLines,
                detail: "\(lines) \(bad.line): \(bad.what)")
        } else {
            book.clear(.malformed, entity: target.entity, source: settings.source, at: time)
        }
        if let series = unreadable {
            unreadable = nil
            book.raise(
                .malformed, source: settings.source, at: time, detail: "no series: '\(series.prefix(100))'")
        }
        let tooMany = exposition.leftOut + refused.count
        if tooMany > 0 {
            refusedSeries += tooMany
            guard !book.stands(.overBound, entity: target.entity, source: settings.source) else { return }
            book.raise(
                .overBound, entity: target.entity, source: settings.source, at: time,
                subjects: Array(refused.prefix(DataQualityBook.mostSubjects)), count: tooMany,
                detail: "\(tooMany) series beyond the bound are left out")
        }
    }

    private mutating func note(up value: Double, _ entity: String, at time: Double) {
        if value == 0 {
            book.raise(
                .sourceDown, entity: entity, source: settings.source, at: time, detail: "its collector says up = 0")
        } else {
            book.clear(.sourceDown, entity: entity, source: settings.source, at: time)
        }
    }

    // MARK: Samples that are pushed

    /// Takes a sample that was pushed, or that history has; its row is made by ``settle(at:)`` or ``closeAll(at:)``.
    package mutating func push(
        _ series: MetricSeries, _ value: Double, at time: Double, kinds: [String: MetricSeries.Kind],
        arrival: Double
    ) {
        let target = SeriesResolver.Target(
            entity: settings.entity ?? "", type: settings.type,
            labels: [MetricSeries.Label("job", series["job"] ?? "")].filter { !$0.value.isEmpty })
        var state = targets.removeValue(forKey: target) ?? TargetState()
        if state.resolver == nil {
            // A series that comes for the second time ends the first scrape: all families are known.
            let isSecond = !state.seen.insert(series).inserted
            if isSecond || state.held.count > settings.maximumSeries {
                settle(&state, on: target, kinds: kinds, arrival: arrival)
            } else {
                state.held.append((series, time, value))
                targets[target] = state
                return
            }
        }
        offer(series, value, at: time, on: target, &state, kinds: kinds, arrival: arrival)
        targets[target] = state
    }

    private mutating func settle(
        _ state: inout TargetState, on target: SeriesResolver.Target, kinds: [String: MetricSeries.Kind],
        arrival: Double
    ) {
        guard state.resolver == nil else { return }
        let families = Set(state.held.map(\.series.name)).union(kinds.keys)
        state.resolver = SeriesResolver(preset: recognised(families), families: families)
        let held = state.held
        state.held = []
        state.seen = []
        for sample in held {
            offer(sample.series, sample.value, at: sample.time, on: target, &state, kinds: kinds, arrival: arrival)
        }
    }

    private mutating func offer(
        _ series: MetricSeries, _ value: Double, at time: Double, on target: SeriesResolver.Target,
        _ state: inout TargetState, kinds: [String: MetricSeries.Kind], arrival: Double
    ) {
        let text = series.text
        let reference: Reference
        if let known = state.references[text] {
            reference = known
        } else {
            var refused: [Beyond] = []
            reference = refer(series, on: target, state, kinds: kinds, refused: &refused)
            if state.references.count < 4 * settings.maximumSeries { state.references[text] = reference }
            refusedSeries += refused.count
            beyond += refused
        }
        switch reference {
        case .none: break
        case .up(let entity): note(up: value, entity, at: time)
        case .member(let entity, let member):
            entities[entity].offer(member, value, at: time, isOwnTime: true, arrival: arrival)
            health[entity].lastArrival = arrival
            health[entity].heard = silence.time.seconds
        }
    }

    /// Makes rows of what is whole, or has waited for long enough; says which entities have fallen silent.
    ///
    /// - Parameter arrival: now, on the clock by which samples arrive.
    package mutating func settle(arrival: Double) {
        silence.time.pass(to: arrival)
        let isFull = entities.reduce(0) { $0 + $1.pendingCount } > settings.mostPending
        for entity in entities.indices { entities[entity].closeDue(arrival: arrival, isFull: isFull) }
        makeMore(arrival: arrival)
        tellTheSilent(arrival: arrival)
        for target in targets.keys where !(targets[target]?.held.isEmpty ?? true) {
            guard var state = targets.removeValue(forKey: target) else { continue }
            if let first = state.held.first?.time, arrival - first > 30 {
                settle(&state, on: target, kinds: [:], arrival: arrival)
            }
            targets[target] = state
        }
        tellBeyond(at: arrival)
        lookAtRefusals(at: arrival)
        forgetTheSilent(at: arrival)
    }

    /// Makes rows of everything: what was pushed is all there is for now.
    package mutating func closeAll(kinds: [String: MetricSeries.Kind], arrival: Double) {
        for target in Array(targets.keys) {
            guard var state = targets.removeValue(forKey: target) else { continue }
            settle(&state, on: target, kinds: kinds, arrival: arrival)
            targets[target] = state
        }
        for entity in entities.indices { entities[entity].closeAll() }
        makeMore(arrival: arrival)
        tellBeyond(at: arrival)
    }

    // MARK: Series and rows

    private func recognised(_ families: Set<String>) -> Preset {
        switch settings.preset {
        case .fixed(let preset): preset
        case .recognise(let catalog): catalog.recognise(families)
        }
    }

    private static func family(_ series: String) -> String {
        String(series.prefix { $0 != "{" && $0 != " " && $0 != "\t" })
    }

    private mutating func refer(
        _ text: String, on target: SeriesResolver.Target, _ state: TargetState, kinds: [String: MetricSeries.Kind],
        refused: inout [Beyond]
    ) -> Reference {
        guard let series = MetricSeries(parsing: text) else {
            unreadable = unreadable ?? text
            return .none
        }
        return refer(series, on: target, state, kinds: kinds, refused: &refused)
    }

    private mutating func refer(
        _ series: MetricSeries, on target: SeriesResolver.Target, _ state: TargetState,
        kinds: [String: MetricSeries.Kind], refused: inout [Beyond]
    ) -> Reference {
        guard let place = state.resolver?.place(of: series, on: target, kinds: kinds) else {
            unwantedSeries += 1
            return .none
        }
        if place.role == .up { return .up(entity: place.entity) }
        if let flaw = place.flaw {
            refusals.unnamed = refusals.unnamed ?? "series were left out whose names cannot be used: \(flaw)"
            refusals.newlyUnnamed += 1
            return .none
        }
        guard memberCount < settings.maximumSeries else {
            silence.wantsRoom = true
            refused.append(Beyond(series: series.text))
            return .none
        }
        let index = entity(place, state)
        let before = entities[index].memberCount
        guard let member = entities[index].member(series.adding(target.labels), place) else {
            refused.append(Beyond(series: series.text, entity: place.entity))
            return .none
        }
        memberCount += entities[index].memberCount - before
        return .member(entity: index, member)
    }

    private mutating func entity(_ place: SeriesResolver.Place, _ state: TargetState) -> Int {
        if let known = entityIndex[place.entity] { return known }
        let preset = state.resolver?.preset ?? .everything
        var sampler = EntitySampler(
            name: place.entity, type: place.type, options: settings.sampler, rules: settings.rules,
            limit: settings.maximumMetrics ?? preset.maximumMetrics ?? Preset.defaultMaximumMetrics)
        if let known = resumable.removeValue(forKey: place.entity) {
            sampler.resume(columns: known.columns, lastTime: known.lastTime, row: known.row)
        }
        sampler.takesStepsBack = takesStepsBack
        var known = Health()
        known.heard = silence.time.seconds
        if let free = silence.free.popLast() {
            (entities[free], health[free]) = (sampler, known)
            entityIndex[place.entity] = free
            return free
        }
        entities.append(sampler)
        health.append(known)
        entityIndex[place.entity] = entities.count - 1
        return entities.count - 1
    }
}
