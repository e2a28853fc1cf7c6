import Foundation
import Fuzzing
import Testing

/// Inputs that `make fuzz` has found, those that once broke something among them: each decoder comes to an end with each.
@Suite struct FuzzCorpusTests {
    @Test(arguments: FuzzTarget.all.map(\.name)) func everyInputThatWasKeptIsSurvived(_ name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let seeds = try target.seeds()
        let refusal = try target.run(try #require(seeds.first))
        #expect(refusal == nil, "\(name): the decoder takes its own example")
        let file = try #require(Bundle.module.resourceURL?.appending(path: "Corpus/\(name).corpus")).path
        let kept = FileManager.default.fileExists(atPath: file) ? try FuzzCorpus(file: file).inputs : []
        for (index, input) in (seeds.dropFirst() + kept).enumerated() {
            do { try target.run(input) } catch { Issue.record("\(name), input \(index): \(error)") }
        }
    }

    @Test func whatIsKeptBelongsToATarget() throws {
        let names = Set(FuzzTarget.all.map(\.name))
        #expect(names.count == FuzzTarget.all.count)
        let folder = try #require(Bundle.module.resourceURL?.appending(path: "Corpus"))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.count > 20)
        for file in files { #expect(names.contains(String(file.dropLast(".corpus".count))), "\(file)") }
    }
}
