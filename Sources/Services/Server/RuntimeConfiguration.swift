package import CommandLine
import Foundation
package import Platform
import Synchronization

/// What of a server's configuration is changed while it runs, over what it was started with: kept in its folder, so that it
/// holds after a restart too, until somebody takes it back.
package final class RuntimeConfiguration: Sendable {
    /// Which options may change, and how settings come of them.
    package struct Declaration: Sendable {
        /// The command whose options they are.
        package var manual: CommandManual
        /// The keys of those that may change.
        package var changeable: Set<String>
        /// What to do to change another one, by its key.
        package var remedy: @Sendable (_ key: String) -> String
        /// The settings that options describe.
        package var settings: @Sendable (Arguments) throws -> ServerSettings

        /// A declaration with every field given.
        package init(
            manual: CommandManual, changeable: Set<String>, remedy: @escaping @Sendable (_ key: String) -> String,
            settings: @escaping @Sendable (Arguments) throws -> ServerSettings
        ) {
            self.manual = manual
            self.changeable = changeable
            self.remedy = remedy
            self.settings = settings
        }
    }

    /// A value that somebody has changed.
    struct Change: Codable, Equatable, Sendable {
        var value: JSONValue
        var by: String
        /// Seconds since 1970.
        var at: Int64
    }

    /// Why a change is not made, in one line.
    struct Refusal: Error { let line: String }

    private struct State {
        /// What the command line and the file say.
        var started: Arguments
        var changes: [String: Change]
    }

    private static let fileName = "changes.json"

    private let declaration: Declaration
    private let path: String
    private let state: Mutex<State>
    /// Held while something changes: what is looked at meanwhile is what held before.
    private let changing = Mutex(())
    private let log: Logger

    /// Takes up what was changed before.
    ///
    /// - Parameter started: what the command line and the configuration file say.
    /// - Throws: `CommandLineError` (78) where what was kept is not what was written; `StorageError` where it cannot be read.
    package init(
        _ declaration: Declaration, started: Arguments, folder: String, log: Logger
    ) throws {
        self.declaration = declaration
        self.log = log
        path = "\(folder)/\(Self.fileName)"
        var kept = try Self.read(path)
        for (key, change) in kept {
            // What an earlier release took and this one does not is no reason not to start.
            let isKnown = declaration.changeable.contains(key)
            guard !isKnown || (try? started.changed(by: [key: change.value], of: declaration.manual)) == nil else {
                continue
            }
            log.warning("a change of an earlier release cannot be used and is left out", ["key": key])
            kept[key] = nil
        }
        state = Mutex(State(started: started, changes: kept))
    }

    private static func read(_ path: String) throws -> [String: Change] {
        do throws(StorageError) {
            let bytes = try SealedFile.read(path, limit: 1 << 20)
            if let changes = try? JSONDecoder().decode([String: Change].self, from: Data(bytes)) { return changes }
        } catch {
            if error.code == .missing { return [:] }
            guard error.code == .corrupt else { throw error }
        }
        throw CommandLineError(
            .configuration,
            "\(path): found changes of the configuration that are not those that were written; remove it and "
                + "\(path).sha256 to go on with what the configuration says")
    }

    /// The options that hold now, with the settings that they describe.
    ///
    /// - Throws: `CommandLineError` (78) where what was changed does not go with the rest any more; what `settings` throws
    ///   where the rest cannot be used by itself.
    package func takenUp() throws -> (arguments: Arguments, settings: ServerSettings) {
        let state = state.withLock { $0 }
        do {
            let arguments = try Self.effective(state.started, state.changes, declaration)
            return (arguments, try declaration.settings(arguments))
        } catch {
            guard let differences, (try? declaration.settings(state.started)) != nil else { throw error }
            throw CommandLineError(
                .configuration,
                "\(error); changed while the server ran: \(differences); remove \(path) and \(path).sha256 to go on with "
                    + "what the configuration says")
        }
    }

    private static func effective(
        _ started: Arguments, _ changes: [String: Change], _ declaration: Declaration
    ) throws -> Arguments {
        try started.changed(by: changes.mapValues(\.value), of: declaration.manual)
    }

    /// What differs from what the command line and the file say, for the log; `nil` where nothing does.
    package var differences: String? {
        let state = state.withLock { $0 }
        let lines = state.changes.sorted { $0.key < $1.key }.map { key, change in
            "\(key) \(state.started.json(key, of: declaration.manual)) → \(change.value) (by \(change.by))"
        }
        return lines.isEmpty ? nil : lines.joined(separator: ", ")
    }

    // MARK: Looking

    /// The options that may change, as `/v1/configuration` has them.
    package struct Overview: Codable, Sendable {
        /// One of them.
        package struct Option: Codable, Sendable {
            /// Its key in a configuration file.
            package let key: String
            /// What holds now, and what the command line or the file says.
            package let value, configured: JSONValue
            /// What it may be, in words.
            package let expected: String?
            /// Who changed it; `nil` where nobody has.
            package let changedBy: String?
            /// When, in seconds since 1970.
            package let changedAt: Int64?
        }

        /// All of them.
        package let options: [Option]
    }

    /// The options that may change, with what holds now.
    var overview: Overview {
        let state = state.withLock { $0 }
        return Overview(
            options: declaration.changeable.sorted().map { key in
                let (change, configured) = (state.changes[key], state.started.json(key, of: declaration.manual))
                return Overview.Option(
                    key: key, value: change?.value ?? configured, configured: configured,
                    expected: declaration.manual.expectation(of: key), changedBy: change?.by, changedAt: change?.at)
            })
    }

    // MARK: Changing

    /// Changes values, all of them or none; null takes a change back. One call at a time.
    ///
    /// - Parameter hold: lets the settings hold after `keep`, which may take as long as a disk takes.
    /// - Returns: what changed, in words.
    /// - Throws: ``Refusal`` that names the key; what `hold` throws.
    func change(
        _ wanted: [String: JSONValue], by who: String, at now: Int64,
        hold: (ServerSettings, _ keep: @escaping @Sendable () throws -> Void) throws -> Void
    ) throws -> String {
        try changing.withLock { _ in
            let before = state.withLock { $0 }
            var changes = before.changes
            for (key, value) in wanted.sorted(by: { $0.key < $1.key }) {
                guard declaration.changeable.contains(key) else { throw Refusal(line: refusal(of: key)) }
                changes[key] = value == .null ? nil : Change(value: value, by: who, at: now)
            }
            let settings: ServerSettings
            do {
                settings = try declaration.settings(Self.effective(before.started, changes, declaration))
            } catch {
                throw Refusal(line: PrintableText.line("\(error)", limit: 300))
            }
            func value(_ key: String, _ changes: [String: Change]) -> JSONValue {
                changes[key]?.value ?? before.started.json(key, of: declaration.manual)
            }
            let said = wanted.keys.sorted().map { "\($0) \(value($0, before.changes)) → \(value($0, changes))" }
                .joined(separator: ", ")
            let kept = changes
            try hold(settings) { [self] in
                try SealedFile.write(Array(try JSONEncoder.oneLine.encode(kept)), to: path)
                state.withLock { $0.changes = kept }
                log.notice("configuration changed", ["what": said, "by": who])
            }
            return said
        }
    }

    private func refusal(of key: String) -> String {
        guard let known = declaration.manual.key(of: key) else {
            let near = Spelling.suggestion(for: key, among: declaration.changeable.sorted())
            return "\(HTTPResponse.printable(key)): not an option here\(near)"
        }
        guard known == key else { return "\(key): expected its key, \(known)" }
        return "\(key): cannot change while the server runs: \(declaration.remedy(key))"
    }

    /// The command line and the file say something else now.
    ///
    /// - Parameter hold: lets the settings hold.
    /// - Throws: where they cannot be used.
    package func restarted(
        _ now: Arguments, hold: (ServerSettings) throws -> Void
    ) throws {
        try changing.withLock { _ in
            let before = state.withLock { $0 }
            let settings = try declaration.settings(Self.effective(now, before.changes, declaration))
            let isNews = declaration.changeable.contains {
                before.started.json($0, of: declaration.manual) != now.json($0, of: declaration.manual)
            }
            if isNews { try hold(settings) }
            state.withLock { $0.started = now }
        }
    }
}
