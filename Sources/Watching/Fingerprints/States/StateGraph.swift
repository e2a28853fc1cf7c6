/// The states that entities were in, and how they went from one to the other. S0 is nominal; every other state is a set
/// of episodes that look alike (``StateSpace``).
///
/// States belong to all entities together, ways from state to state to one entity each: what happened at different
/// entities has no order.
package struct StateGraph: Encodable, Sendable {
    /// How a graph is drawn up.
    package struct Options: Codable, Sendable, Hashable {
        /// Samples without an alarm after which an entity counts as nominal again; a shorter pause joins two episodes.
        package var nominalSamples = 20
        /// Likeness of the episodes of one state in the mean, at least (``StateSpace``).
        package var leastSimilarity = 0.66
        /// Episodes that are looked at; of more, the latest.
        package var mostEpisodes = 4_000

        /// Twice the quiet that ends an alarm. The likeness is lower than the one that naming asks for: there the
        /// nearest signature counts, here the mean.
        package init() {}
    }

    /// The stretch of time of which is known what an entity did.
    package struct Observation: Codable, Sendable, Hashable {
        /// Time of the first sample in seconds.
        package var startTime: Double
        /// Time of the last one.
        package var endTime: Double

        /// A stretch of time.
        package init(startTime: Double, endTime: Double) {
            self.startTime = startTime
            self.endTime = endTime
        }
    }

    /// A state.
    package struct State: Codable, Sendable, Equatable {
        /// 0 for nominal, then in the order in which they were first seen.
        package let number: Int
        /// What all its episodes look like; `nil` for nominal.
        package let prototype: FaultSignature?
        /// Its episodes by name, in the order of time.
        package let episodes: [String]
        /// The entities that were in it.
        package let entities: [String]
        /// How often it was entered, or was there at the beginning.
        package let visits: Int
        /// The time that entities were in it, as far as it is known.
        package let seconds: Double
        /// Its share of all time that is known, 0…1.
        package let occupancy: Double
        /// How long a visit lasts in the mean, over those whose end is known; `nil` without one.
        package let meanVisitSeconds: Double?
        /// The known fault that most of its episodes are like, with the likeness of the nearest of them; `nil` for
        /// nominal.
        package let fault: AlarmEvent.Fault?

        /// `S3`.
        package var name: String { "S\(number)" }
    }

    /// A way from one state to another.
    package struct Transition: Codable, Sendable, Hashable {
        /// The state that was left.
        package let from: Int
        /// The state that was entered.
        package let to: Int
        /// How often.
        package let count: Int
        /// Its share of all departures from that state, 0…1.
        package let probability: Double
        /// How long it took in the mean from entering the one to entering the other; `nil` when no beginning is known.
        package let meanSecondsBefore: Double?
    }

    /// Nominal first.
    package let states: [State]
    /// By the state that is left, then by the one that is entered.
    package let transitions: [Transition]

    /// Draws up the graph of episodes, in any order. O(n² · names) for n episodes.
    ///
    /// - Parameters:
    ///   - observations: by entity; where there is none, an entity was nominal for an unknown time before its first
    ///     episode and is so after the last one that has ended.
    ///   - library: names the states.
    package init(
        _ episodes: [Episode], observations: [String: Observation] = [:], library: FaultLibrary = FaultLibrary(),
        options: Options = Options()
    ) {
        let episodes = Array(episodes.sorted(by: <).suffix(options.mostEpisodes))
        let space = StateSpace(episodes.map(\.signature), leastSimilarity: options.leastSimilarity)
        var members = [[Episode]](repeating: [], count: space.prototypes.count + 1)
        for (episode, state) in zip(episodes, space.assignment) { members[state + 1].append(episode) }

        var visits: [Visit] = []
        let byEntity = Dictionary(grouping: zip(episodes, space.assignment).map { ($0, $1 + 1) }, by: \.0.entity)
        for entity in Set(byEntity.keys).union(observations.keys).sorted() {
            visits += Self.visits(
                byEntity[entity] ?? [], entity: entity, observation: observations[entity], options: options)
        }
        let known = visits.reduce(0) { $0 + ($1.seconds ?? 0) }
        let matcher = FaultMatcher(library)
        states = members.indices.map { number in
            let mine = visits.filter { $0.state == number }
            let ended = mine.filter(\.isOver).compactMap(\.seconds)
            let seconds = mine.reduce(0) { $0 + ($1.seconds ?? 0) }
            let prototype = number > 0 ? space.prototypes[number - 1] : nil
            return State(
                number: number, prototype: prototype, episodes: members[number].map(\.name),
                entities: Set(mine.map(\.entity)).sorted(), visits: mine.count, seconds: seconds,
                occupancy: known > 0 ? seconds / known : 0,
                meanVisitSeconds: ended.isEmpty ? nil : ended.reduce(0, +) / Double(ended.count),
                fault: Self.fault(of: members[number], by: matcher))
        }
        transitions = Self.transitions(visits)
    }

    /// The name that most episodes with one have; episodes that are unknown have no say, so that one confirmed episode
    /// names its state. Of names that are as frequent the nearest.
    private static func fault(of members: [Episode], by matcher: FaultMatcher) -> AlarmEvent.Fault? {
        let faults = members.map { matcher.fault(of: $0.signature) }
        let named = Dictionary(grouping: faults.filter { $0.name != AlarmEvent.Fault.unknown }, by: \.name).values
        func nearest(_ faults: [AlarmEvent.Fault]) -> AlarmEvent.Fault? {
            faults.max { ($0.similarity, $1.nearest ?? "") < ($1.similarity, $0.nearest ?? "") }
        }
        let chosen = named.max { a, b in
            let (x, y) = (nearest(a), nearest(b))
            return (a.count, x?.similarity ?? 0, y?.name ?? "") < (b.count, y?.similarity ?? 0, x?.name ?? "")
        }
        return nearest(chosen ?? faults)
    }

    /// An entity's stay in a state.
    private struct Visit {
        let entity: String
        let state: Int
        /// `nil` when nobody knows when it began.
        let startTime: Double?
        /// `nil` when nobody knows how long it has lasted.
        var endTime: Double?
        /// Whether another visit of this entity follows, or the end was seen.
        var isOver = false

        var seconds: Double? {
            guard let startTime, let endTime else { return nil }
            return max(0, endTime - startTime)
        }
    }

    /// The visits of one entity, one after the other.
    private static func visits(
        _ episodes: [(episode: Episode, state: Int)], entity: String, observation: Observation?, options: Options
    ) -> [Visit] {
        guard let first = episodes.first?.episode else {
            guard let observation else { return [] }
            return [
                Visit(entity: entity, state: 0, startTime: observation.startTime, endTime: observation.endTime)
            ]
        }
        // One sample does not tell how far it is to the next.
        let step = episodes.map(\.episode.stepSeconds).max() ?? 0
        let pause = Double(options.nominalSamples) * step
        var visits: [Visit] = []
        if observation.map({ first.startTime - $0.startTime > pause }) ?? true {
            visits.append(
                Visit(
                    entity: entity, state: 0, startTime: observation?.startTime, endTime: first.startTime, isOver: true)
            )
        }
        var isStanding = false
        for (episode, state) in episodes {
            if let last = visits.indices.last, visits[last].state != 0 {
                let end = visits[last].endTime ?? episode.startTime
                if episode.startTime - end > pause {
                    visits[last].isOver = true
                    visits.append(
                        Visit(
                            entity: entity, state: 0, startTime: end, endTime: episode.startTime, isOver: true))
                } else if visits[last].state == state {
                    visits[last].endTime = max(end, episode.endTime)
                    isStanding = !episode.isOver
                    continue
                } else {
                    // The one goes over into the other: the pause between them, if there is one, was no return.
                    visits[last].endTime = max(episode.startTime, visits[last].startTime ?? episode.startTime)
                    visits[last].isOver = true
                }
            }
            visits.append(
                Visit(entity: entity, state: state, startTime: episode.startTime, endTime: episode.endTime))
            isStanding = !episode.isOver
        }
        guard let last = visits.indices.last, let end = visits[last].endTime, !isStanding else { return visits }
        guard let observation else {
            visits[last].isOver = true
            visits.append(Visit(entity: entity, state: 0, startTime: nil, endTime: nil))
            return visits
        }
        guard observation.endTime - end > pause else { return visits }
        visits[last].isOver = true
        visits.append(Visit(entity: entity, state: 0, startTime: end, endTime: observation.endTime))
        return visits
    }

    private static func transitions(_ visits: [Visit]) -> [Transition] {
        struct Way: Hashable {
            let from: Int
            let to: Int
        }
        var counts: [Way: Int] = [:]
        var departures: [Int: Int] = [:]
        var stays: [Way: [Double]] = [:]
        for (one, next) in zip(visits, visits.dropFirst()) where one.entity == next.entity {
            let way = Way(from: one.state, to: next.state)
            counts[way, default: 0] += 1
            departures[one.state, default: 0] += 1
            if let seconds = one.seconds { stays[way, default: []].append(seconds) }
        }
        return counts.sorted { ($0.key.from, $0.key.to) < ($1.key.from, $1.key.to) }.map { way, count in
            let known = stays[way] ?? []
            return Transition(
                from: way.from, to: way.to, count: count,
                probability: Double(count) / Double(departures[way.from] ?? count),
                meanSecondsBefore: known.isEmpty ? nil : known.reduce(0, +) / Double(known.count))
        }
    }
}
