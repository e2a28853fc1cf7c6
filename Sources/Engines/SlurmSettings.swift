package import Platform

/// How jobs of Slurm are asked for: the object `slurm` in the configuration of `fl-engine`.
package struct SlurmSettings: Equatable, Sendable {
    /// Part of the jobs' names: what else runs in Slurm is not looked at.
    package var federation = "faultline"
    /// `--partition`, `--account`, `--qos`, `--reservation`, `--constraint` of sbatch(1), and which nodes are looked at; `nil`:
    /// Slurm's default.
    package var partition: String?
    package var account: String?
    package var qos: String?
    package var reservation: String?
    package var constraint: String?
    /// Generic resources of a worker with an accelerator, as `gpu:1`.
    package var gres = "gpu:1"
    /// `--cpus-per-task`.
    package var cpus = 1
    /// `--mem`, as `2G`; `nil`: Slurm's default.
    package var memory: String?
    /// `--time`; `nil`: the partition's. A worker whose time is over is started again.
    package var timeLimit: String?
    /// Where a job's log goes (`--output`, on its node).
    package var output = "/dev/null"
    /// The worker's program on the nodes.
    package var program = "fl-worker"
    /// The folder of Slurm's commands; empty: those of `PATH`.
    package var commands = ""
    /// Further arguments of sbatch.
    package var arguments: [String] = []

    /// Slurm as it is.
    package init() {}

    /// Reads the object.
    ///
    /// - Throws: ``EngineError`` (`configuration`) that names the key, what was found and what was expected.
    package init(_ json: JSONValue) throws(EngineError) {
        let fields = try EngineFields(json, of: "slurm")
        federation = try fields.text("federation") ?? federation
        partition = try fields.text("partition")
        account = try fields.text("account")
        qos = try fields.text("qos")
        reservation = try fields.text("reservation")
        constraint = try fields.text("constraint")
        gres = try fields.text("gres") ?? gres
        cpus = try fields.whole("cpus", 1...4_096) ?? cpus
        memory = try fields.text("memory")
        timeLimit = try fields.text("timeLimit")
        output = try fields.text("output") ?? output
        program = try fields.text("program") ?? program
        commands = try fields.text("commands") ?? commands
        arguments = try fields.texts("arguments") ?? []
        try fields.end(known: [
            "federation", "partition", "account", "qos", "reservation", "constraint", "gres", "cpus", "memory",
            "timeLimit", "output", "program", "commands", "arguments",
        ])
        guard Self.kind(of: gres) != nil else {
            throw EngineError(.configuration, "slurm: gres: found '\(gres)', expected KIND:NUMBER such as gpu:1")
        }
    }

    /// The kind of generic resource that is counted, as `gpu`.
    package var accelerator: String { Self.kind(of: gres) ?? gres }

    private static func kind(of gres: String) -> String? {
        let parts = gres.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 2, let number = Int(parts[parts.count - 1]), number >= 1, !parts[0].isEmpty else {
            return nil
        }
        return parts.dropLast().joined(separator: ":")
    }

    /// The arguments of sbatch for a copy of a worker.
    package func submission(_ request: EngineJobRequest) -> [String] {
        var words = [
            "--parsable", "--export=NIL", "--requeue", "--dependency=singleton", "--open-mode=append",
            "--input=/dev/null",
            "--chdir=/", "--nodes=1", "--ntasks=1", "--cpus-per-task=\(cpus)", "--nodelist=\(request.node)",
            "--job-name=\(SlurmLabel.jobName(federation: federation, worker: request.worker))",
            "--comment=\(SlurmLabel(request).comment)", "--output=\(output)",
        ]
        let optional = [
            ("partition", partition), ("account", account), ("qos", qos), ("reservation", reservation),
            ("constraint", constraint), ("mem", memory), ("time", timeLimit),
        ]
        for case (let name, let value?) in optional { words.append("--\(name)=\(value)") }
        if request.role == .acceleratedWorker { words.append("--gres=\(gres)") }
        return words + arguments
    }

    /// The script of a job: the worker takes the place of the shell, so that signals reach it. A word to enrol with comes
    /// through a descriptor: neither the list of processes nor a file on the node has it.
    package func script(_ command: EngineCommand) -> String {
        let words = ([program] + command.arguments).map(Self.quoted).joined(separator: " ")
        let head = "#!/bin/sh\nPATH=${PATH:-/usr/local/bin:/usr/bin:/bin}\nexport PATH\n"
        guard let token = command.token else { return head + "exec \(words)\n" }
        return head + "exec \(words) --enrol-file /dev/fd/3 3<<'END-OF-ENROLMENT'\n\(token)\nEND-OF-ENROLMENT\n"
    }

    /// A word as a shell takes it literally.
    static func quoted(_ word: String) -> String { "'" + word.replacing("'", with: #"'\''"#) + "'" }
}
