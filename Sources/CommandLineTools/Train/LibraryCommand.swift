import CommandLineSupport
import Fingerprinting
import Foundation
import Storage

/// `fl-train library`: the known faults.
struct LibraryCommand: Command {
    enum Action: String, ChoiceOptionValue {
        case add, list, remove, match
    }

    static let action = Option<Action>.positional("action", "ACTION", "add, list, remove or match")
    static let library = Option<String>(
        "library", "FILE", default: "faults.json", "the file with the known faults; add makes it when it is missing")
    static let name = Option<String>.optional("name", "FAULT", "the fault to add or to remove")
    static let fingerprint = Option<String>.optional(
        "fingerprint", "FILE", "what to add or to match: the output of fl-train explain --format json")
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
            """,
        examples: [
            .init(
                "fl-train explain --model model --data host.csv --at 1507380 --format json > event.json",
                "the fingerprint of an anomaly"),
            .init("fl-train library add --name disk-stall --fingerprint event.json", "confirms what it was"),
            .init("fl-train library match --fingerprint event.json", "names an anomaly"),
        ],
        options: [action, library, name, fingerprint, from, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let path = arguments[Self.library]
        switch arguments[Self.action] {
        case .add: try add(to: path, arguments, console)
        case .remove: try remove(from: path, arguments, console)
        case .list: try list(try Self.read(path), arguments, console)
        case .match: try match(try Self.read(path), arguments, console)
        }
    }

    private func add(to path: String, _ arguments: Arguments, _ console: Console) throws {
        var library = FileManager.default.fileExists(atPath: path) ? try Self.read(path) : FaultLibrary()
        if let other = arguments[optional: Self.from] {
            library.merge(try Self.read(other))
        } else {
            guard let name = arguments[optional: Self.name], !name.isEmpty else {
                throw CommandLineError.usage("library add needs --name FAULT and --fingerprint FILE, or --from FILE")
            }
            library.add(FaultSignature(try fingerprint(arguments)), as: name)
        }
        try write(library, to: path)
        try list(library, arguments, console)
    }

    private func remove(from path: String, _ arguments: Arguments, _ console: Console) throws {
        guard let name = arguments[optional: Self.name] else {
            throw CommandLineError.usage("library remove needs --name FAULT")
        }
        var library = try Self.read(path)
        guard library.remove(name) else {
            throw CommandLineError(
                .data,
                "\(path): no fault named \(name); there are \(library.faults.keys.sorted().joined(separator: ", "))")
        }
        try write(library, to: path)
        try list(library, arguments, console)
    }

    private func list(_ library: FaultLibrary, _ arguments: Arguments, _ console: Console) throws {
        if arguments[Self.format] == .json { return try console.printJSON(library) }
        var table = Table(["fault", "signatures", "strongest metrics"])
        for (name, signatures) in library.faults.sorted(by: { $0.key < $1.key }) {
            var shares: [String: Double] = [:]
            for signature in signatures {
                for (metric, share) in signature.metrics { shares[metric, default: 0] += share.total }
            }
            let strongest = shares.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
            table.add([name, "\(signatures.count)", strongest.prefix(4).map(\.key).joined(separator: ", ")])
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

    private static func read(_ path: String) throws -> FaultLibrary {
        let data = Data(try FileContents.read(path))
        struct Form: Decodable {
            let formatVersion: Int
        }
        let form = try? JSONDecoder().decode(Form.self, from: data)
        if let form, form.formatVersion != FaultLibrary.currentFormat {
            throw CommandLineError(
                .data,
                "\(path): a library of form \(form.formatVersion), this program knows form "
                    + "\(FaultLibrary.currentFormat); confirm its faults again")
        }
        guard let library = try? JSONDecoder().decode(FaultLibrary.self, from: data) else {
            throw CommandLineError(.data, "\(path): no fault library; expected what fl-train library add writes")
        }
        return library
    }

    private func write(_ library: FaultLibrary, to path: String) throws {
        try FileContents.writeAtomically(Array((try Console.json(library, pretty: true) + "\n").utf8), to: path)
    }
}
