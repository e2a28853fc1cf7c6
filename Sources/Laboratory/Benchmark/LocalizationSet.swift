import CommandLine
import Foundation
import Platform
import Telemetry
import Watching

/// A recorded system of many entities with labelled faults: a folder with a folder for each day, each with the rows of
/// its entities and `faults.csv` (when, where, of which kind), and perhaps `dependency.csv`. What was quiet on the first
/// day is learned from, its faults are the library, the later days are judged.
struct LocalizationSet: Sendable {
    /// One recorded stretch.
    struct Day: Sendable {
        let name: String
        let sources: [EntitySource]
        let faults: [LabelWindows.Window]
        let dependencies: DependencyGraph?
    }

    /// The folder's name, with that of the folder above it.
    let name: String
    /// At least two, in the order of their names.
    let days: [Day]

    static let faultsName = "faults.csv"
    static let dependenciesName = "dependency.csv"
    /// Samples after a fault that are not quiet.
    static let aftermathSamples = 30.0
    private static let maximumDepth = 6

    /// The sets below some folders, in the order of their paths.
    ///
    /// - Throws: `TelemetryError` for what cannot be read.
    static func discover(_ paths: [String], options: ReaderOptions) throws -> [LocalizationSet] {
        var folders: Set<String> = []
        for path in paths { find(in: URL(filePath: path).standardizedFileURL.path, depth: 0, &folders) }
        let groups = Dictionary(grouping: folders) { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        return try groups.sorted { $0.key < $1.key }.compactMap { parent, days in
            guard days.count > 1 else { return nil }
            return LocalizationSet(
                name: parent.split(separator: "/").suffix(2).joined(separator: "/"),
                days: try days.sorted().map { try Day(folder: $0, options: options) })
        }
    }

    private static func find(in folder: String, depth: Int, _ found: inout Set<String>) {
        let manager = FileManager.default
        if manager.fileExists(atPath: folder + "/" + faultsName) {
            found.insert(folder)
            return
        }
        guard depth < maximumDepth, let names = try? manager.contentsOfDirectory(atPath: folder) else { return }
        for name in names.sorted() where !name.hasPrefix(".") {
            var isFolder: ObjCBool = false
            if manager.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder), isFolder.boolValue {
                find(in: folder + "/" + name, depth: depth + 1, &found)
            }
        }
    }
}

extension LocalizationSet.Day {
    fileprivate init(folder: String, options: ReaderOptions) throws {
        name = folder.split(separator: "/").last.map(String.init) ?? folder
        sources = try DataCatalog.discover([folder], options: options)
        faults = try LabelWindows(contentsOf: folder + "/" + LocalizationSet.faultsName).windows.sorted {
            $0.start < $1.start
        }
        let file = folder + "/" + LocalizationSet.dependenciesName
        dependencies =
            FileManager.default.fileExists(atPath: file) ? try DependencyGraph(contentsOf: file) : nil
    }

    /// The longest stretch without a fault or its aftermath between two times.
    func quiet(from first: Double, to last: Double, step: Double) -> ClosedRange<Double> {
        let step = max(step, ChangeModel.leastSeconds)
        var (begin, best) = (first, first...first)
        for fault in faults + [.init(start: last, end: last)] {
            let end = fault.start - step
            if end - begin > best.upperBound - best.lowerBound { best = begin...end }
            begin = max(begin, fault.end + LocalizationSet.aftermathSamples * step)
        }
        return best
    }

    /// Whether an entity is the one that a fault is of: an instance of the same workload only where the day has none of
    /// the fault's name.
    func isFaulty(_ entity: String, _ fault: LabelWindows.Window) -> Bool {
        guard let name = fault.entity else { return false }
        if sources.contains(where: { $0.entity == name }) { return entity == name }
        return WorkloadName.of(name) == WorkloadName.of(entity)
    }
}
