import Federation
import Foundation
import Platform
import Synchronization

/// `/v1/versions`: the model versions that are kept, each as the folder that other tools read, and taking one again.
struct ModelsAPI: Sendable {
    /// The path of the list; versions are below it.
    static let path = "/v1/versions"
    static let limit = NumberParameter("limit", 1...1_000, default: 100, "Versions on a page.")
    static let before = NumberParameter(
        "before", 1...NumberParameter.most, default: NumberParameter.most, "A version's number: those before it.")
    private static let model = "/model"
    private static let restore = "/restore"
    /// Seconds for which a restoration is waited for: a disk may be slow.
    private static let patience = 45

    private let folder: String
    private let board: ServerBoard
    private let tool: String
    private let downloads = Downloads()
    private let authority: HTTPAuthority
    private let orders: ServerOrders

    /// - Parameters:
    ///   - folder: the server's.
    ///   - tool: program and version, for the record in models.
    ///   - authority: who may restore.
    ///   - orders: takes what is to be restored.
    init(folder: String, board: ServerBoard, tool: String, authority: HTTPAuthority, orders: ServerOrders) {
        self.authority = authority
        self.orders = orders
        self.folder = folder
        self.board = board
        self.tool = tool
    }

    /// Whether a path is below `/v1/versions`.
    static func serves(_ path: String) -> Bool { path == Self.path || path.hasPrefix(Self.path + "/") }

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        let name = request.path.dropFirst(Self.path.count + 1)
        let restores = name.hasSuffix(Self.restore)
        guard request.method == (restores ? .post : .get) else {
            throw Problem(405, "GET versions here; POST \(Self.path)/N\(Self.restore) takes one again")
        }
        guard request.path != Self.path else { return try list(request) }
        let asksForModel = name.hasSuffix(Self.model)
        let word = String(
            restores ? name.dropLast(Self.restore.count) : asksForModel ? name.dropLast(Self.model.count) : name)
        if restores, let refusal = authority.refusal(of: request, needing: .admin) { return refusal }
        guard let number = Int64(word), number > 0 else {
            throw Problem(404, "no version \(HTTPResponse.printable(word)) here; they have numbers")
        }
        if restores { return try restore(number, request) }
        return asksForModel ? try archive(number, request) : try .encoding(version(number))
    }

    private func list(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = Int(try request.value(Self.limit))
        let before = try request.value(Self.before)
        let kept = try VersionRegistry(reading: folder + "/registry.db").kept(before: before, limit: limit + 1)
        let state = board.current
        return try .encoding(
            VersionEntry.Page(
                federation: state.federation, current: state.version,
                versions: kept.prefix(limit).map(VersionEntry.init),
                more: kept.count > limit))
    }

    private func version(_ number: Int64) throws -> VersionEntry {
        let registry = try VersionRegistry(reading: folder + "/registry.db")
        let next = number < .max ? number + 1 : number
        guard let kept = try registry.kept(before: next, limit: 1).first, kept.number == number else {
            throw Self.missing(number)
        }
        return VersionEntry(kept)
    }

    private static func missing(_ number: Int64) -> Problem {
        Problem(404, "no version \(number) here (any more); \(path) lists those there are")
    }

    // MARK: Restoring

    private struct Restored: Encodable {
        let version: UInt64
        let restores: Int64
    }

    /// Answers when it is durable.
    private func restore(_ number: Int64, _ request: HTTPRequest) throws -> HTTPResponse {
        guard let stored = try VersionRegistry(reading: folder + "/registry.db").version(number) else {
            throw Self.missing(number)
        }
        let wanted = Restoration(
            id: 0, version: UInt64(clamping: number), model: try FederatedModel(decoding: stored.bytes),
            bytes: stored.bytes, digest: stored.digest, by: authority.actor(of: request))
        switch orders.restore(wanted, upTo: Self.patience) {
        case nil:
            throw Problem(
                503,
                "version \(number) is not restored after \(Self.patience) s, and may still be: \(Self.path) shows it")
        case .refused(let reason)?: throw Problem(409, reason)
        case .failed(let reason)?: throw Problem(507, HTTPResponse.printable(reason))
        case .restored(let version)?:
            // Whoever was told so and looks right away sees it.
            board.update { $0.version = max($0.version, version) }
            authority.audit(request, "version \(number) restored as version \(version)")
            return try .encoding(Restored(version: version, restores: number))
        }
    }

    // MARK: Downloads

    /// How many models are held for those who fetch them: each takes the memory that its files take.
    private final class Downloads: Sendable {
        static let most = 2
        let count = Atomic<Int>(0)
    }

    /// A place among the downloads, given back when nobody holds it.
    private final class Place: Sendable {
        private let downloads: Downloads

        /// The place is counted already.
        init(_ downloads: Downloads) { self.downloads = downloads }

        deinit { downloads.count.subtract(1, ordering: .relaxed) }
    }

    private func archive(_ number: Int64, _ request: HTTPRequest) throws -> HTTPResponse {
        // Whoever has the files already takes none of the places.
        let tag = EntityTag(following: ["\(number)", try version(number).digest, tool])
        if tag.isKnown(to: request) { return tag.unchanged }
        let isFree = downloads.count.add(1, ordering: .relaxed).newValue <= Downloads.most
        let place = Place(downloads)
        guard isFree else {
            throw Problem(503, "\(Downloads.most) models are being fetched, as many as may be at a time")
        }
        guard let version = try VersionRegistry(reading: folder + "/registry.db").version(number) else {
            throw Self.missing(number)
        }
        let model = try FederatedModel(decoding: version.bytes)
        let files = try FederationContext(of: model).bundle(of: model, tool: tool).files()
        let archive = TapeArchive(files, folder: "faultline-model-\(number)")
        return .stream(type: "application/x-tar", isEndless: false) {
            defer { withExtendedLifetime(place) {} }
            return archive.next()
        }
        .adding("ETag", tag.text)
    }
}
