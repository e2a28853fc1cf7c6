import CommandLine
import Foundation
import Numerics
import Platform
import Synchronization
import Telemetry
import Watching

/// An entity with a part to learn from and a labelled part to be judged on.
struct BenchmarkEntity: Sendable {
    /// The set: the folder's name.
    let set: String
    /// The entity's name within the set.
    let name: String
    /// A training part of its own; `nil`: the beginning of `test` is one (``learned()``).
    let training: EntitySource?
    /// What to be judged on.
    let test: EntitySource
    /// What is put into the part to be judged on; `nil`: it is as it is.
    var drift: SlowDrift?
    private let options: ReaderOptions
    private let rules: GroupRules

    /// Labels of all entities as windows of time, for those without labels of their own.
    private var windows: LabelWindows?
    /// Without a training part, this share of the rows is one.
    private var trainingShare = usualTrainingShare

    /// The share of the rows that is a training part unless somebody says otherwise.
    static let usualTrainingShare = 0.4

    /// The labelled entities below some folders.
    ///
    /// - Parameters:
    ///   - windows: labels for entities that have none of their own.
    ///   - trainingShare: the share of the rows that is a training part where there is none.
    ///   - mayBeNone: whether it is no error that nothing is labelled.
    ///   - note: told how names were understood.
    ///   - leftOut: told of each entity without labels.
    /// - Throws: ``TelemetryError`` for unreadable data, ``CommandLineError`` when nothing is labelled.
    static func discover(
        _ paths: [String], options: ReaderOptions, rules: GroupRules, drift: SlowDrift? = nil,
        windows: LabelWindows? = nil, trainingShare: Double = usualTrainingShare, mayBeNone: Bool = false,
        note: (String) -> Void = { _ in },
        leftOut: (EntitySource) -> Void = { _ in }
    ) throws -> [BenchmarkEntity] {
        let found = try DataCatalog.search(paths, options: options)
        let sources = found.sources
        for line in found.notes { note(line) }
        var training: [String: EntitySource] = [:]
        for source in sources where source.part == .train { training[source.key] = source }
        var entities: [BenchmarkEntity] = []
        let judged = sources.filter { $0.part != .train }
        let assignment = windows?.assignment(to: judged.map(\.key))
        let about = assignment?.windows
        for line in windows?.notes ?? [] { note(line) }
        if let line = assignment?.note(of: windows?.windows.count ?? 0) { note(line) }
        for source in judged {
            let isLabelled =
                try source.labelFile != nil || source.makeReader(options: options).layout.labelColumn != nil
            let mine = isLabelled ? nil : about.map { LabelWindows($0[source.key] ?? []) }
            guard isLabelled || mine.map({ !$0.windows.isEmpty }) ?? false else {
                leftOut(source)
                continue
            }
            entities.append(
                BenchmarkEntity(
                    set: source.site, name: source.entity, training: training[source.key], test: source, drift: drift,
                    options: options, rules: rules, windows: mine, trainingShare: trainingShare))
        }
        guard !entities.isEmpty || mayBeNone else {
            throw CommandLineError(
                .data,
                "\(paths.joined(separator: ", ")): no labelled entity; expected <entity>_train.csv and "
                    + "<entity>_test.csv, or one file, with a column of labels (--label-column) a file of labels beside "
                    + "it, or windows of time (--labels)")
        }
        return entities
    }

    /// What a run works on.
    struct Data: Sendable {
        let training: DetectorSamples
        let test: DetectorSamples
        /// Row of the first test sample in its file.
        let firstIndex: Int
        let labels: [Bool]
        /// What is to be said of the labels, in words.
        let notes: [String]
        /// Labelled anomalies with known causes, in rows of `test`; positions among `test.metrics`.
        let causes: [AnomalySegment]
        /// The mean time from one row to the next (``SampleTime``): of those learned from, and of those judged.
        let stepSeconds: Double
        let judgedStepSeconds: Double
        /// What of the same rows is learned from; `nil`: there is a training part.
        let beginning: LearnedBeginning?
    }

    /// The rows to be judged on, and whether each is anomalous.
    ///
    /// - Throws: ``TelemetryError`` and ``CommandLineError`` for data that cannot be used.
    func readTest() throws -> (frame: MetricFrame, labels: [Bool], notes: [String]) {
        let rows = try test.readLabelled(options: options)
        var (labels, notes) = (rows.labels, rows.notes)
        if let windows {
            let anomalies = LabelWindows.anomalies(windows.windows, at: rows.frame.times)
            labels = RowLabels(segments: anomalies, rowCount: rows.frame.rowCount)
            let missed = windows.windows.count - anomalies.count
            if missed > 0 { notes.append("\(missed) of \(windows.windows.count) windows about it meet no row") }
        }
        guard let labels else {
            throw CommandLineError(
                .data, "\(test.files.first ?? name): found no column that marks anomalies, expected labels")
        }
        return (try drifted(rows.frame), labels.values.map { $0 != 0 }, notes)
    }

    /// The rows with the drift in those that are judged.
    private func drifted(_ frame: MetricFrame) throws -> MetricFrame {
        guard let drift else { return frame }
        let first = firstJudged(ofRows: frame.rowCount)
        let before = try training?.read(options: options) ?? frame.slice(0..<first)
        guard before.schema == frame.schema else {
            throw CommandLineError(
                .data,
                "\(test.files.first ?? name): found other columns than in the training part; drift is measured in it")
        }
        return drift.applied(to: frame, from: first, before: before, name: test.key, rules: rules)
    }

    /// What to learn from: the training part, or the first rows of the part to be judged on.
    ///
    /// - Throws: ``TelemetryError`` for unreadable data.
    func learned() throws -> EntitySource {
        if let training { return training }
        var rows = 0
        var reader = try test.makeReader(options: options)
        while let frame = try reader.nextChunk(maximumRows: 1 << 14) { rows += frame.rowCount }
        var source = test
        source.leadingRows = firstJudged(ofRows: rows)
        return source
    }

    /// The rows that are judged, cleaned by nobody.
    ///
    /// - Throws: as ``readTest()``.
    func readJudged() throws -> MetricFrame {
        let frame = try readTest().frame
        return frame.slice(firstJudged(ofRows: frame.rowCount)..<frame.rowCount)
    }

    private func firstJudged(ofRows count: Int) -> Int {
        guard training == nil else { return 0 }
        if trainingShare == Self.usualTrainingShare, let file = test.files.first,
            let rows = EntitySource.trainingRows(ofFile: file), rows < count
        {
            return rows
        }
        return Int(trainingShare * Double(count))
    }

    /// Reads and cleans both parts. The cleaning is fitted to the training part, as `fl-train train` does.
    ///
    /// - Throws: ``DetectionError`` where there are too few rows, ``TelemetryError`` and ``CommandLineError`` for data that
    ///   cannot be used.
    func load() throws -> Data {
        let (frame, isOdd, said) = try readTest()
        var notes = said
        let first = firstJudged(ofRows: frame.rowCount)
        let learned = try training?.read(options: options) ?? frame.slice(0..<first)
        let judged = frame.slice(first..<frame.rowCount)
        guard learned.rowCount > 1, judged.rowCount > 1 else {
            throw DetectionError(
                .insufficientData, "judging \(test.key)",
                "\(learned.rowCount) rows to learn from and \(judged.rowCount) to be judged on, at least 2 of each are needed"
            )
        }
        let labels = Array(isOdd[first...])
        let share = LabelledShare(labels)
        if let refusal = share.refusal { throw DetectionError(.insufficientData, "judging \(test.key)", refusal) }
        if let doubt = share.doubt {
            let before = training == nil ? isOdd[..<first].count(where: \.self) : 0
            let learned = "; \(before) lie among the \(Quantity.count(first, "row")) that are learned from"
            notes.append(doubt + (before > 0 ? learned : ""))
        }
        var statistics = TelemetryStatistics()
        statistics.add(learned, site: test.site, entity: test.entity, type: test.type, rules: rules)
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        let samples = try [learned, judged].map { frame in
            try DetectorSamples(
                frame, pipeline: pipeline, site: test.site, entity: test.entity, type: test.type)
        }
        var causes: [AnomalySegment] = []
        if let file = test.interpretationFile {
            causes = try AnomalySegment.read(contentsOf: file).compactMap {
                $0.within(first..<frame.rowCount, columns: frame.schema, metrics: samples[1].metrics)
            }
        } else if let windows {
            causes = LabelWindows.anomalies(windows.windows, at: frame.times).filter { !$0.type.isEmpty }.compactMap {
                $0.within(first..<frame.rowCount, columns: frame.schema, metrics: samples[1].metrics)
            }
        }
        let step = SampleTime.mean(of: learned.times) ?? 1
        return Data(
            training: samples[0], test: samples[1], firstIndex: first, labels: labels, notes: notes, causes: causes,
            stepSeconds: step, judgedStepSeconds: SampleTime.mean(of: judged.times) ?? step,
            beginning: training == nil
                ? LearnedBeginning(rows: first, of: frame.rowCount, labelled: isOdd[..<first].count { $0 }) : nil)
    }

    /// A digest of the names and contents of all files, and of how they are read and grouped: what results depend on.
    func digest() throws -> String {
        var hash = SHA256()
        hash.update(Array((try Console.json(options, pretty: false) + Console.json(rules, pretty: false)).utf8))
        let files = (training?.files ?? []) + test.files + [test.labelFile, test.interpretationFile].compactMap(\.self)
        for file in files {
            hash.update(Array((file.split(separator: "/").last.map(String.init) ?? file).utf8))
            hash.update(try FileContents.read(file))
        }
        if training == nil { hash.update(Array("share \(trainingShare)".utf8)) }
        for window in windows?.windows ?? [] { hash.update(Array("\(window.start) \(window.end) \(window.kind)".utf8)) }
        return hash.hexadecimalDigest()
    }
}

extension AnomalySegment {
    /// The anomaly in rows counted from the start of `rows`, with its causes as positions among `metrics`; `nil` when
    /// it lies outside. Causes without a name are positions among the file's `columns`.
    fileprivate func within(_ rows: Range<Int>, columns: [String], metrics names: [String]) -> AnomalySegment? {
        let inside = self.rows.clamped(to: rows)
        guard !inside.isEmpty else { return nil }
        var result = self
        result.rows = inside.lowerBound - rows.lowerBound..<inside.upperBound - rows.lowerBound
        let causes = metrics.isEmpty ? dimensions.filter(columns.indices.contains).map { columns[$0] } : metrics
        result.dimensions = causes.compactMap { names.firstIndex(of: $0) }
        return result
    }
}

extension MetricFrame {
    /// Some of the rows.
    func slice(_ rows: Range<Int>) -> MetricFrame {
        MetricFrame(
            schema: schema, firstRow: firstRow + rows.lowerBound,
            fileStarts: fileStarts.filter(rows.contains).map { $0 - rows.lowerBound }, times: Array(times[rows]),
            values: Array(values[rows.lowerBound * columnCount..<rows.upperBound * columnCount]),
            labels: labels.map { Array($0[rows]) })
    }
}

/// An entity's data, read when first asked for and let go when the last of its users is done.
final class SharedEntityData: Sendable {
    private let entity: BenchmarkEntity
    private let state: Mutex<(data: BenchmarkEntity.Data?, users: Int)>

    init(_ entity: BenchmarkEntity, users: Int) {
        self.entity = entity
        state = Mutex((nil, users))
    }

    /// The data.
    func load() throws -> BenchmarkEntity.Data {
        try state.withLock { state in
            if let data = state.data { return data }
            let data = try entity.load()
            state.data = data
            return data
        }
    }

    /// Says that one user is done.
    func release() {
        state.withLock { state in
            state.users -= 1
            if state.users == 0 { state.data = nil }
        }
    }
}
