import Autoencoders
import Foundation
import Numerics
import Platform
import TestSupport
import Testing

@Suite struct CheckpointTests {
    /// A checkpoint after one epoch, and where it lies.
    private struct Interrupted {
        let folder: TemporaryFolder
        let store: CheckpointStore
        let groups: [GroupTrainingData]
        let path: String

        init() throws {
            folder = try TemporaryFolder()
            store = CheckpointStore(folder: folder.path("checkpoints"))
            groups = Array(try Samples.groups().prefix(1))
            path = store.folder + "/physical.cpu.checkpoint"
            let epochs = EpochCounter(limit: 1)
            let stopped = try? Samples.trainer().train(groups, checkpoints: store, control: epochs.control)
            #expect(stopped == nil)
        }

        /// The error of going on, which must be one line that names the file.
        func failure(
            configuration: TrainingConfiguration = Samples.configuration(), groups other: [GroupTrainingData]? = nil
        ) throws -> String {
            do {
                _ = try Samples.trainer(configuration).train(other ?? groups, checkpoints: store)
            } catch {
                let line = "\(error)"
                #expect(line.contains(path) && !line.contains("\n"))
                return line
            }
            return "no error"
        }
    }

    @Test func truncationsAreRefused() throws {
        let interrupted = try Interrupted()
        let bytes = try FileContents.read(interrupted.path)
        for length in [0, 7, 8, 100, bytes.count / 2, bytes.count - 1] {
            try FileContents.writeAtomically(Array(bytes[..<length]), to: interrupted.path)
            #expect(try interrupted.failure().hasPrefix("cannot read"))
        }
    }

    /// One bit anywhere in the data is noticed.
    @Test func garbledDataIsRefused() throws {
        let interrupted = try Interrupted()
        let bytes = try FileContents.read(interrupted.path)
        var generator = CounterBasedGenerator(seed: 9, purpose: "garbled checkpoint")
        for _ in 0..<40 {
            var garbled = bytes
            garbled[Int.random(in: bytes.count / 3..<bytes.count, using: &generator)] ^=
                1
                << UInt8.random(
                    in: 0..<8, using: &generator)
            try FileContents.writeAtomically(garbled, to: interrupted.path)
            #expect(try interrupted.failure() != "no error")
        }
    }

    @Test func foreignCheckpointsAreRefused() throws {
        let interrupted = try Interrupted()
        var configuration = Samples.configuration()
        configuration.seed = 6
        #expect(try interrupted.failure(configuration: configuration).contains("another configuration"))

        var group = interrupted.groups[0]
        group.data = try Samples.data(seed: 77)
        #expect(try interrupted.failure(groups: [group]).contains("other data"))

        group = interrupted.groups[0]
        group.metrics[0] = "renamed"
        #expect(try interrupted.failure(groups: [group]).contains("other metrics"))

        try FileContents.writeAtomically(
            Safetensors.encode([("x", Tensor([1], shape: [1]))]), to: interrupted.path)
        #expect(try interrupted.failure().contains("no checkpoint"))
    }
}
