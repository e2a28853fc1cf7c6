import Foundation
import Platform
import Synchronization
import Telemetry

/// What is wrong with the samples that a worker learns from, and how they are read all the same: a row that cannot be read
/// is passed over, an entity that cannot be read is left out, and the others, here and at other workers, do not suffer for
/// it. Each is said once.
final class SourceTroubles: Sendable {
    private struct State {
        /// What was said.
        var told: Set<String> = []
        /// Entities with rows that cannot be read.
        var flawed: Set<String> = []
        /// Entities of which the present loop learns nothing.
        var unreadable: Set<String> = []
    }

    private static let mostTold = 1_000

    private let reader: ReaderOptions
    private let log: Logger?
    private let state = Mutex(State())

    /// - Parameter reader: how samples without a flaw are read.
    init(reader: ReaderOptions, log: Logger?) {
        self.reader = reader
        self.log = log
    }

    /// Another loop begins: what could not be read may have been mended.
    func beginLoop() { state.withLock { $0.unreadable = [] } }

    /// How an entity's samples are read.
    func options(for source: EntitySource) -> ReaderOptions {
        state.withLock { $0.flawed.contains(source.key) } ? reader.skippingBadRows : reader
    }

    /// The sources that can be read, as far as is known.
    func readable(_ sources: [EntitySource]) -> [EntitySource] {
        let unreadable = state.withLock { $0.unreadable }
        return sources.filter { !unreadable.contains($0.key) }
    }

    /// An entity's samples could not be read. Returns whether they can be read again, without the bad rows.
    func fails(_ source: EntitySource, _ error: any Error) -> Bool {
        if let error = error as? TelemetryError, error.code != .unreadable,
            state.withLock({ $0.flawed.insert(source.key).inserted })
        {
            say("rows are passed over that cannot be read", of: source, "\(error)")
            return true
        }
        state.withLock { _ = $0.unreadable.insert(source.key) }
        say("an entity is not learned from: its samples cannot be read", of: source, "\(error)")
        return false
    }

    /// Says something of an entity's samples, once.
    func say(_ what: StaticString, of source: EntitySource, _ reason: String) {
        guard let log,
            state.withLock({
                $0.told.count < Self.mostTold && $0.told.insert("\(source.key) \(reason)").inserted
            })
        else { return }
        log.warning(what, ["entity": PrintableText.line(source.key, limit: 120), "reason": reason])
    }
}
