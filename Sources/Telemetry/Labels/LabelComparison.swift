/// How columns go with the one that marks anomalies, row by row: whether they mark the same rows, and whether one without a
/// telling name changes in just these.
struct LabelComparison: Sendable {
    /// What is counted of a column whose name says that it marks anomalies, too.
    private struct Marks: Sendable {
        let column: LabelColumn
        var marked = 0
        var together = 0
    }

    /// What is known of a column without such a name.
    fileprivate struct Values: Sendable {
        /// Its value wherever the label is 0.
        var usual: Double?
        var others: Set<Double> = []
        var last: Double?
        /// Anomalous rows with another value, and changes between two rows of one anomaly.
        var apart = 0
        var changes = 0
        /// Whether it is a metric: nothing more need be known.
        var isOut = false
    }

    private let label: Int
    private let column: LabelColumn
    /// By the columns' places, for as many as the last of them needs.
    private var named: [Marks?]
    private var unnamed: [Values?]
    /// The columns whose cells are wanted, the label first.
    let columns: [Int]
    private let namedCount: Int
    /// Columns without a telling name that may still be marks.
    private var open: Int
    private var rows = 0
    private var anomalousRows = 0
    private var runs = 0
    private var last: UInt8 = 0
    private var mark: UInt8 = 0

    /// A column of marks has most of its own where the label has some.
    private static let leastShare = 0.75
    /// Different values that kinds of anomalies have, and the largest.
    private static let mostKinds = 16
    private static let largestKind = 64.0
    /// Stands for a cell without a value: kinds of anomalies are named where there is one, and nowhere else.
    private static let nothing = -1.0
    /// Anomalies that a column must have gone with before it is taken for one of their marks: a sensor may happen to move in
    /// one or two alone.
    private static let fewestRuns = 3

    /// Nothing compared yet.
    ///
    /// - Parameters:
    ///   - named: columns that mark anomalies by their names, and what their cells say.
    ///   - unnamed: columns that may.
    init(label: Int, column: LabelColumn, named: [Int: LabelColumn], unnamed: [Int]) {
        (self.label, self.column) = (label, column)
        columns = [label] + (Array(named.keys) + unnamed).sorted()
        let count = (columns.max() ?? 0) + 1
        self.named = Array(repeating: nil, count: count)
        self.unnamed = Array(repeating: nil, count: count)
        for (place, column) in named { self.named[place] = Marks(column: column) }
        for place in unnamed { self.unnamed[place] = Values() }
        open = unnamed.count
        namedCount = named.count
    }

    /// Whether more rows cannot tell more.
    var isDecided: Bool { namedCount == 0 && open == 0 }

    /// Takes in the label of the next row; its other cells follow.
    mutating func begin(_ cell: LabelCell) {
        mark = cell.mark(column)
        rows += 1
        if mark == 1 {
            if last == 0 { beginRun() }
            anomalousRows += 1
        }
        if mark != last { for index in columns { unnamed[index]?.last = nil } }
        last = mark
    }

    private mutating func beginRun() {
        runs += 1
        guard runs > Self.fewestRuns else { return }
        // What does not move in anomalies is a constant; most tables have some.
        for index in columns {
            if let values = unnamed[index], !values.isOut, 2 * values.apart < anomalousRows { leaveOut(index) }
        }
    }

    /// Takes in the cell of a column in the row at hand.
    mutating func add(_ cell: LabelCell, of index: Int) {
        if let marks = named[index] {
            guard cell.mark(marks.column) == 1 else { return }
            named[index]?.marked += 1
            named[index]?.together += Int(mark)
        } else if unnamed[index]?.isOut == false {
            switch cell {
            case .missing:
                // A metric may well be gone while something is wrong.
                guard mark == 0 || unnamed[index]?.usual == Self.nothing else {
                    leaveOut(index)
                    return
                }
                unnamed[index]?.add(Self.nothing, mark: mark)
            case .number(let value) where value >= 0 && value <= Self.largestKind && value == value.rounded():
                unnamed[index]?.add(value, mark: mark)
            case .number, .text:
                leaveOut(index)
                return
            }
            if unnamed[index]?.isOut == true { open -= 1 }
        }
    }

    private mutating func leaveOut(_ index: Int) {
        unnamed[index]?.isOut = true
        open -= 1
    }

    /// Takes in the cells of the next row, in any order; a row without a label is normal.
    mutating func add(_ cells: [(place: Int, cell: LabelCell)]) {
        begin(cells.first { $0.place == label }?.cell ?? .missing)
        for (place, cell) in cells where place != label { add(cell, of: place) }
    }

    /// Whether a column of marks has many of its own.
    func differs(_ index: Int) -> Bool {
        guard let marks = named[index] else { return false }
        return Double(marks.together) < Self.leastShare * Double(marks.marked)
    }

    /// Whether a column of marks has some, and most of them where the label has.
    func accompanies(_ index: Int) -> Bool { named[index].map { $0.marked > 0 } == true && !differs(index) }

    /// Whether a column has one value where the label is 0, others where it is 1, and keeps them through an anomaly.
    func mirrors(_ index: Int) -> Bool {
        guard let values = unnamed[index], !values.isOut, values.usual != nil, runs >= Self.fewestRuns,
            2 * anomalousRows < rows
        else { return false }
        return 20 * values.apart >= 19 * anomalousRows && values.changes <= runs
            && values.others.count <= Self.mostKinds
    }
}

extension LabelComparison.Values {
    fileprivate mutating func add(_ value: Double, mark: UInt8) {
        if mark == 0 {
            if usual == nil { usual = value }
            if usual != value { isOut = true }
        } else {
            others.insert(value)
            if others.count > LabelCells.limit { isOut = true }
            if let last, last != value { changes += 1 }
            last = value
            if value != usual { apart += 1 }
        }
    }
}

/// A cell of a column that may mark anomalies.
enum LabelCell {
    case number(Double)
    case text([UInt8])
    case missing

    /// What a field of a separated text is.
    init(_ field: UnsafeBufferPointer<UInt8>) {
        switch FieldText.content(field) {
        case .number(let number): self = .number(number)
        case .missing: self = .missing
        case .text: self = .text(Array(field))
        }
    }

    /// What it says by the rules of its column: 1 anomalous, 0 not.
    func mark(_ column: LabelColumn) -> UInt8 {
        switch self {
        case .number(let number): column.label(number)
        case .text(let text): text.withUnsafeBufferPointer { column.label($0) } ?? 0
        case .missing: 0
        }
    }
}
