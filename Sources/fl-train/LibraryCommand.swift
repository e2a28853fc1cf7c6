import CommandLine
import Foundation
import Platform
import Services
import Watching

/// `fl-train library`: the known faults.
struct LibraryCommand: Command {
    enum Action: String, ChoiceOptionValue {
        case add, list, remove, match
    }

    static let action = Option<Action>.positional("action", "ACTION", "add, list, remove or match")
    static let library = Option<String>(
        "library", "FILE", default: "faults.json", "the file with the known faults; add makes it when it is missing")
    static let server = Option<String>.optional(
        "server", "ADDRESS",
        "the library of the server with this HTTP endpoint, HOST:PORT or https://HOST:PORT, instead of a file",
        constraint: ServerAccess.constraint, valid: { HTTPPeer($0) != nil })
    static let name = Option<String>.optional("name", "FAULT", "the fault to add or to remove")
    static let fingerprint = Option<String>.optional(
        "fingerprint", "FILE", "what to add or to match: the output of fl-train explain --format json")
    static let alarm = Option<String>.optional(
        "alarm", "ALARM", "with --server, what to add: an alarm's number in fl-alerts, or its id (site/entity@onset)")
    static let from = Option<String>.optional("from", "FILE", "add every fault of another library instead")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the result")

    static let manual = CommandManual(
        name: "library",
        summary: "keep known faults, and name an anomaly after the nearest one",
        discussion: """
            add confirms that a fingerprint is a fault of this name, or takes in another site's library; list shows \
            what is known; remove forgets a fault; match says which known fault a fingerprint is most like, with a \
            confidence, or that it is unknown. A library holds shares of metrics and groups and the shape over time, \
            never samples, so that sites may exchange it.

            With --server the library is the one that names the alarms of all sites, and an alarm can be confirmed by \
            its number. Changes need a token, which is found by itself where the server is the same user's on this machine.
            """,
        examples: [
            .init(
                "fl-train explain --model model --data host.csv --at 1507380 --format json > event.json",
                "the fingerprint of an anomaly"),
            .init("fl-train library add --name disk-stall --fingerprint event.json", "confirms what it was"),
            .init("fl-train library match --fingerprint event.json", "names an anomaly"),
            .init(
                "fl-train library add --server 127.0.0.1:7410 --name disk-stall --alarm 17",
                "confirms what alarm event 17 was: alarms like it have that name at every site"),
        ],
        options: [action, library, server] + ServerAccess.options + [name, fingerprint, alarm, from, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let library = try LibraryPlace(arguments)
        try await BackgroundThread.run {
            switch arguments[Self.action] {
            case .add: try add(to: library, arguments, console)
            case .remove: try remove(from: library, arguments, console)
            case .list: try list(try library.read(), arguments, console)
            case .match: try match(try library.read(), arguments, console)
            }
        }
    }

    private func add(to place: LibraryPlace, _ arguments: Arguments, _ console: Console) throws {
        if let other = arguments[optional: Self.from] {
            try place.merge(try LibraryPlace.file(other).read())
        } else if let alarm = arguments[optional: Self.alarm] {
            guard let name = arguments[optional: Self.name], !name.isEmpty else {
                throw CommandLineError.usage("library add --alarm needs --name FAULT")
            }
            try place.confirm(alarm: alarm, as: name)
        } else {
            guard let name = arguments[optional: Self.name], !name.isEmpty else {
                throw CommandLineError.usage("library add needs --name FAULT and --fingerprint FILE, or --from FILE")
            }
            let seen = try fingerprint(arguments)
            var library = FaultLibrary()
            library.add(FaultSignature(seen), as: name, origin: "\(seen.entity)@\(seen.startIndex)")
            try place.merge(library)
        }
        try list(try place.read(), arguments, console)
    }

    private func remove(from place: LibraryPlace, _ arguments: Arguments, _ console: Console) throws {
        guard let name = arguments[optional: Self.name] else {
            throw CommandLineError.usage("library remove needs --name FAULT")
        }
        try place.remove(name)
        try list(try place.read(), arguments, console)
    }

    private func list(_ library: FaultLibrary, _ arguments: Arguments, _ console: Console) throws {
        if arguments[Self.format] == .json { return try console.printJSON(library) }
        var table = Table(["fault", "signatures", "strongest metrics"])
        for (name, signatures) in library.faults.sorted(by: { $0.key < $1.key }) {
            table.add([
                name, "\(signatures.count)", library.strongestMetrics(of: name).prefix(4).joined(separator: ", "),
            ])
        }
        console.print(table.isEmpty ? "no known fault" : table.text)
    }

    private func match(_ library: FaultLibrary, _ arguments: Arguments, _ console: Console) throws {
        let match = library.match(FaultSignature(try fingerprint(arguments)))
        if arguments[Self.format] == .json { return try console.printJSON(match) }
        if let fault = match.fault {
            console.print("\(fault), confidence \(Quantity.fixed(match.confidence, 2))")
        } else {
            console.print("unknown")
        }
        var table = Table(["known fault", "likeness"])
        for candidate in match.candidates.prefix(5) {
            table.add([candidate.fault, Quantity.fixed(candidate.similarity, 2)])
        }
        if !table.isEmpty { console.print("\n" + table.text) }
    }

    private func fingerprint(_ arguments: Arguments) throws -> Fingerprint {
        guard let path = arguments[optional: Self.fingerprint] else {
            throw CommandLineError.usage("library \(arguments[Self.action].rawValue) needs --fingerprint FILE")
        }
        struct Explanation: Decodable {
            let fingerprint: Fingerprint
        }
        let data = Data(try FileContents.read(path))
        // As explain prints it, or the fingerprint alone.
        if let explanation = try? JSONDecoder().decode(Explanation.self, from: data) { return explanation.fingerprint }
        do {
            return try JSONDecoder().decode(Fingerprint.self, from: data)
        } catch {
            throw CommandLineError(
                .data, "\(path): no fingerprint; expected the output of fl-train explain --format json")
        }
    }
}
