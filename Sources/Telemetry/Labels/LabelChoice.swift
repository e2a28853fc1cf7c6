/// Which column of a table marks rows as anomalous, and which others tell the same; none of them is a metric.
struct LabelChoice {
    private(set) var index: Int?
    private(set) var column = LabelColumn()
    /// Columns beside the label that would tell a detector what it has to find.
    private(set) var others: [Int] = []

    /// - Parameters:
    ///   - given: the column that somebody named.
    ///   - cells: those of a column in the first rows; asked for those whose names speak of labels.
    ///   - whole: all cells of some columns, by their places; asked where the first rows leave it open.
    init(
        _ names: [String], given: Int? = nil, cells: (Int) -> LabelCells,
        whole: ([Int]) throws -> [Int: LabelCells]
    ) rethrows {
        var known: [Int: (name: LabelName?, cells: LabelCells)] = [:]
        for (index, text) in names.enumerated() {
            let name = LabelName(text)
            guard name != nil || index == given else { continue }
            let first = cells(index)
            if index == given || name?.fits(first, isWhole: false) == true { known[index] = (name, first) }
        }
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
            ?? known.min { a, b in
                func order(_ entry: (key: Int, value: (name: LabelName?, cells: LabelCells))) -> (Int, Int, Int) {
                    (entry.value.name?.strength.rawValue ?? 0, entry.value.name?.rank ?? 0, entry.key)
                }
                return order(a) < order(b)
            }?.key
        guard let index = self.index, let label = known[index] else { return }
        column = LabelColumn(name: names[index], label.cells)
        others = known.keys.filter { $0 != index }.sorted()
    }
}
