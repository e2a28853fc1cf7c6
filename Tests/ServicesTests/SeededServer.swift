import Foundation
import Services
import TestSupport
import Watching

/// A real server whose log has alarms that no worker sent: for what is done with them.
final class SeededServer {
    let fleet: Fleet

    /// - Parameter names: entities of `site1` that have one standing alarm each, one minute apart.
    init(_ names: [String], options: [String] = []) throws {
        fleet = try Fleet(sites: 1)
        try seed(names)
        try start(options)
    }

    /// Another federation, with other alarms, at the same place.
    func replace(by names: [String]) throws {
        fleet.kill("server")
        try FileManager.default.removeItem(atPath: fleet.folder.path("server"))
        try seed(names)
        try start()
    }

    private func seed(_ names: [String]) throws {
        let folder = fleet.folder.path("server")
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        do {
            let log = try AlarmLog(path: folder + "/alarms.db")
            let items = try names.enumerated().map { index, name in
                let event = Self.alarm(name, at: 1_767_225_600 + 60 * index, sequence: Int64(index + 1))
                return AlarmLog.Item(
                    sequence: Int64(index + 1), id: event.id, entity: "\(event.site)/\(name)", revision: 0,
                    bytes: try event.encoded())
            }
            try log.append(items, delivery: nil, now: Int64(Date.now.timeIntervalSince1970))
        }
    }

    /// The server, running.
    func start(_ options: [String] = []) throws {
        try fleet.startServer(workers: 1, options)
        guard eventually({ fleet.get("/healthz") != nil }) else {
            throw ServerIsMissing(log: fleet.log("server"))
        }
    }

    struct ServerIsMissing: Error { let log: String }

    static func alarm(_ entity: String, at onset: Int, sequence: Int64, metric: String = "cpu_user") -> AlarmEvent {
        var event = AlarmEvent(
            id: "site1/\(entity)@\(onset)", revision: 0, state: .raised, site: "site1", entity: entity, worker: "w",
            severity: .major, onset: .init(index: 7, time: Double(onset)),
            at: .init(index: 9, time: Double(onset + 20)),
            score: 2.5, groups: ["physical.cpu"],
            fingerprint: [.init(group: "physical.cpu", metric: metric, share: 0.75, deviation: 8)],
            reconstruction: 1.5, modelVersion: 4, sequence: sequence)
        event.signature = signature
        event.signatureSamples = 60
        return event
    }

    /// A signature, as a worker would have made it.
    static let signature: FaultSignature? = {
        let library = FaultLibraryProcessTests.confirmation("f", duty: 0.5)
        struct Body: Decodable { let signature: FaultSignature }
        return try? JSONDecoder().decode(Body.self, from: Data(library.utf8)).signature
    }()

    /// `fl-alerts` with this server.
    func alerts(_ words: String...) throws -> ToolProcess.Result {
        try ToolProcess.run("fl-alerts", words + ["--server", "127.0.0.1:\(fleet.http)"])
    }
}
