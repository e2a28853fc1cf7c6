import Federation
import Foundation
import Platform
import Watching

/// What a worker needs to go on scoring after a restart as if nothing had happened: the fitted model, and how far each
/// stream had come with everything that it remembered.
///
/// All of it belongs to one version, one set of entities and one way to detect; what was written for another one is
/// not taken up.
struct ScoringCheckpoint {
    private let folder: String
    private let modelFolder: String
    private let identity: String

    /// Time from one writing to the next.
    static let interval = Duration.seconds(5)

    init(
        _ settings: WorkerSettings, model: FederatedModel, version: UInt64, entities: [String]
    ) throws {
        folder = settings.folder + "/streams"
        modelFolder = settings.folder + "/model"
        let facts = [
            "\(version)", SHA256.hexadecimalDigest(of: model.encoded()), settings.method,
            "\(settings.falseAlarmsPerDay)", "\(settings.tuningEpochs)",
            "\(settings.quietSamples)\(settings.deviations.mark)",
        ]
        identity = SHA256.hexadecimalDigest(of: (facts + entities.sorted()).joined(separator: "\n").utf8)
    }

    /// The fitted model, if it is this one's; whatever is wrong with it, it is fitted again.
    ///
    /// - Parameter damaged: is told of what is not what was written, in one line.
    func model(damaged: (_ reason: String) -> Void) -> MonitoringModel? {
        do {
            guard try SealedFile.read(folder + "/identity", limit: 1 << 10) == Array(identity.utf8) else { return nil }
            guard try SealedFolder.isSound(modelFolder, sums: sums) else {
                damaged("\(modelFolder): files that are not those that were written")
                return nil
            }
            return try MonitoringModel(path: modelFolder)
        } catch let error as StorageError where error.code == .missing {
            return nil
        } catch {
            damaged("\(error)")
            return nil
        }
    }

    private var sums: String { modelFolder + ".sha256" }

    /// Keeps a model that was just fitted, and forgets the streams of another one.
    func keep(_ model: MonitoringModel) throws {
        try FolderContents.remove(folder)
        try SealedFolder.replace(modelFolder, sums: sums) { try model.write(to: modelFolder) }
        try FolderContents.makeFolder(folder)
        try SealedFile.write(Array(identity.utf8), to: folder + "/identity")
    }

    /// Lets a stream go on from where it was; `nil` when nothing is known of it or it cannot be used.
    ///
    /// - Parameter damaged: is told of a state that cannot be used, in one line.
    func resumed(
        _ makeStream: () throws -> EntityStream, key: String, damaged: (_ reason: String) -> Void
    ) throws -> EntityStream? {
        guard var state = try? FileContents.read(path(key)) else { return nil }
        // Those of an earlier build end without their checksum; one that is damaged is too long by it.
        let body = Array(state.dropLast(Self.digestBytes))
        if SHA256.digest(body).elementsEqual(state.suffix(Self.digestBytes)) { state = body }
        var stream = try makeStream()
        do {
            try stream.resume(state, identity: identity)
            return stream
        } catch {
            damaged("\(path(key)): \(error)")
            return nil
        }
    }

    private static let digestBytes = 32

    /// Writes how far a stream has come.
    func keep(_ stream: EntityStream) throws {
        let state = stream.state(identity: identity)
        try FileContents.writeAtomically(state + SHA256.digest(state), to: path(stream.schema.key))
    }

    private func path(_ key: String) -> String {
        folder + "/" + SHA256.hexadecimalDigest(of: key.utf8).prefix(32) + ".state"
    }
}
