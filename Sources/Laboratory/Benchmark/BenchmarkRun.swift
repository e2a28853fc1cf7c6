import Autoencoders
import CommandLine
import Foundation
import Numerics
import Platform
import Synchronization
import Watching

/// What one method did on one entity.
struct BenchmarkResult: Codable, Sendable {
    /// The set.
    let set: String
    /// The method.
    let method: String
    /// The entity.
    let entity: String
    /// What the result depends on: data, how they are read, method, and build of the tool.
    let key: String
    /// What is to be said of the entity's labels, in words.
    let notes: [String]
    /// What was learned from, where it is the beginning of the rows that are judged.
    let beginning: LearnedBeginning?
    /// Everything measured.
    let measures: EntityMeasures
    /// The labelled faults whose kind is known, as the method saw them.
    let faults: [FaultObservation]
    /// Seconds of training, thresholds included.
    let trainingSeconds: Double
    /// Seconds of scoring.
    let scoringSeconds: Double
}

/// All methods on all entities, on several threads, keeping what is finished.
struct BenchmarkRun: Sendable {
    let entities: [BenchmarkEntity]
    let methods: [BenchmarkMethod]
    let folder: BenchmarkFolder
    let seed: UInt64
    let budget: Double
    let models: BenchmarkModels
    let console: Console

    /// Changes when results are written otherwise.
    private static let version = 8

    /// What was computed, in the order of entities, then methods, and why a method has no result for an entity.
    typealias Outcome = (results: [BenchmarkResult], notes: [String])

    /// Computes what is missing. A method that has too little to learn from has no result for an entity.
    func results(threads: Int) throws -> Outcome {
        let shared = entities.map { SharedEntityData($0, users: methods.count) }
        let digests = try ParallelTasks.map(count: entities.count, threads: threads) { try entities[$0].digest() }
        // Detectors change between builds of the same version.
        let build = try RunningExecutable.digest()
        let keys = try entities.indices.map { entity in
            // What is learned from all entities of a set depends on all of them.
            let peers = entities.indices.filter { entities[$0].set == entities[entity].set }
            return try methods.map { method in
                let digest = method.learnsFromPeers ? peers.map { digests[$0] }.joined() : ""
                return try key(method, build: build, digest: digests[entity] + digest)
            }
        }
        try trainShared(keys: keys, threads: threads)
        let done = Mutex(0)
        let total = entities.count * methods.count
        let outcomes = try ParallelTasks.map(count: total, threads: threads) { index -> Attempt in
            let (entity, position) = index.quotientAndRemainder(dividingBy: methods.count)
            let method = methods[position]
            defer {
                shared[entity].release()
                let count = done.withLock { done in
                    done += 1
                    return done
                }
                console.progress(
                    "\(count) of \(total): \(entities[entity].set)/\(entities[entity].name), \(method.name)")
            }
            let key = keys[entity][position]
            if let finished = finished(entities[entity], method, key: key) { return .result(finished) }
            return try attempted(entities[entity], method, key: key, data: shared[entity])
        }
        return Self.outcome(outcomes)
    }

    /// What came of a method on an entity.
    private enum Attempt: Sendable {
        case result(BenchmarkResult)
        /// Why there is none.
        case tooLittle(String)
    }

    private static func outcome(_ attempts: [Attempt]) -> Outcome {
        var outcome: Outcome = ([], [])
        var said: Set<String> = []
        for attempt in attempts {
            switch attempt {
            case .result(let result):
                outcome.results.append(result)
                // The same for every method.
                outcome.notes += result.notes.map { "\(result.set)/\(result.entity): \($0)" }.filter {
                    said.insert($0).inserted
                }
            case .tooLittle(let note): if said.insert(note).inserted { outcome.notes.append(note) }
            }
        }
        return outcome
    }

    private func attempted(
        _ entity: BenchmarkEntity, _ method: BenchmarkMethod, key: String, data: SharedEntityData
    ) throws -> Attempt {
        do {
            return .result(try compute(entity, method, key: key, data: data))
        } catch let error as DetectionError where error.code == .insufficientData {
            // What training says does not name the method and the entity.
            let isNamed = error.operation.contains(entity.test.key)
            return .tooLittle(
                isNamed
                    ? error.description
                    : "fitting '\(method.name)' to \(entity.test.key): \(error.detail)")
        }
    }

    /// Trains what several results share with all threads, so that none of them waits for another's training.
    private func trainShared(keys: [[String]], threads: Int) throws {
        for (position, method) in methods.enumerated() {
            guard case .product(let learning, _) = method, method.learnsFromPeers else { continue }
            for set in Set(entities.map(\.set)).sorted() {
                let missing = entities.indices.first { entity in
                    entities[entity].set == set
                        && finished(entities[entity], method, key: keys[entity][position]) == nil
                }
                guard let missing else { continue }
                console.progress("\(set): training \(method.name)")
                try models.train(entities[missing], learning, threads: threads)
            }
        }
    }

    private func key(_ method: BenchmarkMethod, build: String, digest: String) throws -> String {
        let drift = entities.first?.drift.map { "drift \($0.size) \($0.seed) " } ?? ""
        let text =
            "\(Self.version) \(build) \(seed) \(drift)\(digest) " + (try Console.json(method, pretty: false))
        return SHA256.hexadecimalDigest(of: text.utf8)
    }

    private func name(_ kind: String, _ entity: BenchmarkEntity, _ method: BenchmarkMethod, _ suffix: String) -> String
    {
        "\(kind)/\(entity.set)/\(method.name)/\(entity.name).\(suffix)"
    }

    /// The result of an earlier run, if it is there and of the same key.
    private func finished(_ entity: BenchmarkEntity, _ method: BenchmarkMethod, key: String) -> BenchmarkResult? {
        // A file that is not there or damaged means that the work is still to be done.
        guard let bytes = try? FileContents.read(folder.path(name("measures", entity, method, "json"))),
            let result = try? JSONDecoder().decode(BenchmarkResult.self, from: Data(bytes)), result.key == key
        else { return nil }
        return result
    }

    private func compute(
        _ entity: BenchmarkEntity, _ method: BenchmarkMethod, key: String, data: SharedEntityData
    ) throws -> BenchmarkResult {
        let data = try data.load()
        let detection = method.detection
        let scores: EntityScores
        let groups: [String]
        let (trainingSeconds, scoringSeconds): (Double, Double)
        switch method {
        case .metrics:
            let clock = ContinuousClock()
            let begin = clock.now
            let model = try EntityModel.trained(
                detection, on: [data.training], stepSeconds: data.stepSeconds, seed: seed)
            let trained = clock.now
            scores = try model.score(data.test)
            groups = model.groups
            trainingSeconds = Double((trained - begin) / .seconds(1))
            scoringSeconds = Double((clock.now - trained) / .seconds(1))
        case .product(let learning, _):
            (scores, groups, trainingSeconds, scoringSeconds) = try models.scores(
                entity, learning, detection, falseAlarmsPerDay: budget, seed: seed)
        }
        let rankings = data.causes.map { ranking($0.rows, scores, metrics: data.test.metrics) }
        let measures = try EntityMeasures(
            scores: scores, labels: data.labels, causes: data.causes, rankings: rankings.map { $0.map(\.metric) },
            stepSeconds: data.judgedStepSeconds, mergeGap: detection.alarmRule.mergeGap)
        let result = BenchmarkResult(
            set: entity.set, method: method.name, entity: entity.name, key: key, notes: data.notes,
            beginning: data.beginning, measures: measures,
            faults: faults(data, scores, groups: groups, rule: detection.alarmRule), trainingSeconds: trainingSeconds,
            scoringSeconds: scoringSeconds)
        try folder.write(table(scores, firstIndex: data.firstIndex), to: name("scores", entity, method, "csv"))
        let causes = zip(data.causes, rankings).map { segment, ranking in
            CauseRanking(
                start: segment.rows.lowerBound + data.firstIndex,
                endExclusive: segment.rows.upperBound + data.firstIndex,
                metrics: ranking.map { .init(metric: data.test.metrics[$0.metric], score: $0.score) })
        }
        try folder.write(
            Array((try Console.json(causes, pretty: true) + "\n").utf8), to: name("causes", entity, method, "json"))
        if method.name == pictured {
            let picture = BenchmarkPicture(
                entity: entity, method: method.name, scores: scores, labels: data.labels,
                mergeGap: detection.alarmRule.mergeGap)
            try folder.write(Array(picture.svg.utf8), to: "pictures/\(entity.set)/\(entity.name).svg")
        }
        // Last: a result that is there says that all its files are.
        try folder.write(
            Array((try Console.json(result, pretty: true) + "\n").utf8), to: name("measures", entity, method, "json"))
        return result
    }

    /// What the first alarm during each fault of a known kind looked like.
    private func faults(
        _ data: BenchmarkEntity.Data, _ scores: EntityScores, groups: [String], rule: AlarmRule
    ) -> [FaultObservation] {
        let alarms = rule.events(scores.alarms[scores.combined])
        var options = Fingerprint.Options()
        options.leastRows = Fingerprint.announcedRows
        return data.causes.filter { !$0.type.isEmpty }.map { fault in
            let alarm = alarms.first { $0.overlaps(fault.rows) }
            return FaultObservation(
                kind: fault.type,
                signature: alarm.map {
                    FaultSignature(
                        Fingerprint(of: $0, in: scores, groups: groups, entity: fault.type, options: options))
                })
        }
    }

    /// The method whose scores are drawn: the shipped one where it takes part.
    private var pictured: String? {
        methods.contains { $0.name == DetectionMethod.shipped.name }
            ? DetectionMethod.shipped.name : methods.last?.name
    }

    /// All metrics as positions among `metrics`, most suspicious first; those that the method does not look at last.
    private func ranking(
        _ rows: Range<Int>, _ scores: EntityScores, metrics: [String]
    ) -> [(metric: Int, score: Double)] {
        let found = Fingerprint.suspects(rows, in: scores)
        if scores.found.metrics == metrics { return found }
        let ranked = found.compactMap { suspect in
            metrics.firstIndex(of: scores.found.metrics[suspect.metric]).map { (metric: $0, score: suspect.score) }
        }
        let known = Set(ranked.map(\.metric))
        return ranked + metrics.indices.filter { !known.contains($0) }.map { (metric: $0, score: 0) }
    }

    /// `index,score,threshold,alarm`.
    private func table(_ scores: EntityScores, firstIndex: Int) -> [UInt8] {
        var text = Array("index,score,threshold,alarm\n".utf8)
        text.reserveCapacity(scores.count * 50)
        for row in 0..<scores.count {
            let score = scores.scores[scores.combined][row]
            let threshold = ScoresTable.written(scores.thresholds[scores.combined][row], beside: score)
            text += "\(firstIndex + row),\(score),\(threshold),".utf8
            text += (scores.alarms[scores.combined][row] ? "1\n" : "0\n").utf8
        }
        return text
    }

    private struct CauseRanking: Encodable {
        struct Suspect: Encodable {
            let metric: String
            let score: Double
        }
        let start: Int
        let endExclusive: Int
        let metrics: [Suspect]
    }
}
