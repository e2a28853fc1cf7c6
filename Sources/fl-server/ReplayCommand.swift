import CommandLine
import Platform
import Services

/// `fl-server replay`.
struct ReplayCommand: Command {
    private static let dataFolder = Option<String>(
        "data-folder", "DIR", default: "server-data", "the server's folder; a server may run on it")
    private static let version = Option<Int>(
        "version", "N", default: 0, "the version to compute again; 0: all that there are", constraint: "at least 0",
        valid: { $0 >= 0 })
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "how to print what came of it")

    static let manual = CommandManual(
        name: "replay", summary: "compute model versions again from the log and compare the bytes",
        discussion: """
            Each version is a function of the one before and of what its round's record names: the federation, the \
            configuration, the contributions by their digests. This computes it again from the contributions that the \
            registry keeps (kept-rounds of fl-server says for how many rounds) and compares the bytes.

            Leaves with 65 when a version comes out otherwise, or when a version that was asked for by its number cannot be \
            computed because something is not kept any more.
            """,
        examples: [
            .init("fl-server replay --data-folder run1", "every version whose contributions are kept"),
            .init("fl-server replay --data-folder run1 --version 4 --format json", "one version, for programs"),
        ],
        options: [dataFolder, version, format])

    private struct Report: Encodable {
        var versions: [RoundReplay.Outcome]
        var same: Int
        var different: Int
        var notKept: Int
    }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let replay = try RoundReplay(folder: arguments[Self.dataFolder])
        let one = arguments[Self.version]
        let numbers = one > 0 ? [UInt64(one)] : try replay.versions()
        let outcomes = try numbers.map { number in
            console.progress("version \(number)")
            return try replay.replay(number)
        }
        console.clearProgress()
        let report = Report(
            versions: outcomes, same: outcomes.count { $0.verdict == .same },
            different: outcomes.count { $0.verdict == .different },
            notKept: outcomes.count { $0.verdict == .notKept })
        switch arguments[Self.format] {
        case .json: try console.printJSON(report)
        case .table:
            var table = Table(["version", "round", "bytes", "sha-256", "because"])
            for outcome in outcomes {
                table.add([
                    "\(outcome.version)", outcome.round.map { "\($0)" } ?? "", outcome.verdict.rawValue,
                    String(outcome.digest.prefix(16)), outcome.reason ?? "",
                ])
            }
            console.print(table.text)
        }
        if report.different > 0 {
            throw CommandLineError(.data, "\(report.different) of \(outcomes.count) versions come out otherwise")
        }
        if one > 0, report.notKept > 0 {
            throw CommandLineError(.data, "version \(one) cannot be computed: \(outcomes[0].reason ?? "")")
        }
    }
}
