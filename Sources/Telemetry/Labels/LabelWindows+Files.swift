import Foundation

extension LabelWindows {
    /// Those of several files together.
    ///
    /// - Throws: ``TelemetryError`` that names file, line and field.
    package init(contentsOf paths: [String], options: ReaderOptions) throws {
        self.init([])
        for path in paths { add(try LabelWindows(contentsOf: path, options: options)) }
    }

    /// Names (without extension) of tables that may say when something was wrong.
    private static let names: Set<String> = [
        "label", "labels", "anomaly", "anomalies", "anomaly_windows", "attacks", "events", "ground_truth",
        "groundtruth", "incidents", "combined_windows", "combined_labels",
    ]

    /// Whether a file's name (without extension) is that of a table that may say when something was wrong.
    static func isCalledSo(_ name: String) -> Bool { names.contains(name.lowercased()) }

    /// Whether a file that was passed over among data holds windows.
    package static func isPassedOver(_ path: String) -> Bool {
        let name = URL(filePath: path).lastPathComponent.prefix { $0 != "." }
        return isCalledSo(String(name)) && isWindows(path)
    }

    /// Files without repetition and without NAB's `combined_labels.json` where `combined_windows.json`, which says the
    /// same and how long it lasted, lies beside it.
    package static func preferred(_ paths: [String]) -> [String] {
        let all = Set(paths)
        return all.sorted().filter { path in
            guard path.hasSuffix("/combined_labels.json") else { return true }
            return !all.contains(path.dropLast("labels.json".count) + "windows.json")
        }
    }

    /// The files with windows that lie in a folder itself: tables with a start and an end, and JSON as NAB's.
    package static func files(in folder: String) -> [String] {
        let folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
        return names.filter { name in
            guard !name.hasPrefix(".") else { return false }
            let lower = name.lowercased()
            let path = folder + "/" + name
            if lower.hasSuffix(".json"), filesOfWindows(path) != nil { return true }
            guard [".csv", ".tsv", ".csv.gz", ".json", ".jsonl"].contains(where: lower.hasSuffix) else { return false }
            return (try? WindowTable(path))?.hasEnds ?? false
        }.map { folder + "/" + $0 }
    }
}
