import Autoencoders
import CommandLine
import Laboratory
import Platform
import Services
import Telemetry
import Watching

/// `fl-train incidents`: what went wrong in a system of many entities, and where each incident began.
struct IncidentsCommand: Command {
    static let model = Option<String>.required("model", "DIR", "folder of the model")
    static let data = Option<[String]>.required("data", "PATH", "files or folders with rows of the entities")
    static let dependencies = Option<String>.optional(
        "dependencies", "FILE",
        "who depends on whom: CSV with the columns Source, Target and Weight; what was learned in training when not "
            + "given")
    static let part = Option<PartOption>(
        "part", "PART", default: .test, "which part of a set that is split into parts; others are read whole")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the incidents")

    static let manual = CommandManual(
        name: "incidents",
        summary: "say what went wrong in a system of many entities, and where each incident began",
        discussion: """
            What begins within a few samples at entities that have to do with each other is one incident. Its entities \
            are ranked by how likely each is where it began: by what deviates by itself and first, not by what deviates \
            most. A slow answer is explained by those that were asked, load that stays away by those that no longer ask; \
            an entity that shows nothing itself is a suspect when it is its callers that wait.

            Names in --dependencies are those of entities or of their workloads: 'cart' stands for the pod \
            'cart-579f59597d-wc2lz'. Targets that show no metrics are hosts. A pod that has replaced another one is \
            compared with what its workload did in training.
            """,
        examples: [
            .init("fl-train incidents --model model --data day2/", "all incidents of a day, with suspects"),
            .init(
                "fl-train incidents --model model --data day2/ --dependencies dependency.csv --format json",
                "the same with known dependencies, for a program"),
        ],
        options: [model, data, dependencies, part, format] + DataOptions.reading)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let folder = arguments[Self.model]
        let model = try MonitoringModel(path: folder)
        guard let known = model.incidents else {
            throw CommandLineError(
                .data, "\(folder): the model knows nothing of incidents; train it again with this version")
        }
        let dependencies =
            try arguments[optional: Self.dependencies].map { try DependencyGraph(contentsOf: $0) } ?? known.dependencies
        let reader = DataOptions.readerOptions(arguments, over: model.reader)
        let sources = try MetricSources.discover(arguments[Self.data], part: arguments[Self.part], options: reader)
        let report = try await BackgroundThread.run { () throws -> IncidentList in
            let lexicon = MetricLexicon.builtIn
            var search = IncidentSearch()
            for (index, source) in sources.enumerated() {
                console.progress("reading \(source.key) (\(index + 1) of \(sources.count))")
                let found = try known.reports(
                    of: source, pipeline: try model.bundle.pipeline(), reader: reader, lexicon: lexicon)
                guard let found else {
                    console.note("\(source.key): the model knows neither it nor its type; left out")
                    continue
                }
                search.add(site: source.site, entity: source.entity, reports: found)
            }
            console.clearProgress()
            return IncidentList(search.incidents(dependencies: dependencies))
        }
        switch arguments[Self.format] {
        case .json: try console.printJSON(report)
        case .table: console.print(report.text)
        }
    }
}

/// What `fl-train incidents` prints.
struct IncidentList: Encodable {
    /// One incident.
    struct Entry: Encodable {
        struct Entity: Encodable {
            let site: String
            let entity: String
            let score: Double
            let metrics: [String]
        }
        let id: String
        let start: Double
        let end: Double
        let entities: [Entity]
    }

    let incidents: [Entry]

    /// Entities listed with an incident.
    private static let mostEntities = 20

    init(_ found: [(incident: Incident, suspects: [CulpritRanking.Suspect])]) {
        incidents = found.map { incident, suspects in
            Entry(
                id: incident.id, start: incident.start, end: incident.end,
                entities: suspects.prefix(Self.mostEntities).map {
                    .init(site: $0.site, entity: $0.entity, score: $0.score, metrics: $0.metrics)
                })
        }
    }

    /// The table.
    var text: String {
        guard !incidents.isEmpty else { return "no incident" }
        var table = Table(["start", "lasts", "suspect", "share", "metrics", "then"])
        for incident in incidents {
            let first = incident.entities.first
            table.add([
                Quantity.number(incident.start, digits: 13), Quantity.seconds(incident.end - incident.start),
                first.map { "\($0.site)/\($0.entity)" } ?? "-",
                first.map { "\(Quantity.fixed(100 * $0.score, 0)) %" } ?? "-",
                first?.metrics.prefix(3).joined(separator: ", ") ?? "-",
                incident.entities.dropFirst().prefix(2).map(\.entity).joined(separator: ", "),
            ])
        }
        return table.text
    }
}
