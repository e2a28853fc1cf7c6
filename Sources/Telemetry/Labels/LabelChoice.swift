/// Which column of a table marks rows as anomalous, and which others tell the same; none of them is a metric.
struct LabelChoice {
    private(set) var index: Int?
    private(set) var column = LabelColumn()
    /// Columns beside the label that would tell a detector what it has to find.
    private(set) var others: [Int] = []
    /// Those of them that mark other rows than the label does, and those that nothing but their values shows.
    private(set) var differing: Set<Int> = []
    private(set) var mirroring: Set<Int> = []
    /// Where there is no label of the whole row, but each metric has one of its own: those beside the first. A row is anomalous
    /// where any of them says so.
    private(set) var joined: [Int] = []

    /// - Parameters:
    ///   - given: the column that somebody named.
    ///   - cells: those of a column in the first rows; asked for those whose names speak of labels.
    ///   - whole: all cells of some columns, by their places; asked where the first rows leave it open.
    ///   - candidates: columns without a telling name that may go with the label at this place, by their first rows.
    ///   - compared: how columns go with the label over all rows; without, only names tell.
    init(
        _ names: [String], given: Int? = nil, cells: (Int) -> LabelCells,
        whole: ([Int]) throws -> [Int: LabelCells],
        candidates: (Int, LabelColumn) -> [Int] = { _, _ in [] },
        compared: (LabelComparison) throws -> LabelComparison = { $0 }
    ) rethrows {
        var known: [Int: (name: LabelName?, cells: LabelCells)] = [:]
        for (index, text) in names.enumerated() {
            let name = LabelName(text)
            guard name != nil || index == given else { continue }
            let first = cells(index)
            if index == given || name?.fits(first, isWhole: false) == true { known[index] = (name, first) }
        }
        Self.removeLabelsOfSeries(&known, names, given)
        let open = known.filter { index, column in
            guard !column.cells.areTexts else { return false }
            let isSure = index == given || column.name?.strength == .sure
            return !isSure || !column.cells.numbers.contains(0)
        }
        if !open.isEmpty {
            for (index, cells) in try whole(open.keys.sorted()) { known[index]?.cells = cells }
        }
        known = known.filter { index, column in
            index == given || column.name?.fits(column.cells, isWhole: true) == true
        }
        self.index =
            given
            ?? known.filter { $1.name?.strength != .companion && Self.mayBeAlone(names, $0) }.min { a, b in
                func order(_ entry: (key: Int, value: (name: LabelName?, cells: LabelCells))) -> (Int, Int, Int) {
                    (entry.value.name?.strength.rawValue ?? 0, entry.value.name?.rank ?? 0, entry.key)
                }
                return order(a) < order(b)
            }?.key
        guard let index = self.index, let label = known[index] else { return }
        column = LabelColumn(name: names[index], label.cells)
        if given == nil, label.name?.strength == .telling {
            let metrics = Set(names.map(LabelName.squeezed))
            let own = known.filter { LabelName.isOfMetric(names[$0.key], metrics) && $0.value.cells.areFlags }
            if own[index] != nil { joined = own.keys.filter { $0 != index }.sorted() }
        }
        let named = known.filter { $0.key != index && !joined.contains($0.key) }
        let unnamed = candidates(index, column).filter { known[$0] == nil }
        others = joined
        guard !named.isEmpty || !unnamed.isEmpty else { return }
        let comparison = try compared(
            LabelComparison(
                label: index, column: column,
                named: named.reduce(into: [:]) { $0[$1.key] = LabelColumn(name: names[$1.key], $1.value.cells) },
                unnamed: unnamed))
        let companions = named.filter { $1.name?.strength == .companion }
        differing = Set(named.keys.filter { comparison.differs($0) && companions[$0] == nil })
        mirroring = Set(unnamed.filter(comparison.mirrors))
        let left = named.keys.filter { companions[$0] == nil || comparison.accompanies($0) }
        others = (left + mirroring + joined).sorted()
    }

    /// Writes what was chosen.
    func describe(_ names: [String], in layout: inout SourceLayout) {
        layout.labelColumn = index.map { names[$0] }
        layout.tellingLabels = others.map { names[$0] }
        layout.joinedLabels = joined.map { names[$0] }
        layout.differingLabels = others.filter(differing.contains).map { names[$0] }
        layout.mirroringColumns = others.filter(mirroring.contains).map { names[$0] }
    }

    /// Takes out what is a label of series (`labels.core`), which `label_core` is where nothing else marks anomalies.
    private static func removeLabelsOfSeries(
        _ known: inout [Int: (name: LabelName?, cells: LabelCells)], _ names: [String], _ given: Int?
    ) {
        let columns = { Set(names.map(LabelName.squeezed)) }
        let ofSeries = known.keys.filter { $0 != given && LabelName.isOfSeries(names[$0], among: columns) }
        guard !ofSeries.isEmpty else { return }
        let isMarked = known.contains { index, column in
            !ofSeries.contains(index) && (index == given || (column.name?.strength.rawValue ?? 9) < 2)
        }
        for index in ofSeries where !isMarked || LabelName.isBelowLabels(names[index]) { known[index] = nil }
    }

    /// Whether a column may be the label though its name says little: a `y` beside nothing but a time is what is measured.
    private static func mayBeAlone(_ names: [String], _ index: Int) -> Bool {
        names[index].utf8.count > 1 || names.count > 2
    }
}
