import CommandLineSupport
import Detection
import Foundation
import Storage
import Synchronization
import Telemetry
import TensorModule

/// An entity with a part to learn from and a labelled part to be judged on.
struct BenchmarkEntity: Sendable {
    /// The set: the folder's name.
    let set: String
    /// The entity's name within the set.
    let name: String
    /// What to learn from; `nil`: the beginning of `test`.
    let training: EntitySource?
    /// What to be judged on.
    let test: EntitySource
    private let options: ReaderOptions
    private let rules: GroupRules

    /// Without a training part, this share of the rows is one.
    static let trainingShare = 0.4

    /// The labelled entities below some folders.
    ///
    /// - Throws: ``TelemetryError`` for unreadable data, ``CommandLineError`` when nothing is labelled.
    static func discover(_ paths: [String], options: ReaderOptions, rules: GroupRules) throws -> [BenchmarkEntity] {
        let sources = try DataCatalog.discover(paths, options: options)
        var training: [String: EntitySource] = [:]
        for source in sources where source.part == .train { training[source.key] = source }
        var entities: [BenchmarkEntity] = []
        for source in sources where source.part != .train {
            let isLabelled =
                try source.labelFile != nil || source.makeReader(options: options).layout.labelColumn != nil
            guard isLabelled else { continue }
            entities.append(
                BenchmarkEntity(
                    set: source.site, name: source.entity, training: training[source.key], test: source,
                    options: options, rules: rules))
        }
        guard !entities.isEmpty else {
            throw CommandLineError(
                .data,
                "\(paths.joined(separator: ", ")): no labelled entity; expected <entity>_train.csv and "
                    + "<entity>_test.csv, or one file, with a column label or an index,label file beside it")
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
        /// Labelled anomalies with known causes, in rows of `test`; positions among `test.metrics`.
        let causes: [AnomalySegment]
        let stepSeconds: Double
    }

    /// Reads both parts.
    ///
    /// - Throws: ``TelemetryError`` and ``CommandLineError`` for data that cannot be used.
    func load() throws -> Data {
        let frame = try test.read(options: options)
        var labels = frame.labels
        if let file = test.labelFile { labels = try RowLabels(contentsOf: file, options: options).values }
        guard let labels, labels.count <= frame.rowCount || labels.dropFirst(frame.rowCount).allSatisfy({ $0 == 0 })
        else {
            throw CommandLineError(.data, "\(test.files.first ?? name): the labels do not fit the rows")
        }
        let judged = (0..<frame.rowCount).map { $0 < labels.count && labels[$0] != 0 }
        let group: (String) -> String = { rules.group(for: $0).name }
        let all = DetectorSamples(frame, group: group)
        let first = training == nil ? Int(Self.trainingShare * Double(all.count)) : 0
        let learned: DetectorSamples
        if let training {
            learned = try DetectorSamples(training.read(options: options), group: group).selecting(all.metrics)
        } else {
            learned = all.slice(0..<first)
        }
        guard learned.count > 1, all.count - first > 1 else {
            throw CommandLineError(.data, "\(test.files.first ?? name): too few rows to learn from and to be judged on")
        }
        let steps = zip(learned.times.dropFirst(), learned.times).map { $0 - $1 }.filter { $0 > 0 }.sorted()
        var causes: [AnomalySegment] = []
        if let file = test.interpretationFile {
            causes = try AnomalySegment.read(contentsOf: file).compactMap { $0.within(first..<all.count, all.metrics) }
        }
        return Data(
            training: learned, test: all.slice(first..<all.count), firstIndex: first,
            labels: Array(judged[first...]), causes: causes, stepSeconds: steps.isEmpty ? 1 : steps[steps.count / 2])
    }

    /// A digest of the names and contents of all files: what results depend on.
    func digest() throws -> String {
        var hash = SHA256()
        let files = (training?.files ?? []) + test.files + [test.labelFile, test.interpretationFile].compactMap(\.self)
        for file in files {
            hash.update(Array((file.split(separator: "/").last.map(String.init) ?? file).utf8))
            hash.update(try FileContents.read(file))
        }
        return hash.hexadecimalDigest()
    }
}

extension AnomalySegment {
    /// The anomaly in rows counted from the start of `rows`, with its causes as positions among `metrics`; `nil` when
    /// it lies outside.
    fileprivate func within(_ rows: Range<Int>, _ metrics: [String]) -> AnomalySegment? {
        let inside = self.rows.clamped(to: rows)
        guard !inside.isEmpty else { return nil }
        var result = self
        result.rows = inside.lowerBound - rows.lowerBound..<inside.upperBound - rows.lowerBound
        let named = self.metrics.compactMap { metrics.firstIndex(of: $0) }
        result.dimensions =
            named.count == self.metrics.count && !named.isEmpty ? named : dimensions.filter(metrics.indices.contains)
        return result
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
