import Synchronization

/// What of a file has to be known before its rows are read after those of another one.
struct FileOutline: Sendable {
    let schema: [String]
    let hasLabels: Bool
    /// Whether nothing but 1 occurs among its labels, and whether −1 marks anomalies.
    let hasOnlyOnes: Bool
    let hasSignedLabels: Bool

    init(schema: [String], layout: SourceLayout) {
        self.schema = schema
        hasLabels = layout.labelColumn != nil
        hasOnlyOnes = layout.hasOnlyOnes
        hasSignedLabels = layout.hasSignedLabels
    }

    /// The outline of one entity's rows in a file, which is opened where it has not been lately; `nil` where it cannot be
    /// or has no rows of it.
    static func of(_ entity: String, in path: String, options: ReaderOptions) -> FileOutline? {
        guard let identity = AssemblyCache.Identity(path, options) else { return nil }
        if let known = Known.shared.outlines(identity) { return known.of(entity) }
        guard let opened = try? OpenedFile(path, options: options, firstRow: 0) else { return nil }
        return Outlines(opened).of(entity)
    }

    /// Remembers the outlines of a file that was opened.
    static func keep(_ opened: OpenedFile, _ identity: AssemblyCache.Identity) {
        Known.shared.keep(Outlines(opened), identity)
    }

    /// Those of all entities of a file, or of the only one, whatever it is called.
    private struct Outlines: Sendable {
        private var only: FileOutline?
        private var named: [String: FileOutline] = [:]

        init(_ opened: OpenedFile) {
            switch opened {
            case .streaming(let reader): only = FileOutline(schema: reader.schema, layout: reader.layout)
            case .assembled(let table):
                for (entity, name) in zip(table.entities, table.names) {
                    let outline = FileOutline(schema: entity.schema, layout: table.layout)
                    named[name] = outline
                    if named[entity.name] == nil { named[entity.name] = outline }
                }
                if table.entities.count == 1 { only = table.names.first.flatMap { named[$0] } }
            }
        }

        func of(_ entity: String) -> FileOutline? { only ?? named[entity] }
    }

    private final class Known: Sendable {
        static let shared = Known()
        private static let most = 1 << 12
        private let all = Mutex<[AssemblyCache.Identity: Outlines]>([:])

        func outlines(_ identity: AssemblyCache.Identity) -> Outlines? { all.withLock { $0[identity] } }

        func keep(_ outlines: Outlines, _ identity: AssemblyCache.Identity) {
            all.withLock {
                if $0.count >= Self.most { $0.removeAll() }
                $0[identity] = outlines
            }
        }
    }
}
