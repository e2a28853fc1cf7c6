import CommandLine
import Platform
package import Telemetry

/// Finds the sources that a command works on.
package enum MetricSources {
    /// The sources of a part among the paths; those that are not split belong to every part. When only the other part
    /// is there (`--data x_test.csv` to train on), it is taken as named.
    ///
    /// - Parameter note: told what was passed over.
    /// - Throws: `TelemetryError` when a path does not exist or holds nothing to read.
    package static func discover(
        _ paths: [String], part: PartOption, options: ReaderOptions, note: (String) -> Void = { _ in }
    ) throws -> [EntitySource] {
        let all = try DataCatalog.search(paths, options: options)
        if let line = all.passedOverLine { note(line) }
        for line in all.notes { note(line) }
        let chosen = part.select(all.sources)
        if part == .train, let line = leftOutLine(all.sources) { note(line) }
        return chosen.isEmpty ? all.sources : chosen
    }

    /// The parts to judge on, and what is of no part of entities that have one to learn from.
    package static func judged(_ sources: [EntitySource]) -> [EntitySource] {
        let tests = sources.filter { $0.part == .test }
        let learned = learned(sources).subtracting(tests.map(\.key))
        return tests + sources.filter { $0.part == .all && learned.contains($0.key) }
    }

    /// Those whose names a federation takes, and what is said of the others; `nil`: there are none.
    package static func sound(_ sources: [EntitySource]) -> (sources: [EntitySource], left: String?) {
        var left: [(key: String, flaw: (found: String, expected: String))] = []
        let sound = sources.filter { source in
            guard let flaw = NameRule.flaw(in: source.key, limit: NameRule.longestEntity) else { return true }
            left.append((source.key, flaw))
            return false
        }
        let names = Set(left.map(\.key)).sorted()
        guard let first = left.min(by: { $0.key < $1.key }) else { return (sources, nil) }
        let named = names.prefix(3).map { "'\(PrintableText.line($0, limit: 120))'" }.joined(separator: ", ")
        return (
            sound,
            "\(names.count == 1 ? "entity" : "\(names.count) entities") \(named)\(names.count > 3 ? ", …" : ""): found "
                + "\(first.flaw.found), expected \(first.flaw.expected); rename \(names.count == 1 ? "its" : "their") files or "
                + "folder"
        )
    }

    /// The entities that have a part to learn from.
    static func learned(_ sources: [EntitySource]) -> Set<String> {
        Set(sources.filter { $0.part == .train }.map(\.key))
    }

    /// What is said of files that are of no part and of entities that have one to learn from; `nil`: there are none.
    private static func leftOutLine(_ sources: [EntitySource]) -> String? {
        let learned = learned(sources)
        let left = sources.filter { $0.part == .all && learned.contains($0.key) }
        guard !left.isEmpty else { return nil }
        let training = sources.filter { source in source.part == .train && left.contains { $0.key == source.key } }
        func names(_ files: [String]) -> String {
            let names = Set(files.map { $0.split(separator: "/").last.map(String.init) ?? $0 }).sorted()
            return names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
        }
        let count = left.count == 1 ? left[0].key : "\(left.count) entities"
        return "\(names(left.flatMap(\.files))): not learned from; \(count) learned from "
            + names(training.flatMap(\.files)) + ", the part for that"
    }
}
