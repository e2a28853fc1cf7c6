import CommandLine
import FoundationEssentials
import Platform

/// The options that a service's folder was last used with, to hold those of a restart against.
///
/// What a folder's models follow from (their shape, their seed, who a worker is) cannot change under them: a restart
/// with another value is refused, and names the option. Everything else may change, and is said.
package struct RestartOptions: Hashable, Sendable {
    /// An option whose value is another one than before.
    package struct Change: Hashable, Sendable {
        /// The option.
        package let option: String
        /// Its values before and now.
        package let before: String
        package let now: String

        /// `epochs 10 → 20`.
        package var description: String { "\(option) \(before) → \(now)" }
    }

    /// The file in a service's folder.
    package static let fileName = "options.json"

    /// Values by the option's name.
    package var values: [String: String]

    /// Options with their values.
    package init(_ values: [String: String]) { self.values = values }

    /// What is different from `earlier`, by the option's name. Options that only one of both knows are no change: they
    /// came or went with a version of the program.
    package func changes(since earlier: RestartOptions) -> [Change] {
        values.keys.sorted().compactMap { option in
            guard let now = values[option], let before = earlier.values[option], now != before else { return nil }
            return Change(option: option, before: before, now: now)
        }
    }

    /// What has changed since the folder was last used, and what it was used with; `nil` for a folder that was not. Nothing
    /// is written.
    ///
    /// - Throws: `CommandLineError` (78) that names an option of `fixed` with another value; `StorageError` when the
    ///   folder cannot be read.
    package func compared(
        with folder: String, fixed: Set<String>
    ) throws -> (changes: [Change], earlier: [String: String]?) {
        let path = "\(folder)/\(Self.fileName)"
        guard FileManager.default.fileExists(atPath: path) else { return ([], nil) }
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try SealedFile.read(path, limit: 1 << 20)
        } catch {
            guard error.code == .corrupt else { throw error }
            throw CommandLineError(
                .configuration,
                "\(path): found options that are not those that were written; expected them as in \(path).sha256; "
                    + "remove both files to take the options of now")
        }
        guard let earlier = try? JSONDecoder().decode([String: String].self, from: Data(bytes)) else {
            throw CommandLineError(
                .configuration, "\(path): not the options of an earlier start; remove it to take those of now")
        }
        let changes = self.changes(since: RestartOptions(earlier))
        if let refused = changes.first(where: { fixed.contains($0.option) }) {
            throw CommandLineError(
                .configuration,
                "--\(refused.option): found \(refused.now), but \(folder) was begun with \(refused.before); expected "
                    + "the same value, or another --data-folder")
        }
        return (changes, earlier)
    }

    /// What has changed since the folder was last used, all of it allowed; the values are then those of the folder.
    ///
    /// - Parameter fixed: options that cannot change as long as the folder is used.
    /// - Throws: `CommandLineError` (78) that names an option of `fixed` with another value; `StorageError` when the
    ///   folder cannot be read or written.
    package func takeUp(in folder: String, fixed: Set<String>) throws -> [Change] {
        // Nobody else may use the folder meanwhile.
        let held = try DataFolder(folder)
        defer { withExtendedLifetime(held) {} }
        let path = held.file(Self.fileName)
        let (changes, earlier) = try compared(with: folder, fixed: fixed)
        guard earlier.map({ !changes.isEmpty || Set($0.keys) != Set(values.keys) }) ?? true else { return [] }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try SealedFile.write(Array(try encoder.encode(values)), to: path)
        return changes
    }
}
