import Engines
import Platform
import Testing

/// Recorded from Slurm 22.05.8 with four nodes.
@Suite struct SlurmTextTests {
    private static let jobs = """
        3|CANCELLED|n3|faultline 3 holder n3 c|faultline/plant/c|None
        4|FAILED||faultline 1 worker n2 edge-9|faultline/plant/edge-9|BadConstraints
        6|PENDING||faultline 4 worker n4 e|faultline/plant/e|Resources
        9|PENDING||faultline 9 worker n3 g|faultline/plant/g|JobHeldUser
        10|PENDING||(null)|sbatch|ReqNodeNotAvail, UnavailableNodes:n2
        1|RUNNING|n1|faultline 17 acceleratedWorker n1 edge-1|faultline/plant/edge-1|None
        2|RUNNING|n2|faultline 18 worker n2 edge%202|faultline/plant/edge%202|None
        5|COMPLETING|n4|faultline 4 worker n4 d|faultline/plant/d|None
        7|RUNNING|n1|(null)|other|None
        11|RUNNING|n1|faultline 4 worker n1 x|faultline/another/x|None
        12|RUNNING|n1|faultline 4 worker n1 x|faultline/plant/y|None

        """

    @Test func jobsOfTheFederationAndNoOthers() {
        let found = SlurmText.jobs(Self.jobs, of: "plant")
        #expect(found.map(\.id) == ["3", "4", "6", "9", "1", "2", "5"])
        #expect(
            found.map(\.state) == [.ended, .ended, .pending, .refused, .running, .running, .stopping])
        #expect(found[1].reason == "failed: BadConstraints" && found[2].reason == "Resources")
        #expect(
            found[4].request
                == EngineJobRequest(worker: "edge-1", node: "n1", role: .acceleratedWorker, generation: 17))
        #expect(found[5].request.worker == "edge 2")
    }

    /// Lines that no Slurm prints are passed over.
    @Test func anythingElseIsNoJob() {
        for text in [
            "", "|", "|||||", "x|RUNNING|n1|faultline 1 worker n1 a|faultline/plant/a|None",
            "1|RUNNING|n1|faultline x worker n1 a|faultline/plant/a|None",
            "1|RUNNING|n1|faultline 1 king n1 a|faultline/plant/a|None",
            "1|RUNNING|n1|faultline 1 worker n1 a%|faultline/plant/a|None",
            "1|RUNNING|n1|faultline 1 worker n1|faultline/plant/|None",
            "1|RUNNING|n1|faultline 1 worker n1 %FF|faultline/plant/%FF|None",
        ] { #expect(SlurmText.jobs(text, of: "plant").isEmpty, "\(text)") }
    }

    /// A job of the same name and comment that somebody submitted by hand is no copy, unless it is where the copy would be.
    @Test func whatRunsElsewhereIsNoCopy() {
        let text = """
            6|RUNNING|n2|faultline 1 worker n2 a|faultline/plant/a|None
            13|RUNNING|n1|faultline 1 worker n2 a|faultline/plant/a|None
            14|PENDING||faultline 2 worker n2 a|faultline/plant/a|Dependency
            """
        #expect(SlurmText.jobs(text, of: "plant").map(\.id) == ["6", "14"])
        #expect(SlurmText.jobs(text, of: "plant").map(\.isQueued) == [false, true])
    }

    /// What `scontrol hold` and `requeuehold` leave waits for people: placement hears of it at once.
    @Test(arguments: [
        "JobHeldUser", "JobHeldAdmin", "job requeued in held state", "job requeued in special exit state",
        "launch failed requeued held", "Prolog failed, job held",
    ])
    func whatIsHeldIsRefused(reason: String) {
        let text = "1|PENDING||faultline 1 worker n1 a|faultline/plant/a|\(reason)"
        #expect(SlurmText.jobs(text, of: "plant").map(\.state) == [.refused])
    }

    @Test func statesOfNodes() {
        let nodes = SlurmText.nodes(
            """
            n1|mixed|gpu:1|none
            n2|draining|(null)|disk is to be changed
            n3|idle*|gpu:tesla:2(S:0-1),mps:100|Not responding
            n4|allocated|(null)|none
            n4|down|(null)|seen by another partition
            n5|inval|gpu:1|gres/gpu count reported lower than configured (0 < 1)
            n6|mixed-|(null)|none
            n7|idle~|(null)|none

            """, accelerator: "gpu")
        #expect(nodes.map(\.state) == [.ready, .draining, .gone, .ready, .gone, .ready, .ready])
        #expect(nodes.map(\.accelerators) == [1, 0, 2, 0, 1, 0, 0])
        #expect(nodes[1].reason == "draining: disk is to be changed" && nodes[0].reason.isEmpty)
        #expect(SlurmText.count(of: "gpu:tesla", in: "gpu:tesla:2(S:0-1),gpu:a:3") == 2)
        #expect(SlurmText.count(of: "gpu", in: "gpu:99999999999999999999,gpuish:2") == 1)
    }

    /// The states and marks of sinfo(1), 22.05 to 24.05.
    @Test(arguments: [
        (
            EngineNode.State.ready,
            "idle mixed allocated allocated+ completing planned mixed- idle# mixed# allocated# idle~ powering_up powered_down"
        ),
        (
            .draining,
            "draining drained draining* drained# drained~ idle% idle! mixed! allocated@ idle@ idle^ reboot^ reboot_issued "
                + "reboot_requested fail failing blocked perfctrs power_down powering_down maint reserved idle$ allocated$"
        ),
        (.gone, "idle* mixed* down down* down~ down# down% down$ down@ inval unknown future maint* reboot* nonsense"),
    ])
    func everyStateOfANode(state: EngineNode.State, words: String) {
        for word in words.split(separator: " ") {
            let expected = word.contains("*") ? EngineNode.State.gone : state
            #expect(SlurmText.nodes("n|\(word)|(null)|none", accelerator: "gpu").map(\.state) == [expected], "\(word)")
        }
    }

    /// The nodes of a reservation that jobs ask for take them.
    @Test func aReservationsNodes() {
        for word in ["reserved", "maint", "idle$", "mixed$"] {
            let nodes = SlurmText.nodes("n|\(word)|(null)|none", accelerator: "gpu", isReserved: true)
            #expect(nodes.map(\.state) == [.ready], "\(word)")
        }
        let emptied = SlurmText.nodes("n|drained$|(null)|disk", accelerator: "gpu", isReserved: true)
        #expect(emptied.map(\.state) == [.draining])
        #expect(
            SlurmText.reservedNodes(
                "ReservationName=plant StartTime=2026-11-29T10:00:00 EndTime=2026-11-30T10:00:00 Duration=1-00:00:00 "
                    + "Nodes=n[1-2] NodeCnt=2 CoreCnt=2 Features=(null) PartitionName=(null) Flags=MAINT,SPEC_NODES\n")
                == "n[1-2]")
        #expect(SlurmText.reservedNodes("ReservationName=licences Nodes=(null) NodeCnt=0") == nil)
    }

    @Test func jobsThatWaitForTheirNodeOrAreStopped() {
        let jobs = SlurmText.jobs(
            """
            1|CONFIGURING|n1|faultline 1 worker n1 a|faultline/plant/a|None
            2|PENDING||faultline 1 worker n2 b|faultline/plant/b|Resources
            3|STOPPED|n3|faultline 1 worker n3 c|faultline/plant/c|None
            4|SUSPENDED|n4|faultline 1 worker n4 d|faultline/plant/d|None

            """, of: "plant")
        #expect(jobs.map(\.state) == [.pending, .pending, .refused, .refused])
        #expect(jobs.map(\.isWaking) == [true, false, false, false])
        #expect(jobs[2].reason == "stopped")
    }

    @Test func whatWentWrong() {
        let refused = SlurmText.failure(
            "sbatch", "sbatch: error: Batch job submission failed: Requested node configuration is not available\n")
        #expect(
            refused
                == EngineError(.refused, "Batch job submission failed: Requested node configuration is not available"))
        let away = SlurmText.failure(
            "squeue", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n")
        #expect(away.code == .unavailable)
        let wrong = SlurmText.failure(
            "sbatch", "sbatch: unrecognized option '--foo'\nTry \"sbatch --help\" for more information\n")
        #expect(wrong.code == .configuration)
        #expect(SlurmText.submitted("17;cluster\n") == "17" && SlurmText.submitted("a\n") == nil)
    }

    @Test func whatIsSubmitted() throws {
        let settings = try SlurmSettings(
            .object([
                "federation": .string("plant"), "partition": .string("edge"), "gres": .string("gpu:tesla:2"),
                "memory": .string("2G"), "program": .string("/opt/it's here/fl-worker"),
            ]))
        #expect(settings.accelerator == "gpu:tesla")
        let request = EngineJobRequest(worker: "edge 2/%", node: "n2", role: .acceleratedWorker, generation: 18)
        let words = settings.submission(request)
        for word in [
            "--nodelist=n2", "--job-name=faultline/plant/edge%202%2F%25", "--gres=gpu:tesla:2", "--partition=edge",
            "--mem=2G", "--requeue", "--dependency=singleton", "--export=NIL",
        ] { #expect(words.contains(word), "\(word)") }
        let line = "5|RUNNING|n2|\(SlurmLabel(request).comment)|faultline/plant/edge%202%2F%25|None"
        #expect(SlurmText.jobs(line, of: "plant").first?.request == request)
        let script = settings.script(EngineCommand(arguments: ["--name", "a b"], token: "WORD"))
        #expect(
            script.contains(
                #"exec '/opt/it'\''s here/fl-worker' '--name' 'a b' --enrol-file /dev/fd/3 3<<'END-OF-ENROLMENT'"#))
        #expect(script.contains("\nWORD\n") && !settings.script(EngineCommand(arguments: [])).contains("enrol"))
        #expect(
            !settings.submission(EngineJobRequest(worker: "a", node: "b", role: .worker, generation: 1)).contains {
                $0.hasPrefix("--gres")
            })
    }

    @Test(arguments: [
        (#"{"gres": "gpu"}"#, "slurm: gres: found 'gpu', expected KIND:NUMBER such as gpu:1"),
        (#"{"cpus": 0}"#, "slurm: cpus: found 0, expected a whole number from 1 to 4096"),
        (#"{"partion": "x"}"#, "slurm: unknown key 'partion' (did you mean 'partition'?)"),
        (#"{"arguments": "x"}"#, #"slurm: arguments: found "x", expected a list of texts"#),
        ("[]", "slurm: expected a JSON object"),
    ])
    func whatIsWrongIsSaid(json: String, line: String) throws {
        let value = try DeterministicJSON.decode(JSONValue.self, from: Array(json.utf8))
        #expect(throws: EngineError(.configuration, line)) { try SlurmSettings(value) }
    }
}
