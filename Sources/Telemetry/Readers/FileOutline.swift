/// What of a file has to be known before its rows are read after those of another one.
struct FileOutline: Sendable {
    let schema: [String]
    var hasLabels: Bool { labelColumn != nil }
    /// Whether nothing but 1 occurs among its labels, and whether −1 marks anomalies.
    let hasOnlyOnes: Bool
    let hasSignedLabels: Bool
    let labelColumn: String?
    let labelSigns: LabelSigns

    private static let known = FileMemo<FileIdentity, Outlines>(most: 1 << 12)

    init(schema: [String], layout: SourceLayout) {
        self.schema = schema
        labelColumn = layout.labelColumn
        // Beside 0, a 1 is no sign.
        labelSigns = layout.hasOnlyOnes || layout.hasSignedLabels ? layout.labelSigns : LabelSigns()
        hasOnlyOnes = layout.hasOnlyOnes
        hasSignedLabels = layout.hasSignedLabels
    }

    /// The outline of one entity's rows in a file, which is opened where it has not been lately; `nil` where it cannot be
    /// or has no rows of it.
    static func of(_ entity: String, in path: String, options: ReaderOptions) -> FileOutline? {
        guard let identity = FileIdentity(path, options) else { return nil }
        if let outlines = known.value(for: identity) { return outlines.of(entity) }
        guard let opened = try? OpenedFile(path, options: options, firstRow: 0) else { return nil }
        return Outlines(opened).of(entity)
    }

    /// Remembers the outlines of a file that was opened.
    static func keep(_ opened: OpenedFile, _ identity: FileIdentity) {
        known.keep(Outlines(opened), for: identity)
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
}
