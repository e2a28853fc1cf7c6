import Autoencoders
import Federation
import Foundation
import Platform
import Synchronization
import Telemetry
import Watching

/// `/v1/score`: rows in; scores, alarms and fingerprints by the current version out.
///
/// A server has no samples, and so no thresholds: these are fitted to the first rows that come along.
struct ScoringAPI: Sendable {
    /// Its only path.
    static let path = "/v1/score"
    /// Rows of a request.
    static let mostRows = 20_000
    /// Bytes of a request's body.
    static let longestBody = 4 << 20
    /// Such bodies at a time.
    private static let bodiesAtOnce = 4
    /// Seconds for a request; less than the time after which a connection without an answer is ended.
    private static let mostSeconds = 50

    static let learn = NumberParameter(
        "learn", 0...Int64(mostRows - 1), default: 0,
        "Rows at the beginning in which nothing is wrong: thresholds are fitted to them. 0: the first half.")
    static let method = WordParameter(
        name: "method", words: DetectorTraining.standardMethods.map(\.name), text: "The detection method.")
    static let entity = TextParameter(
        name: "entity", length: 3...511, pattern: "^[^/]+/.+$",
        text: "site/entity that the rows are of; request/rows when not given.")
    static let type = TextParameter(
        name: "type", length: 1...200,
        text: "The entity's type: which models are for it. By the entity's name, or the only one, when not given.")
    static let parameters = [entity.parameter, type.parameter, learn.parameter, method.parameter]

    private let folder: String
    private let board: ServerBoard
    private let library: FaultLibraryStore
    private let workbench: Workbench
    private let tool: String
    private let authority: HTTPAuthority
    private let loaded = Loaded()

    /// - Parameters:
    ///   - folder: the server's.
    ///   - library: names what looks like a known fault.
    ///   - tool: program and version, for the record in models.
    init(
        folder: String, board: ServerBoard, library: FaultLibraryStore, workbench: Workbench, tool: String,
        authority: HTTPAuthority
    ) {
        self.folder = folder
        self.board = board
        self.library = library
        self.workbench = workbench
        self.tool = tool
        self.authority = authority
    }

    /// Whether a path is this one.
    static func serves(_ path: String) -> Bool { path == Self.path }

    /// Bodies that are larger than those of other paths; nobody sends one without being allowed to.
    var largeBodies: HTTPServer.LargeBodies {
        HTTPServer.LargeBodies(path: Self.path, longest: Self.longestBody, atOnce: Self.bodiesAtOnce) {
            [authority] in authority.refusal(of: $0, needing: .operate)
        }
    }

    /// Answers a request.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        guard request.method == .post else { throw Problem(405, "POST rows here") }
        if let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        let form = try RowsForm(request.header("Content-Type"))
        var wish = ScoringWork.Wish()
        wish.learn = Int(try request.value(Self.learn))
        wish.method = try request.value(Self.method) ?? DetectionMethod.shipped.name
        wish.type = try request.value(Self.type)
        if let key = try request.value(Self.entity) {
            let parts = key.split(separator: "/", maxSplits: 1)
            guard parts.count == 2, NameRule.flaw(in: key, limit: NameRule.longestEntity) == nil else {
                throw Problem(400, "entity: found '\(HTTPResponse.printable(key))', expected SITE/ENTITY")
            }
            (wish.site, wish.entity, wish.isNamed) = (String(parts[0]), String(parts[1]), true)
        }
        let number = board.current.version
        guard number > 0 else { throw Problem(409, "there is no version yet: learning has not come that far") }
        let (asked, body, matcher) = (wish, request.body, library.current.matcher)
        let (file, federation) = (folder + "/scoring" + form.suffix, board.current.federation)
        let (registry, loaded, tool) = (folder + "/registry.db", loaded, tool)
        let scores = try workbench.run(upTo: Self.mostSeconds) { isCancelled in
            let model = try loaded.version(number, registry: registry, tool: tool)
            let frame = try form.frame(of: body, in: file, most: Self.mostRows)
            let work = ScoringWork(model: model, matcher: matcher, isCancelled: isCancelled)
            return try work.scores(of: frame, asked, federation: federation)
        }
        return try .encoding(scores)
    }

    /// The version that was asked for last, decoded.
    private final class Loaded: Sendable {
        private let kept = Mutex<ScoringWork.Model?>(nil)

        func version(_ number: UInt64, registry: String, tool: String) throws -> ScoringWork.Model {
            if let model = kept.withLock({ $0 }), model.version == number { return model }
            guard let version = try VersionRegistry(reading: registry).version(Int64(clamping: number)) else {
                throw Problem(409, "version \(number) is not kept (any more)")
            }
            let model = try FederatedModel(decoding: version.bytes)
            let context = try FederationContext(of: model)
            let made = ScoringWork.Model(
                version: number, context: context, bundle: try context.bundle(of: model, tool: tool))
            kept.withLock { $0 = made }
            return made
        }
    }
}

/// In which form rows come.
enum RowsForm: String, Sendable {
    case table = "text/csv"
    case lines = "application/x-ndjson"
    case list = "application/json"

    /// The form of a media type.
    ///
    /// - Throws: ``Problem`` (415).
    init(_ type: String?) throws(Problem) {
        let name = (type ?? "").prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces)
        guard let form = RowsForm(rawValue: name) else {
            throw Problem(
                415,
                "Content-Type: found '\(HTTPResponse.printable(name))', expected text/csv, application/json "
                    + "or application/x-ndjson")
        }
        self = form
    }

    /// What a file of this form is called at its end.
    var suffix: String { self == .table ? ".csv" : ".jsonl" }

    /// The rows of a body, as the readers of files find them.
    ///
    /// - Parameters:
    ///   - file: where they lie while they are read.
    ///   - most: rows.
    /// - Throws: ``Problem``.
    func frame(of body: [UInt8], in file: String, most: Int) throws -> MetricFrame {
        var bytes = body
        if self == .list {
            guard let rows = try? JSONDecoder().decode([[String: JSONValue]].self, from: Data(body)) else {
                throw Problem(400, "body: expected a JSON array of objects, one a row")
            }
            bytes = Array(rows.map { JSONValue.object($0).description }.joined(separator: "\n").utf8)
        }
        guard !bytes.isEmpty else { throw Problem(400, "body: found nothing, expected rows") }
        defer { unsafe unlink(file) }
        try FileContents.writeAtomically(bytes, to: file)
        do {
            let sources = try DataCatalog.search([file]).sources
            guard sources.count == 1 else {
                throw Problem(400, "body: found rows of \(sources.count) entities, expected those of one")
            }
            var reader = try sources[0].makeReader()
            var times: [Double] = []
            var values: [Double] = []
            while let frame = try reader.nextChunk(maximumRows: 4_096) {
                times += frame.times
                values += frame.values
                guard times.count <= most else { throw Problem(413, "body: more than \(most) rows") }
            }
            return MetricFrame(schema: reader.schema, firstRow: 0, times: times, values: values)
        } catch let error as TelemetryError {
            throw Problem(400, error.description.replacing(file, with: "body"))
        }
    }
}
