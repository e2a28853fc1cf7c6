/// The different cells of a column that may mark anomalies, as far as they are few.
struct LabelCells: Hashable, Sendable {
    /// Most different cells that marks have.
    static let limit = 64

    private(set) var numbers: Set<Double> = []
    private(set) var texts: Set<[UInt8]> = []
    /// Whether there are more than ``limit`` different numbers, or texts.
    private(set) var isFree = false
    /// How many cells hold −1, and how many 1.
    private(set) var signs = LabelSigns()
    private var numberCount = 0
    private var textCount = 0

    init() {}

    /// The cells of the first rows.
    init(_ column: ColumnSamples.Column) {
        for number in column.numbers { add(number) }
        for text in column.distinct {
            text.withUnsafeBufferPointer { if FieldText.content($0) == .text { add(text: text) } }
        }
        textCount = column.texts
    }

    mutating func add(_ field: UnsafeBufferPointer<UInt8>) {
        switch FieldText.content(field) {
        case .number(let number): add(number)
        case .missing: break
        case .text: add(text: Array(field))
        }
    }

    /// Takes a run of cells that are the same.
    mutating func add(_ field: UnsafeBufferPointer<UInt8>, times count: Int) {
        guard count > 0 else { return }
        add(field)
        if count > 1, case .number(let number) = FieldText.content(field) { signs.add(number, times: count - 1) }
    }

    mutating func add(_ number: Double) {
        guard !number.isNaN else { return }
        signs.add(number, times: 1)
        numberCount += 1
        // Beyond the limit only what marks are told by is still of interest.
        if numbers.count < Self.limit || number == 0 || number == -1 { numbers.insert(number) }
        if numbers.count >= Self.limit, !numbers.contains(number) { isFree = true }
    }

    mutating func add(text: [UInt8]) {
        textCount += 1
        if texts.count <= Self.limit { texts.insert(text) } else if !texts.contains(text) { isFree = true }
    }

    /// Whether most cells are texts.
    var areTexts: Bool { textCount > numberCount }

    /// Whether there is nothing but missing cells.
    var isEmpty: Bool { numberCount + textCount == 0 }

    /// Whether all cells are 0 or 1.
    var areFlags: Bool { !isFree && texts.isEmpty && numbers.allSatisfy { $0 == 0 || $0 == 1 } }

    /// Whether numbers may name kinds: whole, few, and 0 among them.
    var mayBeKinds: Bool {
        !isFree && !areTexts && numbers.contains(0) && numbers.allSatisfy { $0 >= 0 && $0 == $0.rounded() }
    }
}
