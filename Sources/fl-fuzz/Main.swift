import CFuzzer
import Foundation
import Fuzzing
import Platform

/// `fl-fuzz`: looks for inputs that decoders do not survive. Built and driven by `scripts/fuzz` (`make fuzz`).
///
/// With `FUZZ_TARGET` in its environment it is libFuzzer for that target, and its words are libFuzzer's. Otherwise:
/// `list`; `seeds TARGET FOLDER`, which writes inputs that are taken; `replay TARGET FILE…`; `pack FOLDER FILE` and
/// `unpack FILE FOLDER`, for the inputs that are kept.
@main enum Main {
    static func main() throws {
        if let name = ProcessInfo.processInfo.environment["FUZZ_TARGET"] { fuzz(try target(name)) }
        let words = Array(CommandLine.arguments.dropFirst())
        switch (words.first, words.count) {
        case ("list", 1): for target in FuzzTarget.all { print(target.name, target.longest) }
        case ("seeds", 3):
            for (index, seed) in try target(words[1]).seeds().enumerated() {
                try FileContents.writeAtomically(seed, to: "\(words[2])/seed-\(index)")
            }
        case ("replay", 3...):
            let target = try target(words[1])
            for path in words[2...] {
                let start = ContinuousClock.now
                let refusal = try target.run(FileContents.read(path))
                print("\(path): \(refusal.map { "refused (\($0))" } ?? "taken"), \(ContinuousClock.now - start)")
            }
        case ("pack", 3): try FuzzCorpus(folder: words[1]).write(to: words[2])
        case ("unpack", 3): try FuzzCorpus(file: words[1]).unpack(to: words[2])
        default:
            FileHandle.standardError.write(
                Data(
                    "fl-fuzz list | seeds TARGET FOLDER | replay TARGET FILE… | pack FOLDER FILE | unpack FILE FOLDER\n"
                        .utf8))
            exit(64)
        }
    }

    private static func target(_ name: String) throws -> FuzzTarget {
        guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
            FileHandle.standardError.write(Data("fl-fuzz: no target '\(name)'; 'fl-fuzz list' names them\n".utf8))
            exit(64)
        }
        return target
    }

    nonisolated(unsafe) private static var chosen: FuzzTarget?

    private static func fuzz(_ target: FuzzTarget) -> Never {
        unsafe chosen = target
        var count = CommandLine.argc
        var words = unsafe Optional(CommandLine.unsafeArgv)
        exit(
            unsafe LLVMFuzzerRunDriver(&count, &words) { data, size in
                let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
                do {
                    try unsafe Main.chosen?.run(input)
                    return 0
                } catch {
                    // Wanted: only a crash is a finding to libFuzzer, which keeps the input then. Nothing else links this.
                    fatalError("\(error)")
                }
            })
    }
}
