import CommandLine
import Foundation
package import Telemetry
import Watching

/// What is known of one entity's scored samples.
package struct EvaluationTruth: Sendable {
    /// Whether each sample is anomalous, `[N]`, in the order of the scores.
    package var isAnomalous: [Bool]
    /// Anomalies with their causes, in rows of the entity.
    package var segments: [AnomalySegment] = []
    /// What is to be said of the labels, in words.
    package var notes: [String] = []
}

/// Finds the truth about scored entities among paths: data files and folders with labels, files of labels alone, and
/// windows of time.
///
/// Data are read as every other command reads them. Labels are of the entity with the same key; those of another site are
/// of an entity only where neither side has a second one of its name.
package struct TruthSearch {
    /// What came of the search for one entity.
    package enum Answer {
        case found(EvaluationTruth)
        /// Why there is none.
        case none(String)
    }

    private let keys: [String]
    private let options: ReaderOptions
    private let interpretation: String?
    private var windows: [String: [LabelWindows.Window]] = [:]
    private var hasWindows = false
    /// What windows say they are about.
    private var windowNames: [String] = []
    /// What is to be said of the windows, in words.
    package private(set) var notes: [String] = []
    private var sources: [EntitySource] = []
    private var files: [(entity: String, file: LabelFile)] = []
    /// Whether one file was named for one entity: then it is about that one, whatever it is called.
    private let isPair: Bool

    /// - Parameters:
    ///   - paths: where the labels are.
    ///   - interpretation: the causes of the anomalies of the only entity.
    ///   - keys: the entities that were scored, `site/entity`.
    /// - Throws: ``TelemetryError`` for what cannot be read, ``CommandLineError`` for an interpretation of several.
    package init(_ paths: [String], interpretation: String? = nil, of keys: [String], options: ReaderOptions) throws {
        self.keys = keys
        self.options = options
        self.interpretation = interpretation
        var data: [String] = []
        var windowFiles: [String] = []
        var folders = 0
        for path in paths {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            if isFolder.boolValue {
                folders += 1
                windowFiles += LabelWindows.files(in: path)
                data.append(path)
            } else if LabelWindows.isWindows(path) {
                windowFiles.append(path)
            } else if try LabelFile.isAlone(path, options: options) {
                let name = URL(filePath: path).lastPathComponent.prefix { $0 != "." }
                files.append(
                    (EntitySource.entityName(ofFile: String(name)), try LabelFile(path, options: options)))
            } else {
                data.append(path)
            }
        }
        isPair = keys.count == 1 && paths.count == 1 && folders == 0
        guard interpretation == nil || isPair else {
            throw CommandLineError.usage(
                "--interpretation goes with one entity and one label file; found \(keys.count) entities and "
                    + "\(paths.count) paths")
        }
        if !data.isEmpty {
            do {
                let contents = try DataCatalog.search(data, options: options)
                windowFiles += contents.passedOver.map(\.path).filter(LabelWindows.isPassedOver)
                // A training part counts where it is named, or nothing else of the entity is there.
                let others = Set(contents.sources.filter { $0.part != .train }.map(\.key))
                sources = contents.sources.filter { source in
                    let isMeant = !others.contains(source.key) || source.files.contains(where: data.contains)
                    return (source.part != .train || isMeant) && !source.files.allSatisfy(windowFiles.contains)
                }
            } catch let error as TelemetryError where error.code == .noData && !windowFiles.isEmpty {
                // A folder of windows alone.
            }
        }
        guard !windowFiles.isEmpty else { return }
        let all = try LabelWindows(contentsOf: LabelWindows.preferred(windowFiles), options: options)
        let assignment = all.assignment(to: keys)
        windows = assignment.windows
        windowNames = assignment.names.sorted()
        notes = all.notes + [assignment.note(of: all.windows.count)].compactMap(\.self)
        hasWindows = true
    }

    /// The truth about one entity.
    ///
    /// - Parameter file: where the scores are, for messages.
    /// - Throws: ``TelemetryError`` and ``CommandLineError`` for labels that cannot be read or do not fit the scores.
    package func truth(of series: ScoredSeries, file: String) throws -> Answer {
        var reason = "no labels among those given"
        switch owner(series.entity) {
        case .one(let source):
            let rows = try source.readLabelled(options: options)
            if let labels = rows.labels {
                let segments = try segments(source, rows: labels.values.count)
                return .found(
                    EvaluationTruth(
                        isAnomalous: try aligned(labels, rows, source, to: series, file: file), segments: segments,
                        notes: rows.notes))
            }
            let first = source.files.first ?? source.key
            if isPair { throw LabelFile.unlabelled(first, columns: rows.frame.schema, options: options) }
            reason = "\(first) has no column that marks anomalies (--label-column)"
        case .several(let others):
            reason = "the labels of \(others[0]) may be of another entity of that name"
        case .none: break
        }
        let name = Self.name(series.entity)
        let own = files.filter { isPair || $0.entity == name || $0.file.owners.contains(name) }
        if own.count == 1, isPair || keys.count(where: { Self.name($0) == name }) == 1 {
            var labels = own[0].file
            if labels.owners.count > 1 {
                guard let mine = labels.of(name) else {
                    return .none(
                        "\(labels.path) has labels of \(labels.owners.sorted().prefix(4).joined(separator: ", "))")
                }
                labels = mine
            }
            return .found(try truth(labels, of: series, file: file))
        }
        if hasWindows, let about = windows[series.entity] {
            if let last = about.map(\.end).max(), last < 1e8, series.times.allSatisfy({ $0 >= 1e8 }) {
                return .none(
                    "its windows end by \(SampleTime.text(last)), as numbers of rows do: expected seconds since 1970 or dates, "
                        + "or a row for each sample, as in index,label")
            }
            return .found(Self.truth(about, of: series))
        }
        guard hasWindows else { return .none(reason) }
        let others = windowNames.prefix(4).joined(separator: ", ")
        return .none(reason + ", and no window is about it" + (others.isEmpty ? "" : ": they are about \(others)"))
    }

    private enum Owner {
        case one(EntitySource)
        case several([String])
        case none
    }

    private func owner(_ key: String) -> Owner {
        if isPair, sources.count == 1 { return .one(sources[0]) }
        if let exact = sources.first(where: { $0.key == key }) { return .one(exact) }
        let name = Self.name(key)
        let same = sources.filter { $0.entity == name }
        guard !same.isEmpty else { return .none }
        let isOnly = same.count == 1 && keys.count(where: { Self.name($0) == name }) == 1
        return isOnly ? .one(same[0]) : .several(same.map(\.key))
    }

    private static func name(_ key: String) -> String { key.split(separator: "/").last.map(String.init) ?? key }

    private func segments(_ source: EntitySource, rows: Int) throws -> [AnomalySegment] {
        guard let path = interpretation ?? source.interpretationFile else { return [] }
        return try Self.segments(path, rows: rows, labels: source.labelFile ?? source.files.first ?? source.key)
    }

    private static func segments(_ path: String, rows: Int, labels: String) throws -> [AnomalySegment] {
        let segments = try AnomalySegment.read(contentsOf: path)
        if let beyond = segments.first(where: { $0.rows.upperBound > rows }) {
            throw CommandLineError(
                .data,
                "\(path): found an anomaly in rows \(beyond.rows.lowerBound) to \(beyond.rows.upperBound - 1), expected "
                    + "rows below \(rows), the number of labels in \(labels)")
        }
        return segments
    }

    /// The labels of rows as those of the samples, which must be of the same rows.
    private func aligned(
        _ labels: RowLabels, _ rows: EntitySource.LabelledRows, _ source: EntitySource, to series: ScoredSeries,
        file: String
    ) throws -> [Bool] {
        let path = source.files.first ?? source.key
        guard series.indices.sorted() == Array(labels.values.indices) else {
            throw CommandLineError(
                .data,
                "\(file): found \(series.indices.count) scores of \(series.entity) with indices from "
                    + "\(series.indices.min() ?? 0) to \(series.indices.max() ?? 0), expected one for each of the "
                    + "\(labels.values.count) rows of \(path), from 0 to \(labels.values.count - 1)")
        }
        let times = rows.frame.times
        if rows.hasClock, let first = times.first, first >= 1e8, series.times.allSatisfy({ $0 >= 1e8 }),
            let other = series.indices.indices.first(where: {
                abs(series.times[$0] - times[series.indices[$0]]) > 1e-3
            })
        {
            throw CommandLineError(
                .data,
                "\(file): found the time \(series.times[other]) for row \(series.indices[other]) of \(series.entity), "
                    + "expected \(times[series.indices[other]]), as \(path) has it: scores of other rows, or read with "
                    + "other options")
        }
        return series.indices.map { labels.values[$0] != 0 }
    }

    /// What a file of labels alone says of samples.
    private func truth(_ labels: LabelFile, of series: ScoredSeries, file: String) throws -> EvaluationTruth {
        let count = series.indices.count
        guard series.indices.sorted() == Array(0..<count) else {
            throw CommandLineError(
                .data,
                "\(file): found \(count) scores of \(series.entity) with indices from \(series.indices.min() ?? 0) to "
                    + "\(series.indices.max() ?? 0), expected each from 0 to \(count - 1) once")
        }
        var times = [Double](repeating: 0, count: count)
        for (index, time) in zip(series.indices, series.times) { times[index] = time }
        // Scores of data without a clock have counted times, which mean nothing to a file with real ones.
        let areCounted = Self.areCounted(times) && !labels.meets(times)
        let found = try labels.labels(
            ofRows: count, times: areCounted ? nil : times, of: "\(series.entity) in \(file)")
        return EvaluationTruth(
            isAnomalous: series.indices.map { found.labels.values[$0] != 0 },
            segments: try interpretation.map { try Self.segments($0, rows: count, labels: labels.path) } ?? [],
            notes: found.notes)
    }

    /// Whether times may be counted rows, where the data have no clock: they begin at 0 and are as far apart everywhere.
    private static func areCounted(_ times: [Double]) -> Bool {
        guard times.count > 1, times[0] == 0 else { return times.first == 0 }
        return times.indices.allSatisfy { abs(times[$0] - Double($0) * times[1]) <= 1e-6 * max(1, times[$0]) }
    }

    /// What windows of time say of samples.
    private static func truth(_ windows: [LabelWindows.Window], of series: ScoredSeries) -> EvaluationTruth {
        var truth = EvaluationTruth(
            isAnomalous: series.times.map { time in windows.contains { time >= $0.start && time <= $0.end } })
        let missed = windows.filter { window in
            !series.times.contains { $0 >= window.start && $0 <= window.end }
        }
        if !missed.isEmpty {
            truth.notes.append("\(missed.count) of \(windows.count) windows about it meet no scored row")
        }
        return truth
    }
}
