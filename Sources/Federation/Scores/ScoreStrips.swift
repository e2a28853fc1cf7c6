package import Platform

/// How entities were scored in the last hour, as their workers said it: a strip of cells each, one for every telling (about
/// ten seconds). Nothing of it is kept over a restart.
///
/// Bounded: at most ``mostEntities`` strips of ``mostCells`` cells, a cell being six bytes and one for each group, and of
/// fewer cells where all together would have more than ``mostBytes`` (10,000 entities with 16 groups: 228 cells, 38
/// minutes); up to an eighth more, for they go some at a time.
package struct ScoreStrips: Sendable {
    /// Most entities that have a strip; of more, nothing is kept.
    package static let mostEntities = 32_768
    /// Cells of a strip.
    package static let mostCells = 360
    /// Cells of a strip however many there are.
    package static let fewestCells = 8
    /// Bytes of all cells together, beyond the fewest.
    package static let mostBytes = 48 << 20
    /// Time after which an entity of which nothing comes leaves.
    package static let memory: Duration = .seconds(3_600)

    /// A stretch of an entity's rows.
    package struct Cell: Equatable, Sendable {
        /// Time of its newest row in seconds, by the entity's own clock.
        package var time: Double
        /// What else holds of it.
        package var flags: ScoreReport.Flags
        /// The largest combined score, as a ``ScoreLevel``.
        package var whole: UInt8
        /// The largest score of each group.
        package var groups: [UInt8]
    }

    /// An entity's strip as it is looked at.
    package struct Strip: Equatable, Sendable {
        /// What is known of the entity now.
        package var entity: Entity
        /// The scored groups, `[G]`.
        package var groups: [String]
        /// The cells, oldest first.
        package var cells: [Cell]
    }

    /// What the latest telling said of an entity.
    package struct Entity: Equatable, Sendable {
        /// Its type.
        package var type: String
        /// Who said it.
        package var worker: String
        /// Time of the newest row in seconds, by the entity's own clock.
        package var time: Double
        /// What else holds of the newest cell.
        package var flags: ScoreReport.Flags
        /// The combined score of the newest cell, as a ``ScoreLevel``.
        package var whole: UInt8
        /// The largest combined score of the strip.
        package var peak: UInt8
        /// Seconds since it was said.
        package var silentSeconds: Double
    }

    /// One strip as it is held: steps of time, and a run of bytes for each cell: flags, whole, groups.
    fileprivate struct Held: Sendable {
        var domain: String
        var worker: String
        var type: String
        var groups: [String]
        var heard: Instant
        var newest: Double
        var peak = ScoreLevel.none
        var steps: [Float] = []
        var bytes: [UInt8] = []

        var width: Int { 2 + groups.count }
        var count: Int { steps.count }

        mutating func append(_ line: ScoreReport.Line) {
            steps.append(steps.isEmpty ? 0 : Float(line.time - newest))
            bytes.append(line.flags.rawValue)
            bytes.append(line.whole)
            bytes += line.groups
            peak = max(peak, line.whole)
            newest = line.time
        }

        mutating func merge(_ line: ScoreReport.Line) {
            let start = bytes.count - width
            bytes[start] |= line.flags.rawValue
            bytes[start + 1] = max(bytes[start + 1], line.whole)
            peak = max(peak, line.whole)
            for index in line.groups.indices {
                bytes[start + 2 + index] = max(bytes[start + 2 + index], line.groups[index])
            }
        }

        mutating func clear() { (steps, bytes, peak) = ([], [], ScoreLevel.none) }

        /// Cells beyond `most` go some at a time: each time all that stay are moved.
        mutating func trim(to most: Int) {
            guard count > most + max(8, most / 8) else { return }
            let gone = count - most
            steps.removeFirst(gone)
            bytes.removeFirst(gone * width)
            peak = stride(from: 1, to: bytes.count, by: width).reduce(ScoreLevel.none) { max($0, bytes[$1]) }
        }
    }

    private var strips: [String: Held] = [:]
    private var nextLook = Instant.zero
    /// Grows with each telling.
    package private(set) var revision: UInt64 = 0

    /// No strip yet.
    package init() {}

    /// How many entities have one.
    package var count: Int { strips.count }

    /// Takes in what a worker said of entities that it serves.
    ///
    /// - Parameter domain: the worker's. An entity is another domain's as long as that has its strip.
    package mutating func take(_ report: ScoreReport, from worker: String, inDomain domain: String, at now: Instant) {
        forget(at: now)
        revision += 1
        for line in report.lines where line.groups.count == report.groups.count {
            take(line, of: report, from: worker, inDomain: domain, at: now)
        }
    }

    private mutating func take(
        _ line: ScoreReport.Line, of report: ScoreReport, from worker: String, inDomain domain: String, at now: Instant
    ) {
        let known = strips.removeValue(forKey: line.entity)
        guard known != nil || strips.count < Self.mostEntities else { return }
        var strip =
            known
            ?? Held(
                domain: domain, worker: worker, type: report.type, groups: report.groups, heard: now, newest: line.time)
        defer { strips[line.entity] = strip }
        guard strip.domain == domain else { return }
        if strip.groups != report.groups {
            strip.clear()
            strip.groups = report.groups
        }
        // A clock that went back is another stream's: what was is no part of it.
        if line.time < strip.newest { strip.clear() }
        if strip.count > 0, line.time == strip.newest { strip.merge(line) } else { strip.append(line) }
        (strip.heard, strip.worker, strip.type) = (now, worker, report.type)
        strip.trim(to: most(groups: report.groups.count, among: strips.count + 1))
    }

    /// Cells that an entity may have.
    private func most(groups: Int, among count: Int) -> Int {
        min(Self.mostCells, max(Self.fewestCells, Self.mostBytes / max(1, count) / (6 + groups)))
    }

    /// Lets go of entities of which nothing has come for long; looks now and then.
    private mutating func forget(at now: Instant) {
        guard now >= nextLook else { return }
        nextLook = now + .seconds(60)
        strips = strips.filter { now - $0.value.heard <= Self.memory }
    }

    private static func entity(_ held: Held, at now: Instant) -> Entity {
        let last = held.bytes.count - held.width
        return Entity(
            type: held.type, worker: held.worker, time: held.newest,
            flags: ScoreReport.Flags(rawValue: held.bytes[last]), whole: held.bytes[last + 1], peak: held.peak,
            silentSeconds: max(0, (now - held.heard).seconds))
    }

    /// What the latest tellings said, by entity.
    package func entities(at now: Instant) -> [String: Entity] { strips.mapValues { Self.entity($0, at: now) } }

    /// Names of entities that have a strip, in order, from behind one on.
    package func names(after name: String, limit: Int) -> [String] {
        Array(strips.keys.filter { $0 > name }.sorted().prefix(limit))
    }

    /// What the latest telling said of an entity; `nil` where none did.
    package func entity(_ name: String, at now: Instant) -> Entity? { strips[name].map { Self.entity($0, at: now) } }

    /// An entity's strip; `nil` where there is none.
    package func strip(of name: String, at now: Instant) -> Strip? { recording(of: name)?.strip(at: now) }

    /// What is held of an entity, to be looked at by whoever has more time than whoever holds the strips; `nil` where there is
    /// none.
    package func recording(of name: String) -> Recording? { strips[name].map(Recording.init) }

    /// An entity's strip as it was at some time.
    package struct Recording: Sendable {
        private let held: Held

        fileprivate init(_ held: Held) { self.held = held }

        /// The strip.
        package func strip(at now: Instant) -> Strip { ScoreStrips.strip(held, at: now) }
    }

    private static func strip(_ held: Held, at now: Instant) -> Strip {
        var cells: [Cell] = []
        cells.reserveCapacity(held.count)
        var time = held.newest
        for index in stride(from: held.count - 1, through: 0, by: -1) {
            let start = index * held.width
            cells.append(
                Cell(
                    time: time, flags: ScoreReport.Flags(rawValue: held.bytes[start]), whole: held.bytes[start + 1],
                    groups: Array(held.bytes[(start + 2)..<(start + held.width)])))
            time -= Double(held.steps[index])
        }
        return Strip(entity: entity(held, at: now), groups: held.groups, cells: cells.reversed())
    }
}
