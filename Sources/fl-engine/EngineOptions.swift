import CommandLine
import Engines
import Platform
import Services

/// The options that say which engine, which nodes and which federation.
enum EngineOptions {
    static let engine = Option<EngineChoice>("engine", "NAME", default: .slurm, "what runs the workers")
    static let nodes = Option<String>.required(
        "nodes", "FILE", "which worker runs on which node, and with what: JSON, see docs/engines.md")
    static let federation = Option<String>(
        "federation", "NAME", default: "faultline",
        "part of the jobs' names: jobs of other names are not looked at", constraint: "1 to 60 letters, digits, . _ -",
        valid: { name in
            (1...60).contains(name.utf8.count)
                && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        })
    static let server = Option<String>(
        "server", "ADDRESS", default: "127.0.0.1:7410", "the server's HTTP endpoint, HOST:PORT or https://HOST:PORT",
        constraint: ServerAccess.constraint, valid: { HTTPPeer($0) != nil })
    static let slurm = Option<EngineSettingsObject>(
        "slurm", "JSON", default: .init(), "how jobs of Slurm are asked for: an object, see docs/engines.md")
    static let kubernetes = Option<EngineSettingsObject>(
        "kubernetes", "JSON", default: .init(), "how pods are asked for: an object, see docs/engines.md")
    static let every = Option<Double>(
        "every", "SECONDS", default: 2, "time between two looks at the engine", constraint: "0.2 to 3600",
        valid: { (0.2...3_600).contains($0) })
    static let settle = Option<Double>(
        "settle", "SECONDS", default: 3, "how long a wish holds before something that runs is ended for it",
        constraint: "0 to 3600", valid: { (0...3_600).contains($0) })
    static let patience = Option<Double>.optional(
        "patience", "SECONDS",
        "how long a job may wait in the engine's queue before its node counts as refused; when not given 30, and 600 for "
            + "Kubernetes, whose nodes may have to fetch the image first",
        constraint: "1 to 86400", valid: { (1...86_400).contains($0) })
    static let refusal = Option<Double>(
        "refusal", "SECONDS", default: 60, "how long placement does without a node that the engine refused",
        constraint: "1 to 86400", valid: { (1...86_400).contains($0) })
    static let enrolWorkers = Option<Bool>.optional(
        "enrol-workers", "",
        "ask the server for a word to enrol with at each start of a job; when not given, unless the server's endpoints are on "
            + "loopback")

    /// All of them, in the order of the help.
    static let all: [any AnyOption] =
        [engine, nodes, federation, server] + ServerAccess.options
        + [ServiceOptions.control, ServiceOptions.bulk, slurm, kubernetes, enrolWorkers, settle, patience, refusal]

    /// The controller of a command line.
    ///
    /// - Parameters:
    ///   - settles: whether wishes have to hold for a while.
    ///   - acts: whether anything may be asked of the engine but what there is.
    ///   - isOver: whether it was told to end.
    static func controller(
        _ arguments: Arguments, settles: Bool, acts: Bool, log: Logger,
        isOver: @escaping @Sendable () -> Bool = { false }
    ) throws -> EngineController {
        var settings = EngineReconciler.Settings()
        settings.settle = settles ? .seconds(arguments[settle]) : .zero
        if !settles { settings.caution = .zero }
        settings.patience = .seconds(
            arguments[optional: patience] ?? (arguments[engine] == .kubernetes ? 600 : 30))
        settings.refusal = .seconds(arguments[refusal])
        let (control, bulk) = (arguments[ServiceOptions.control], arguments[ServiceOptions.bulk])
        try ServiceCheck.endpoints([control, bulk])
        return EngineController(
            server: ServerClient(try ServerAccess.peer(arguments[server], arguments)),
            adapter: try adapter(arguments, acts: acts, isOver), fleet: try fleet(arguments), settings: settings,
            endpoints: (control, bulk),
            enrols: arguments[optional: enrolWorkers] ?? !LoopbackAddress.contains(control), log: log,
            isOver: isOver)
    }

    /// The nodes file.
    static func fleet(_ arguments: Arguments) throws -> EngineFleet {
        let path = arguments[nodes]
        do {
            return try EngineFleet(text: try FileContents.read(path, limit: 16 << 20))
        } catch let error as EngineError {
            throw EngineError(error.code, "\(path): \(error.text)")
        }
    }

    /// Looks whether the files can be read that the engine's settings name.
    static func checkFiles(_ arguments: Arguments) throws {
        if arguments[engine] == .kubernetes {
            try KubernetesSettings(named(arguments[kubernetes], arguments)).checkFiles()
        }
    }

    private static func adapter(
        _ arguments: Arguments, acts: Bool, _ isOver: @escaping @Sendable () -> Bool
    ) throws -> any EngineAdapter {
        switch arguments[engine] {
        case .slurm: try SlurmAdapter(try SlurmSettings(named(arguments[slurm], arguments)), isOver: isOver)
        case .kubernetes:
            KubernetesAdapter(try KubernetesSettings(named(arguments[kubernetes], arguments)), buries: acts)
        }
    }

    /// The settings of an engine, with the federation's name where they do not say one.
    private static func named(_ object: EngineSettingsObject, _ arguments: Arguments) -> JSONValue {
        var fields = object.fields
        if fields["federation"] == nil { fields["federation"] = .string(arguments[federation]) }
        return .object(fields)
    }
}

/// Engines that there are adapters for.
enum EngineChoice: String, ChoiceOptionValue {
    case slurm, kubernetes
}

/// A JSON object, as an option.
struct EngineSettingsObject: OptionValue {
    var fields: [String: JSONValue] = [:]

    static var expectation: String { "a JSON object" }
    static func parse(_ words: [String]) -> EngineSettingsObject? {
        guard let word = words.first, let json = try? DeterministicJSON.decode(JSONValue.self, from: Array(word.utf8))
        else { return nil }
        return parse(json)
    }
    static func parse(_ json: JSONValue) -> EngineSettingsObject? {
        if case .object(let fields) = json { EngineSettingsObject(fields: fields) } else { nil }
    }
    var json: JSONValue { .object(fields) }
}
