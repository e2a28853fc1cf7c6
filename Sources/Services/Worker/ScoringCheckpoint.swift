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
            "\(settings.falseAlarmsPerDay)", "\(settings.tuningEpochs)", "\(settings.quietSamples)",
        ]
        identity = SHA256.hexadecimalDigest(of: (facts + entities.sorted()).joined(separator: "\n").utf8)
    }

    /// The fitted model, if it is this one's; whatever is wrong with it, it is fitted again.
    func model() -> MonitoringModel? {
        guard let known = try? FileContents.read(folder + "/identity", limit: 1 << 10),
            known == Array(identity.utf8)
        else { return nil }
        return try? MonitoringModel(path: modelFolder)
    }

    /// Keeps a model that was just fitted, and forgets the streams of another one.
    func keep(_ model: MonitoringModel) throws {
        try FolderContents.remove(folder)
        try model.write(to: modelFolder)
        try FolderContents.makeFolder(folder)
        try FileContents.writeAtomically(Array(identity.utf8), to: folder + "/identity")
    }

    /// Lets a stream go on from where it was; `nil` when nothing is known of it or it cannot be used.
    func resumed(_ makeStream: () throws -> EntityStream, key: String) throws -> EntityStream? {
        guard let state = try? FileContents.read(path(key)) else { return nil }
        var stream = try makeStream()
        do {
            try stream.resume(state, identity: identity)
            return stream
        } catch {
            return nil
        }
    }

    /// Writes how far a stream has come.
    func keep(_ stream: EntityStream) throws {
        try FileContents.writeAtomically(stream.state(identity: identity), to: path(stream.schema.key))
    }

    private func path(_ key: String) -> String {
        folder + "/" + SHA256.hexadecimalDigest(of: key.utf8).prefix(32) + ".state"
    }
}
