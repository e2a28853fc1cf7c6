import Engines
import Foundation
import Platform
import Testing

/// Commands of an engine, as scripts.
@Suite struct EngineProcessTests {
    private func run(
        _ script: String, input: String = "", patience: Duration = .seconds(20)
    ) throws(EngineError) -> EngineProcess.Result {
        try EngineProcess.run("/bin/sh", ["-c", script], input: input, patience: patience)
    }

    @Test func whatACommandSaysIsHeard() throws {
        let result = try run("cat; echo wrong >&2; exit 3", input: "to be read")
        #expect(result.status == 3 && result.output == "to be read" && result.errors == "wrong\n")
        #expect(try run("kill -9 $$").status == 137)
    }

    /// More than a pipe holds, both ways at the same time.
    @Test func longAnswersAndQuestionsDoNotWaitForEachOther() throws {
        let text = String(repeating: "0123456789abcde\n", count: 40_000)
        let result = try run("cat; echo done >&2", input: text)
        #expect(result.status == 0 && result.output == text && result.errors == "done\n")
        // Nobody reads it.
        #expect(try run("exec 0<&-; exit 0", input: text).status == 0)
    }

    /// Whoever is to end does not wait for a command.
    @Test func nobodyWaitsForWhatIsNotWanted() {
        var asked = 0
        let start = ContinuousClock.now
        let error = #expect(throws: EngineError.self) {
            _ = try EngineProcess.run("/bin/sh", ["-c", "sleep 600"], input: "") {
                asked += 1
                return asked > 2
            }
        }
        #expect(error == EngineError(.unavailable, "/bin/sh: it is not waited for"))
        #expect(ContinuousClock.now - start < .seconds(15))
    }

    /// A wrapper's child has its pipes, and outlives it, unless it is killed too.
    @Test(arguments: ["sleep 600 & wait", "sleep 600 & exit 0", "exec >&- 2>&-; sleep 600"])
    func nothingIsWaitedForLongerThanItMayTake(script: String) throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "engine-process-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let start = ContinuousClock.now
        let error = #expect(throws: EngineError.self) {
            _ = try run("ps -o pgid= $$ >'\(file.path)'; \(script)", patience: .milliseconds(300))
        }
        #expect(error?.code == .unavailable)
        #expect(ContinuousClock.now - start < .seconds(20))
        // All of its group is gone.
        let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        let group = try #require(Int32(text))
        #expect(group != getpgid(0))
        var isThere = true
        while isThere, ContinuousClock.now - start < .seconds(20) { isThere = Self.lives(group) }
        #expect(!isThere)
    }

    /// Whether any process of a group runs; those that nobody has asked about yet do not.
    private static func lives(_ group: Int32) -> Bool {
        guard kill(-group, 0) == 0 else { return false }
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { name in
            guard let text = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let fields = text.split(separator: ")").last?.split(separator: " "), fields.count > 2
            else { return false }
            return fields[0] != "Z" && fields[2] == "\(group)"
        }
    }
}
