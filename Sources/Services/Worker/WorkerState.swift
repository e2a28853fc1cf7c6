import Autoencoders
import Federation
import Foundation
import Platform

/// What a worker remembers over a restart: the version it holds, the entities it serves, and whether it was scoring.
struct WorkerState: Codable, Equatable {
    /// The version.
    var version: UInt64 = 0
    /// The entities.
    var entities: [String] = []
    /// Whether all rounds were done.
    var scoring = false

    private static let file = "state.json"
    private static let modelFile = "model.bin"

    /// Reads what is there; a folder without it is a new worker's.
    ///
    /// - Throws: `StorageError` when what is there cannot be read.
    static func read(_ folder: DataFolder) throws -> (state: WorkerState, model: FederatedModel?) {
        do throws(StorageError) {
            let bytes = try FileContents.read(folder.file(file), limit: 1 << 24)
            let model = try FileContents.read(folder.file(modelFile))
            guard let state = try? JSONDecoder().decode(WorkerState.self, from: Data(bytes)),
                let decoded = try? FederatedModel(decoding: model)
            else { return (WorkerState(), nil) }
            return (state, decoded)
        } catch {
            // Whatever cannot be read is fetched again.
            guard error.code == .missing else { throw error }
            return (WorkerState(), nil)
        }
    }

    /// Writes the state, atomically.
    func write(_ folder: DataFolder) throws {
        try FileContents.writeAtomically(DeterministicJSON.encode(self), to: folder.file(Self.file))
    }

    /// Writes a model, atomically.
    static func write(model: [UInt8], _ folder: DataFolder) throws {
        try FileContents.writeAtomically(model, to: folder.file(modelFile))
    }
}
