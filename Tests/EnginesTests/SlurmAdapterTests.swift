import Engines
import Foundation
import TestSupport
import Testing

/// The commands of Slurm as scripts of the test's own.
@Suite struct SlurmAdapterTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        for command in ["sbatch", "squeue", "sinfo", "scancel"] { try write(command, "") }
    }

    private func write(_ command: String, _ script: String) throws {
        let path = try folder.write(command, "#!/bin/sh\n\(script)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    private func adapter() throws -> SlurmAdapter {
        var settings = SlurmSettings()
        settings.commands = folder.path("")
        return try SlurmAdapter(settings)
    }

    /// What is cut short says less than there is: a worker whose job is not in it would be started again.
    @Test func halfAnAnswerIsNone() throws {
        try write("sinfo", #"printf 'n1|idle|(null)|none\nn2|idle|(null)|none\n'"#)
        try write("squeue", #"printf '1|RUNNING|n1|faultline 1 worker n1 a|faultline/faultline/a|None\n'"#)
        var adapter = try adapter()
        let whole = try adapter.observe()
        #expect(whole.nodes.map(\.name) == ["n1", "n2"] && whole.jobs.map(\.id) == ["1"])
        try write("sinfo", #"printf 'n1|idle|(null)|none\nn2|id'"#)
        #expect {
            _ = try adapter.observe()
        } throws: {
            ($0 as? EngineError)?.code == .unavailable
        }
        try write("sinfo", #"printf 'n1|idle|(null)|none\n'"#)
        try write("squeue", "printf '1|RUNN'")
        #expect(throws: EngineError.self) { _ = try adapter.observe() }
    }

    /// What a wrapper says besides is no answer: whatever is not in it would be taken for gone, and be started a second time.
    @Test(arguments: ["sinfo", "squeue"])
    func aForeignLineIsNoAnswer(command: String) throws {
        let sound = [
            "sinfo": #"printf 'n1|idle|(null)|none\n'"#,
            "squeue":
                #"printf '1|RUNNING|n1|faultline 1 worker n1 a|faultline/faultline/a|None\n17_3|PENDING|||an array|None\n'"#,
        ]
        for (name, script) in sound { try write(name, script) }
        var adapter = try adapter()
        #expect(try adapter.observe().jobs.count == 1)
        for script in ["echo 'Lmod has detected the following error'", "echo hello; \(sound[command] ?? "")"] {
            try write(command, script)
            #expect {
                _ = try adapter.observe()
            } throws: {
                ($0 as? EngineError)?.code == .unreadable && "\($0)".contains(command)
            }
        }
        guard command == "sinfo" else { return }
        try write(command, "")
        #expect(throws: EngineError.self) { _ = try adapter.observe() }
    }
}
