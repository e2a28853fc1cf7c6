import Foundation

/// Slurm, by its commands. It keeps nothing: what there is, slurmctld says.
package struct SlurmAdapter: EngineAdapter {
    private let settings: SlurmSettings
    private let isOver: @Sendable () -> Bool

    /// Slurm with these settings.
    ///
    /// - Parameter isOver: whether its commands are not waited for any more.
    /// - Throws: ``EngineError`` (`configuration`) where a command is missing.
    package init(
        _ settings: SlurmSettings, isOver: @escaping @Sendable () -> Bool = { false }
    ) throws(EngineError) {
        self.settings = settings
        self.isOver = isOver
        let commands = ["sbatch", "squeue", "sinfo", "scancel"] + (settings.reservation == nil ? [] : ["scontrol"])
        for command in commands { _ = try path(of: command) }
    }

    package mutating func observe() throws(EngineError) -> EngineObservation {
        EngineObservation(nodes: try nodes(), jobs: try jobs(["--states=all"]))
    }

    private func nodes() throws(EngineError) -> [EngineNode] {
        var selection = settings.partition.map { ["--partition=\($0)"] } ?? []
        if let reservation = settings.reservation {
            let text = try ask("scontrol", ["--oneliner", "show", "reservation", reservation])
            guard let nodes = SlurmText.reservedNodes(text) else { return [] }
            selection.append("--nodes=\(nodes)")
        }
        let text = try ask("sinfo", ["--noheader", "--Node", "--format=\(SlurmText.nodeFormat)"] + selection)
        try SlurmText.check(text, of: "sinfo", format: SlurmText.nodeFormat)
        guard !text.isEmpty else {
            throw EngineError(.unavailable, "sinfo: found no node, expected those that jobs may run on")
        }
        return SlurmText.nodes(
            text, accelerator: settings.accelerator, isReserved: settings.reservation != nil)
    }

    private func jobs(_ selection: [String]) throws(EngineError) -> [EngineJob] {
        let text = try ask("squeue", ["--noheader", "--me", "--format=\(SlurmText.jobFormat)"] + selection)
        try SlurmText.check(text, of: "squeue", format: SlurmText.jobFormat)
        return SlurmText.jobs(text, of: settings.federation)
    }

    package mutating func start(_ request: EngineJobRequest, _ command: EngineCommand) throws(EngineError) {
        // A submission whose answer was lost may have been heard.
        let name = SlurmLabel.jobName(federation: settings.federation, worker: request.worker)
        if try jobs(["--states=all", "--name=\(name)"]).contains(where: { $0.request.generation == request.generation })
        {
            return
        }
        let answer = try ask("sbatch", settings.submission(request), input: settings.script(command))
        guard SlurmText.submitted(answer) != nil else {
            throw EngineError(.unreadable, "sbatch: found '\(answer.prefix(80))', expected the number of a job")
        }
    }

    package mutating func stop(_ job: EngineJob) throws(EngineError) {
        do throws(EngineError) {
            _ = try ask("scancel", [job.id])
        } catch {
            // One that has ended is what was asked for.
            guard error.code == .refused, error.text.contains("Invalid job id") || error.text.contains("already")
            else { throw error }
        }
    }

    private func ask(_ command: String, _ arguments: [String], input: String = "") throws(EngineError) -> String {
        let result = try EngineProcess.run(try path(of: command), arguments, input: input, isOver: isOver)
        guard result.status == 0 else {
            // scontrol says what is wrong as if it were an answer.
            throw SlurmText.failure(command, result.errors.isEmpty ? result.output : result.errors)
        }
        // squeue and sinfo leave with 0 when slurmctld does not answer.
        if result.output.isEmpty, result.errors.contains("error:") { throw SlurmText.failure(command, result.errors) }
        // Half an answer would be nodes and jobs that are not there.
        guard result.output.isEmpty || result.output.hasSuffix("\n") else {
            throw EngineError(.unavailable, "\(command): its answer ends in the middle of a line")
        }
        return result.output
    }

    private func path(of command: String) throws(EngineError) -> String {
        let folders =
            settings.commands.isEmpty
            ? (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map(String.init)
            : [settings.commands]
        for folder in folders where FileManager.default.isExecutableFile(atPath: folder + "/" + command) {
            return folder + "/" + command
        }
        throw EngineError(
            .configuration,
            "slurm: found no '\(command)' in \(folders.joined(separator: ":")), expected Slurm's commands there")
    }
}
