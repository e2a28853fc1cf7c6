import Foundation
import TestSupport
import Testing

/// `fl-train library` as a user runs it.
@Suite struct LibraryCommandTests {
    /// A fingerprint as `fl-train explain --format json` prints it.
    private func explanation(_ metric: String, _ group: String, side: Int) -> String {
        let shape =
            #"{"onsetIndex": 5, "onsetTime": 300, "peakIndex": 9, "peakTime": 540, "durationSeconds": 600}"#
        return """
            {"alarm": true, "fingerprint": {"entity": "s/e", "startIndex": 5, "endIndex": 15, "startTime": 300,
             "endTime": 840, "peakScore": 2, "firstGroup": "\(group)",
             "parts": [{"metric": "\(metric)", "group": "\(group)", "share": 0.95, "side": \(side),
               "balance": \(side), "deviation": 9, "shape": \(shape)}],
             "aspects": {"level": 0.7, "change": 0.3}, "rhythm": {"duty": 0.8, "centre": 0.5, "restlessness": 0.1},
             "groups": [{"group": "\(group)", "layer": "physical", "share": 1, "shape": \(shape)}],
             "causes": [{"metric": "\(metric)", "group": "\(group)", "score": 1}]}}
            """
    }

    @Test func addListMatchRemove() throws {
        let folder = try TemporaryFolder()
        func run(_ words: String...) throws -> ToolProcess.Result {
            try ToolProcess.run("fl-train", ["library"] + words, in: folder.url)
        }
        func write(_ name: String, _ text: String) throws {
            try text.write(toFile: folder.path(name), atomically: true, encoding: .utf8)
        }
        try write("cpu.json", explanation("cpu_0", "physical.cpu", side: 1))
        try write("disk.json", explanation("io_time", "physical.storage", side: 1))
        try write("dead.json", explanation("cpu_0", "physical.cpu", side: -1))

        #expect(try run("list").status == 66)
        #expect(try run("add", "--name", "cpu-saturation", "--fingerprint", "cpu.json").status == 0)
        let added = try run("add", "--name", "disk-stall", "--fingerprint", "disk.json", "--library", "other.json")
        #expect(added.status == 0 && added.output.contains("io_time"))
        let merged = try run("add", "--from", "other.json")
        #expect(merged.output.contains("cpu-saturation") && merged.output.contains("disk-stall"))

        #expect(try run("match", "--fingerprint", "disk.json").output.hasPrefix("disk-stall, confidence"))
        let unknown = try run("match", "--fingerprint", "dead.json", "--format", "json")
        #expect(unknown.status == 0 && !unknown.output.contains("\"fault\" : \"x\""))
        #expect(try run("match", "--fingerprint", "dead.json").output.hasPrefix("unknown"))

        // What an older version wrote is told from what nobody wrote.
        try write("old.json", #"{"formatVersion": 1, "faults": {}}"#)
        let old = try run("list", "--library", "old.json")
        #expect(old.status == 65 && old.errors.contains("form 1"), "\(old.errors)")

        #expect(try run("remove", "--name", "disk-stall").status == 0)
        #expect(try run("match", "--fingerprint", "disk.json").output.hasPrefix("unknown"))
        #expect(try run("list").output.contains("cpu-saturation"))
    }

    @Test func mistakesGetOneLineAndAStatus() throws {
        let folder = try TemporaryFolder()
        try "{}".write(toFile: folder.path("empty.json"), atomically: true, encoding: .utf8)
        for (words, status, part) in [
            (["forget"], Int32(64), "forget"), (["add", "--name", "x"], 64, "--fingerprint"),
            (["add", "--fingerprint", "empty.json"], 64, "--name"),
            (["add", "--name", "x", "--fingerprint", "empty.json"], 65, "no fingerprint"),
            (["list", "--library", "empty.json"], 65, "no fault library"),
            (["match", "--library", "none.json", "--fingerprint", "empty.json"], 66, "none.json"),
        ] {
            let result = try ToolProcess.run("fl-train", ["library"] + words, in: folder.url)
            #expect(result.status == status, "\(words): \(result.errors)")
            #expect(result.errors.contains(part) && result.errorLines.count <= 2, "\(words): \(result.errors)")
        }
    }
}
