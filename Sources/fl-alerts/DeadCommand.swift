import CommandLine
import Platform
import Services

/// `fl-alerts dead`.
struct DeadCommand: Command {
    private static let forwarder = Option<String>.positional(
        "forwarder", "FORWARDER", default: "", "what the peer of this forwarder refused")
    private static let number = Option<[Int]>.optional(
        "number", "NUMBERS", "these dead letters, at most 1000", constraint: "at least 1",
        valid: { (1...1_000).contains($0.count) && $0.allSatisfy { $0 >= 1 } })
    private static let retry = Option<Bool>("retry", default: false, "send them again")
    private static let drop = Option<Bool>("drop", default: false, "forget them")

    static let manual = CommandManual(
        name: "dead", summary: "show what peers of forwarders refused, send it again or drop it",
        discussion: """
            What a peer refuses for good becomes a dead letter; the latest 10,000 of each forwarder are kept. One that is sent \
            again goes when nothing else waits, silenced or not, and behind it what its alarm came to, so that nothing that is \
            over stays open at the peer. What is refused once more stays a dead letter.
            """,
        examples: [
            .init("fl-alerts dead", "what was refused, with numbers"),
            .init("fl-alerts dead --retry --number 3,4", "these two again"),
            .init("fl-alerts dead ves --drop", "none of what ves' peer refused is wanted any more"),
        ],
        options: [forwarder, retry, drop, number] + AlertsCommand.access + [AlertsCommand.format])

    private struct Page: Decodable {
        let letters: [ForwardingReport.DeadLetter]
        let last: Int64
        let more: Bool
    }

    private struct Count: Decodable { let count: Int }

    private static let path = "/v1/dead-letters"

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let (forwarder, numbers) = (arguments[Self.forwarder], arguments[optional: Self.number])
        let hint = "fl-alerts dead shows dead letters with their numbers"
        let operation: String
        switch (arguments[Self.retry], arguments[Self.drop]) {
        case (false, false):
            guard numbers == nil else {
                throw CommandLineError.usage("--number goes with --retry or --drop", hint: hint)
            }
            return try await list(forwarder, client, arguments[AlertsCommand.format], console)
        case (true, false): operation = "retry"
        case (false, true): operation = "drop"
        case (true, true): throw CommandLineError.usage("expected either --retry or --drop", hint: hint)
        }
        guard numbers != nil || !forwarder.isEmpty else {
            throw CommandLineError.usage("expected --number NUMBERS, or a forwarder: all of its", hint: hint)
        }
        var body: [String: JSONValue] = ["operation": .string(operation)]
        if let numbers { body["numbers"] = .array(numbers.map { JSONValue($0) }) }
        if !forwarder.isEmpty { body["forwarder"] = .string(forwarder) }
        let wish = body
        let count = try await BackgroundThread.run {
            try client.read(Count.self, try client.send(wish, to: Self.path), of: Self.path).count
        }
        console.note(operation == "retry" ? "to be sent again: \(count)" : "dropped: \(count)")
    }

    private func list(
        _ forwarder: String, _ client: OperationsClient, _ format: ListFormat, _ console: Console
    ) async throws {
        let letters = try await BackgroundThread.run { try Self.letters(of: forwarder, client) }
        guard format == .table else { return try console.print(letters, as: format) }
        var table = Table(["number", "time", "forwarder", "of", "event", "alarm", "reason", "again"])
        for letter in letters {
            table.add([
                "\(letter.number)", AuditCommand.time(letter.at), letter.forwarder, letter.of,
                "\(letter.sequence)", letter.alarm ?? "", letter.reason, letter.isWanted ? "yes" : "",
            ])
        }
        if table.isEmpty { console.note("no dead letters") } else { console.print(table.text) }
    }

    /// All of them, page by page.
    private static func letters(of forwarder: String, _ client: OperationsClient) throws -> [ForwardingReport
        .DeadLetter]
    {
        let chosen = forwarder.isEmpty ? "" : "&forwarder=" + PercentEncoding.encoded(forwarder)
        var letters: [ForwardingReport.DeadLetter] = []
        var last: Int64 = 0
        while true {
            let page = try client.get(Page.self, "\(path)?since=\(last)&limit=1000\(chosen)")
            letters += page.letters
            guard page.more, page.last > last else { return letters }
            last = page.last
        }
    }
}
