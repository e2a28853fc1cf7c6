import Autoencoders
import Charts
import CommandLine
import Foundation
import Platform
import Services
import Telemetry
import Watching

/// `fl-train states`: which states entities were in, and how they went from one to the other.
struct StatesCommand: Command {
    static let model = Option<String>.optional("model", "DIR", "folder of the model")
    static let data = Option<[String]>.optional("data", "PATH", "files or folders with rows of any number of entities")
    static let server = Option<String>.optional(
        "server", "ADDRESS",
        "the alarms of the server with this HTTP endpoint, HOST:PORT or https://HOST:PORT, instead of a model and data",
        constraint: ServerAccess.constraint, valid: { HTTPPeer($0) != nil })
    static let library = Option<String>.optional(
        "library", "FILE", "known faults that name the states; with --server its own library when not given")
    static let method = Option<String>.optional(
        "method", "NAME", "detection method; the model's own default when not given")
    static let part = Option<PartOption>(
        "part", "PART", default: .test, "which part of a set that is split into parts; others are read whole")
    static let nominal = Option<Int>(
        "nominal", "SAMPLES", default: StateGraph.Options().nominalSamples,
        "samples without an alarm after which an entity counts as nominal again", constraint: "at least 0",
        valid: { $0 >= 0 })
    static let plot = Option<String>.optional("plot", "FILE", "draw the graph as SVG")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the graph")

    static let manual = CommandManual(
        name: "states",
        summary: "say which states entities were in, how long, and how they went from one to the other",
        discussion: """
            Every alarm is an episode. Episodes that look alike (the likeness and the limit by which faults are named) \
            are one state, whichever entity they happened at; S0 is nominal. An alarm that looks like something else later \
            on is two episodes. Printed are the states with their \
            episodes, the time spent in them and the known fault that they are like, and the ways from state to state \
            with how often they were gone and how long it took. An alarm that follows another within --nominal samples \
            is a way from state to state, a later one leads through S0.

            Alarms are found by scoring the data with the model, as a worker does, or come from a server.
            """,
        examples: [
            .init(
                "fl-train states --model model --data metrics/ --library faults.json --plot states.svg",
                "the states of all entities below a folder, named and drawn"),
            .init("fl-train states --server 127.0.0.1:7410", "the states behind all alarms of a federation"),
        ],
        options: [model, data, server] + ServerAccess.options + [library, method, part, nominal, plot, format]
            + DataOptions.reading)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let source = try Self.source(arguments)
        let found = try await BackgroundThread.run {
            switch source {
            case .server(let peer): try Self.ask(peer, arguments)
            case .data(let model, let paths): try Self.score(model, paths, arguments, console)
            }
        }
        var options = StateGraph.Options()
        options.nominalSamples = arguments[Self.nominal]
        let graph = StateGraph(
            found.episodes, observations: found.observations, library: found.library, options: options)
        let report = StateReport(graph: graph, episodes: found.episodes)
        if let plot = arguments[optional: Self.plot] {
            let picture = StateGraphPicture(graph)
            try FileContents.writeAtomically(Array(picture.svg().utf8), to: plot)
        }
        if found.unreadable > 0 { console.note("\(found.unreadable) damaged alarm events are left out") }
        if found.shapeless > 0 {
            console.note("\(Quantity.count(found.shapeless, "alarm")) without a signature left out")
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(report)
        case .table:
            console.print(report.text)
            if let plot = arguments[optional: Self.plot] { console.print("\ngraph in \(plot)") }
        }
    }

    private enum Source: Sendable {
        case server(HTTPPeer)
        case data(String, [String])
    }

    private static func source(_ arguments: Arguments) throws -> Source {
        if let address = arguments[optional: server] {
            guard arguments[optional: model] == nil, arguments[optional: data] == nil else {
                throw CommandLineError.usage("states takes --model and --data, or --server, not both")
            }
            return .server(try ServerAccess.peer(address, arguments))
        }
        guard let model = arguments[optional: model], let data = arguments[optional: data] else {
            throw CommandLineError.usage("states needs --model DIR and --data PATH, or --server HOST:PORT")
        }
        return .data(model, data)
    }

    private struct Found: Sendable {
        var episodes: [Episode] = []
        /// Alarms of which nobody can say what they looked like.
        var shapeless = 0
        /// Events that nobody can read.
        var unreadable = 0
        var observations: [String: StateGraph.Observation] = [:]
        var library = FaultLibrary()

        mutating func add(_ events: [AlarmEvent]) {
            // What is wrong with the watching has no shape.
            let events = events.filter { $0.quality == nil }
            let new = Episode.episodes(of: events)
            episodes += new
            shapeless += Set(events.map(\.id)).subtracting(new.map(\.alarm)).count
        }
    }

    private static func ask(_ peer: HTTPPeer, _ arguments: Arguments) throws -> Found {
        var found = Found()
        var events: [AlarmEvent] = []
        found.unreadable = try AlarmFeed.read(peer) { events += $0 }
        found.add(events)
        found.library = try (arguments[optional: library].map { .file($0) } ?? LibraryPlace.server(peer))
            .read()
        return found
    }

    private static func score(
        _ folder: String, _ paths: [String], _ arguments: Arguments, _ console: Console
    ) throws -> Found {
        var found = Found()
        if let file = arguments[optional: library] { found.library = try LibraryPlace.file(file).read() }
        let model = try MonitoringModel(path: folder)
        let reader = DataOptions.readerOptions(arguments, over: model.reader)
        let sources = try MetricSources.discover(paths, part: arguments[part], options: reader)
        let backend = try AcceleratorCatalog.backend(named: "auto", onFailure: { console.note($0) })
        let engines = ModelEngines(model.bundle, backend: backend)
        let method = arguments[optional: method] ?? model.defaultMethod
        _ = try model.detectors(of: method)
        var watched = WatchedSources()
        for (index, source) in sources.enumerated() {
            let opened = try watched.open(source) {
                try EntityStream(
                    source: source, options: reader, model: model, method: method, worker: "fl-train", version: 0,
                    quietSamples: AlarmLifecycle.defaultQuietSamples, reconstructs: false, engines: engines)
            }
            guard var stream = opened else { continue }
            var events: [AlarmEvent] = []
            while !stream.hasEnded {
                events += try stream.advance(rows: 512)
                console.progress(
                    "scoring \(source.key) (\(index + 1) of \(sources.count)): \(stream.scoredRows) rows")
            }
            found.add(events)
            if let times = stream.times {
                let known = found.observations[source.key]
                found.observations[source.key] = .init(
                    startTime: min(times.lowerBound, known?.startTime ?? times.lowerBound),
                    endTime: max(times.upperBound, known?.endTime ?? times.upperBound))
            }
        }
        console.clearProgress()
        try watched.finish(console)
        return found
    }
}
