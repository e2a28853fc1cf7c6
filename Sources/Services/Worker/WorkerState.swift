import Federation
import Foundation
import Platform

/// A worker's memory as its folder holds it: the federation, the version it holds with the digest of that, the entities it
/// serves, and whether it was scoring.
struct WorkerState: Codable, Equatable {
    /// The federation that all of this belongs to; absent in folders of earlier releases.
    var federation: String?
    /// The version.
    var version: UInt64 = 0
    /// SHA-256 of its bytes, hexadecimal.
    var digest: String?
    /// The entities.
    var entities: [String] = []
    /// Whether all rounds were done.
    var scoring = false
    /// False alarms that the server allows, a day and entity; absent: as many as the worker was started with.
    var falseAlarmsPerDay: Double?
    /// Alarms that were called false; absent: none.
    var falseAlarms: [FalseAlarmNotice]?

    private static let file = "state.json"
    private static let modelFile = "model.bin"

    init(_ memory: WorkerMemory) {
        federation = "\(memory.federation)"
        version = memory.version
        digest = SHA256.hexadecimalDigits(memory.digest)
        entities = memory.entities
        scoring = memory.scoring
        falseAlarmsPerDay = memory.falseAlarmsPerDay
        falseAlarms = memory.falseAlarms.isEmpty ? nil : memory.falseAlarms
    }

    /// Reads what is there; a folder without it is a new worker's. A model that is not the one that the state names is as
    /// good as none: it is fetched again; and so is everything where the state is not what was written.
    ///
    /// - Parameter damaged: is told of what cannot be used, in one line.
    /// - Throws: `StorageError` when what is there cannot be read.
    static func read(
        _ folder: DataFolder, damaged: (_ reason: String) -> Void
    ) throws -> (memory: WorkerMemory, model: FederatedModel?) {
        let state: WorkerState
        do {
            state = try JSONDecoder().decode(
                WorkerState.self, from: Data(try SealedFile.read(folder.file(file), limit: 1 << 24)))
        } catch let error as StorageError {
            switch error.code {
            case .missing: break
            case .corrupt: damaged(error.description)
            default: throw error
            }
            return (WorkerMemory(), nil)
        } catch {
            damaged("\(folder.file(file)): no state of this version, expected one that fl-worker wrote")
            return (WorkerMemory(), nil)
        }
        var memory = WorkerMemory(
            federation: state.federation.flatMap { FederationIdentity($0) } ?? .none, entities: state.entities,
            falseAlarmsPerDay: state.falseAlarmsPerDay,
            falseAlarms: Array((state.falseAlarms ?? []).prefix(FalseAlarmNotice.most)))
        guard state.version > 0, let digest = state.digest, let model = try optional(folder.file(modelFile)) else {
            return (memory, nil)
        }
        let found = SHA256.digest(model)
        guard SHA256.hexadecimalDigits(found) == digest, let decoded = try? FederatedModel(decoding: model) else {
            damaged("\(folder.file(modelFile)): not version \(state.version), which state.json names")
            return (memory, nil)
        }
        (memory.version, memory.digest, memory.scoring) = (state.version, found, state.scoring)
        return (memory, decoded)
    }

    private static func optional(_ path: String) throws(StorageError) -> [UInt8]? {
        do throws(StorageError) {
            return try FileContents.read(path)
        } catch {
            guard error.code == .missing else { throw error }
            return nil
        }
    }

    /// Writes the state, atomically.
    func write(_ folder: DataFolder) throws {
        try SealedFile.write(DeterministicJSON.encode(self), to: folder.file(Self.file))
    }

    /// Writes a model, atomically.
    static func write(model: [UInt8], _ folder: DataFolder) throws {
        try FileContents.writeAtomically(model, to: folder.file(modelFile))
    }
}
