import Foundation
package import Platform
package import Services
package import Telemetry

/// A worker's live entities out of its sample store.
///
/// Unchecked: what is remembered is used under the lock.
package final class StoredEntities: LiveEntities, @unchecked Sendable {
    private struct Span: Codable {
        var start: Double
        var end: Double
        var isOver: Bool

        var range: ClosedRange<Double> { start...max(start, end) }
    }

    /// Alarms of one entity that are remembered.
    private static let mostSpans = 1_000
    private static let spansName = "alarms"
    private static let standingName = "findings"

    private let store: SampleStore
    private let rule: LearningRule
    private let lock = NSLock()
    private var spans: [String: [Span]] = [:]
    /// When alarms began that were false.
    private var falseOnsets: [String: Set<Double>] = [:]
    private var findings: [SiteFinding] = []
    /// Those that stand, as they were told.
    private var standing: [SiteFinding] = []
    private var sources: LiveSources?
    private var failure: (any Error)?

    /// The entities of a store; sources are given by ``start(_:site:rules:log:)``.
    ///
    /// - Throws: `StorageError` when the store cannot be read.
    package init(store: SampleStore, rule: LearningRule = LearningRule()) throws {
        self.store = store
        self.rule = rule
        // What stood at the end of the last process is over; where it is still so it is found again.
        if let bytes = try store.position(of: Self.standingName),
            let known = try? JSONDecoder().decode([SiteFinding].self, from: Data(bytes))
        {
            standing = known
            findings = known.map { found in
                var found = found
                found.finding.isRaised = false
                return found
            }
        }
        if let bytes = try store.position(of: Self.spansName) {
            spans = (try? JSONDecoder().decode([String: [Span]].self, from: Data(bytes))) ?? [:]
        }
    }

    /// Begins to take samples from sources.
    ///
    /// - Throws: what makes a configuration impossible.
    package func start(
        _ configurations: [SourceConfiguration], site: String, rules: GroupRules, log: Logger,
        fail: @escaping @Sendable (any Error) -> Void
    ) throws {
        let made = try LiveSources(
            configurations, site: site, rules: rules, store: store, log: log,
            report: { [weak self] site, finding in
                log.write(finding, of: site)
                self?.add(SiteFinding(site: site, finding: finding))
            }, fail: fail)
        lock.withLock { sources = made }
        made.start()
    }

    private func add(_ finding: SiteFinding) {
        // Nobody may be there to take them.
        lock.withLock { if findings.count < 10_000 { findings.append(finding) } }
        store.wake()
    }

    package var all: [LiveEntity] {
        store.entities.map { entity in
            LiveEntity(
                site: entity.site, name: entity.name, type: entity.type, firstRow: entity.firstRow,
                nextRow: entity.nextRow, columns: entity.columns.count)
        }
    }

    package var figures: LiveFigures {
        let counters = store.counters
        var figures = LiveFigures()
        (figures.taken, figures.forgotten) = (counters.appended, counters.forgotten)
        (figures.damaged, figures.bytes) = (counters.damaged, counters.bytes)
        return figures
    }

    package func window(of key: String, latest count: Int) -> LearningWindow {
        guard let entity = store.entity(key) else { return LearningWindow(rows: 0..<0) }
        let spans = lock.withLock { () -> [Span] in
            let onsets = falseOnsets[key] ?? []
            return (self.spans[key] ?? []).filter { !onsets.contains($0.start) }
        }
        // What cannot be read now is left to whoever reads the rows.
        return rule.window(latest: count, of: entity.firstRow..<entity.nextRow, alarms: spans.map(\.range)) { row in
            (try? store.read(key, from: row, limit: 1))?.rows.times.first
        }
    }

    private func source(_ key: String, _ span: StoredRows.Span) -> EntitySource {
        let entity = store.entity(key)
        var source = EntitySource(
            site: entity?.site ?? "", entity: entity?.name ?? key, type: entity?.type ?? "", part: .all, files: [],
            format: .generic)
        source.rows = ProvidedRows(StoredRows(key, in: store, span))
        return source
    }

    package func stream(_ key: String, from row: Int) -> EntitySource { source(key, .stream(from: row)) }
    package func learnable(_ key: String, _ window: LearningWindow) -> EntitySource { source(key, .window(window)) }
    package func wait(upTo seconds: Double) { store.wait(upTo: seconds) }

    package func takeFindings() -> [SiteFinding] {
        let (taken, bytes) = lock.withLock { () -> ([SiteFinding], [UInt8]?) in
            let taken = findings
            findings = []
            guard !taken.isEmpty else { return ([], nil) }
            for found in taken {
                standing.removeAll {
                    $0.site == found.site && $0.finding.kind == found.finding.kind
                        && $0.finding.entity == found.finding.entity && $0.finding.source == found.finding.source
                }
                if found.finding.isRaised { standing.append(found) }
            }
            return (taken, (try? JSONEncoder().encode(standing)).map { Array($0) })
        }
        // Lost at worst: something that stays open on the feed after a crash.
        if let bytes { try? store.remember([Self.standingName: bytes]) }
        return taken
    }

    package func note(alarmOf key: String, from start: Double, to end: Double, isOver: Bool) {
        guard start.isFinite, end.isFinite, end >= start else { return }
        let present = isOver ? Set(store.entities.map(\.key)) : []
        let bytes = lock.withLock { () -> [UInt8]? in
            var known = spans[key] ?? []
            if let place = known.firstIndex(where: { $0.start == start }) {
                known[place].end = max(known[place].end, end)
                known[place].isOver = isOver
            } else {
                known.append(Span(start: start, end: end, isOver: isOver))
                if known.count > Self.mostSpans { known.removeFirst() }
            }
            spans[key] = known
            if isOver { spans = spans.filter { present.contains($0.key) } }
            return isOver ? (try? JSONEncoder().encode(spans)).map { Array($0) } : nil
        }
        // Lost at worst: an alarm that is learned from after a crash.
        if let bytes { try? store.append([], position: (Self.spansName, bytes)) }
    }

    package func learn(fromAlarmsAt onsets: [String: Set<Double>]) { lock.withLock { falseOnsets = onsets } }

    package func remember(_ states: [String: [UInt8]]) throws { try store.remember(states) }
    package func recall(_ name: String) throws -> [UInt8]? { try store.position(of: name) }

    package func stop() {
        let running = lock.withLock {
            defer { sources = nil }
            return sources
        }
        running?.stop()
        store.wake()
    }
}
