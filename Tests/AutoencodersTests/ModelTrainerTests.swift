import Autoencoders
import Foundation
import Numerics
import Platform
import TestSupport
import Testing

@Suite struct ModelTrainerTests {
    /// The same files, byte for byte, whatever the number of threads.
    @Test(arguments: [2, 3, 8])
    func threadsChangeNothing(threads: Int) throws {
        let one = try Samples.bundle().files()
        let many = try Samples.bundle(threads: threads).files()
        #expect(one.map(\.name) == many.map(\.name))
        #expect(one.map(\.bytes) == many.map(\.bytes))
    }

    /// R rounds are R calls of `LocalTraining.run`, each with a fresh optimiser: what a federation of one worker does.
    @Test func roundsAreRoundsOfAFederationOfOne() throws {
        let configuration = Samples.configuration(epochs: 2, rounds: 3)
        let groups = try Samples.groups(configuration: configuration)
        let trained = try Samples.trainer(configuration, threads: 2).train(groups)
        for (group, result) in zip(groups, trained) {
            let training = LocalTraining(group: group.name, configuration: configuration, data: group.data)
            var parameters = training.shape.initialParameters(seed: configuration.seed, group: group.name)
            for round in 0..<3 {
                // A worker may run each round on another engine.
                let engine = try VectorBackend().makeEngine(shape: training.shape, maximumBatch: 32)
                parameters = try training.run(round: round, parameters: parameters, engine: engine).parameters
            }
            #expect(result.parameters == parameters)
            #expect(result.curve.count == 6)
        }
    }

    /// A device that fails in the middle of an epoch loses nothing: the CPU ends with the same weights, and the record
    /// says who computed.
    @Test(arguments: [0, 1, 7, 23]) func aFailingDeviceLosesNothing(batches: Int) throws {
        let configuration = Samples.configuration(epochs: 3, rounds: 2)
        let groups = try Samples.groups(configuration: configuration)
        let told = Told()
        let trainer = try ModelTrainer(configuration: configuration) { threads in
            ResilientBackend(
                FailingBackend(inner: try VectorBackend(threads: threads), batches: batches),
                spare: { try VectorBackend(threads: threads) }, onFailure: { told.add($0) })
        }
        let expected = try Samples.trainer(configuration).train(groups)
        let found = try trainer.train(groups)
        #expect(found.map(\.parameters) == expected.map(\.parameters))
        #expect(found.map(\.curve) == expected.map(\.curve))
        #expect(told.all.count == 1)
        #expect(found.contains { $0.backend == "cpu, then cpu" })
    }

    /// A model beyond what anything here trains is a wrong setting, said before memory is asked for.
    @Test func absurdSizesAreWrongSettings() throws {
        var configuration = Samples.configuration(epochs: 1, rounds: 1)
        configuration.hidden = [60_000, 60_000]
        let error = #expect(throws: ModelError.self) { try ModelTrainer(configuration: configuration) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.description.contains("expected at most 100 million") == true)
        configuration.hidden = [4000]
        configuration.window = 1_000_000
        #expect(throws: ModelError.self) { try configuration.validate() }
        // With one metric it would do; with this group's it does not.
        configuration.window = 2
        configuration.hidden = [1500]
        try configuration.validate()
        let data = try Samples.data(rows: 4, features: 12_000, configuration: configuration)
        let group = GroupTrainingData(
            name: "physical.cpu", metrics: (0..<12_000).map { "m\($0)" }, data: data)
        let tooWide = #expect(throws: ModelError.self) {
            try ModelTrainer(configuration: configuration).train([group])
        }
        #expect(tooWide?.code == .invalidConfiguration)
    }

    /// Stopped after any epoch of any round and started again, training gives the same bytes as without a stop.
    @Test(arguments: [nil, 0.5]) func resumingChangesNothing(proximalWeight: Double?) throws {
        var configuration = Samples.configuration(epochs: 4, rounds: 2)
        configuration.patience = 1
        configuration.proximalWeight = proximalWeight
        let groups = Array(try Samples.groups(configuration: configuration).prefix(1))
        let trainer = try Samples.trainer(configuration)
        let whole = try trainer.train(groups)
        let folder = try TemporaryFolder()
        var stops = 0
        for stop in 1...20 {
            let store = CheckpointStore(folder: folder.path("stop-\(stop)"))
            let epochs = EpochCounter(limit: stop)
            do {
                let early = try trainer.train(groups, checkpoints: store, control: epochs.control)
                #expect(early == whole)
                break
            } catch let error as ModelError where error.code == .cancelled {
                stops += 1
                #expect(try trainer.train(groups, checkpoints: store) == whole, "stopped after epoch \(stop)")
                // And once more from the end.
                #expect(try trainer.train(groups, checkpoints: store) == whole)
            }
        }
        #expect(stops == whole[0].curve.count - 1)
    }

    /// With checkpoints every third epoch, a stop costs at most two epochs and changes nothing.
    @Test func rareCheckpointsResumeToo() throws {
        let configuration = Samples.configuration(epochs: 8)
        let groups = try Samples.groups(configuration: configuration)
        let trainer = try Samples.trainer(configuration, threads: 2)
        let folder = try TemporaryFolder()
        let store = CheckpointStore(folder: folder.path("checkpoints"), interval: 3)
        let epochs = EpochCounter(limit: 11)
        #expect(throws: ModelError.self) {
            try trainer.train(groups, checkpoints: store, control: epochs.control)
        }
        #expect(try trainer.train(groups, checkpoints: store) == trainer.train(groups))
        try store.removeAll()
        #expect(!FileManager.default.fileExists(atPath: store.folder))
    }

    /// An epoch's end cannot be written: the error says so.
    @Test func unwritableCheckpointsAreNamed() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("occupied", "a file")
        let store = CheckpointStore(folder: file)
        #expect(throws: StorageError.self) {
            try Samples.trainer().train(Samples.groups(), checkpoints: store)
        }
    }

    /// What a reader of the model would refuse is refused before anything is learned.
    @Test func groupNamesAreChecked() throws {
        for name in ["", "a\u{0}b", "a\u{202E}b", String(repeating: "x", count: NameRule.longestGroup + 1)] {
            let group = GroupTrainingData(name: name, metrics: ["a", "b", "c"], data: try Samples.data())
            let error = #expect(throws: ModelError.self) { try Samples.trainer().train([group]) }
            #expect(error?.code == .corrupt)
        }
    }
}

/// Cancels training once a number of epochs have ended.
final class EpochCounter: Sendable {
    private let count = LockedCount()
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var control: TrainingControl {
        TrainingControl(
            onProgress: { [count] progress in if progress.endsEpoch { count.increment() } },
            isCancelled: { [count, limit] in count.value >= limit })
    }
}
