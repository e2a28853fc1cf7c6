import Engines
import Foundation
import Platform
import Testing

/// `deploy/slurm`: files to start from.
@Suite struct SlurmFilesTests {
    private func file(_ name: String) throws -> [UInt8] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return Array(try Data(contentsOf: root.appending(path: "deploy/slurm/\(name)")))
    }

    /// Nodes have a domain in common: otherwise there is nothing to place.
    @Test func nodes() throws {
        let members = try EngineFleet(text: try file("nodes.json")).members(of: [EngineNode("n1"), EngineNode("n2")])
        #expect(Set(members.map(\.domain)) == ["plant"])
        #expect(Set(members.map { $0.arguments.last }) == ["/var/lib/faultline/n1", "/var/lib/faultline/n2"])
    }

    /// A job's log goes where the worker's folder is: its user may write there, or nothing works.
    @Test func settings() throws {
        let json = try DeterministicJSON.decode(JSONValue.self, from: try file("engine.json"))
        guard case .object(let fields) = json, let slurm = fields["slurm"] else {
            Issue.record("no settings of Slurm")
            return
        }
        #expect(try SlurmSettings(slurm).output == "/var/lib/faultline/job-%j.log")
    }
}
