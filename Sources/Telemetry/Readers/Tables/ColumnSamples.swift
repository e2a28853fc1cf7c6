/// What the first rows of a file hold, column by column.
struct ColumnSamples {
    /// What was seen in one column.
    struct Column {
        var numbers: [Double] = []
        /// Numbers read with a decimal comma, and those without a fraction.
        var commaNumbers: [Double] = []
        var missing = 0
        var texts = 0
        /// Cells that are the same as in the row before.
        var repeats = 0
        /// Different cells.
        var distinct: Set<[UInt8]> = []
        var times = TimeFormatGuess()
        var written = NumberGuess()
        var firstText: String?
        /// Whether every cell is a number, and some have a decimal comma.
        var hasDecimalCommas: Bool {
            texts > 0 && missing == 0 && commaNumbers.count == texts + numbers.count && written.provesComma > 0
                && written.provesPoint == 0
        }
        /// Whether the same few cells come round and round in the same order: cards, cores or hosts that are asked one after
        /// the other.
        var isCycle: Bool {
            distinct.count > 1 && cells >= 3 * distinct.count && cyclesFrom == 0
        }
        private var cells: Int { numbers.count + texts + missing }
        /// The cells of the first round, and the cells so far that break it.
        fileprivate var round: [[UInt8]] = []
        fileprivate var cyclesFrom = 0
        fileprivate var last: [UInt8] = []

        /// Whether the column may have one value where `label` is 0 and others where it is not, by these rows.
        func mayMirror(_ label: Column, marks: LabelColumn) -> Bool {
            guard texts == 0, distinct.count <= LabelCells.limit else { return false }
            // Nothing where rows are normal, and a number where they are not.
            if numbers.isEmpty { return missing > 0 }
            guard isWhole, numbers.allSatisfy({ $0 >= 0 }) else { return false }
            if missing > 0 { return numbers.count <= label.numbers.count { marks.label($0) == 1 } }
            guard label.numbers.count == numbers.count else { return true }
            var usual: Double?
            for (number, mark) in zip(numbers, label.numbers) where marks.label(mark) == 0 {
                if let usual, usual != number { return false }
                usual = number
            }
            return true
        }

        /// Whether every number is whole.
        var isWhole: Bool { !numbers.isEmpty && numbers.allSatisfy { $0 == $0.rounded() && $0.magnitude < 1e15 } }
    }

    var columns: [Column]
    /// Rows seen, and those with as many fields as the header.
    var rows = 0
    var wholeRows = 0

    /// Looks at up to ``DelimitedHeader/sampleRows`` complete rows; rows with another number of fields are left to the
    /// reader to complain about.
    ///
    /// - Parameter header: names that come again where files were put one behind the other: no row.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, atEnd: Bool, splitter: RowSplitter, columns count: Int,
        header: [String] = []
    ) {
        columns = Array(repeating: Column(), count: count)
        var cursor = start
        while rows < DelimitedHeader.sampleRows, cursor < bytes.count,
            let row = splitter.split(bytes, from: cursor, atEnd: atEnd)
        {
            cursor = row.next
            if row.fields.count == 1 && row.fields[0].isEmpty { continue }
            if row.fields.count == header.count,
                zip(row.fields, header).allSatisfy({
                    FieldText.text(UnsafeBufferPointer(rebasing: bytes[$0])) == $1
                })
            {
                continue
            }
            rows += 1
            guard row.fields.count == count else { continue }
            wholeRows += 1
            for (index, range) in row.fields.enumerated() {
                add(UnsafeBufferPointer(rebasing: bytes[range]), to: index)
            }
        }
    }

    private mutating func add(_ field: UnsafeBufferPointer<UInt8>, to index: Int) {
        let bytes = Array(field)
        if wholeRows > 1 && columns[index].last == bytes { columns[index].repeats += 1 }
        columns[index].last = bytes
        let isNew = columns[index].distinct.insert(bytes).inserted
        if isNew && columns[index].round.count == wholeRows - 1 {
            columns[index].round.append(bytes)
        } else if isNew || columns[index].round[(wholeRows - 1) % columns[index].round.count] != bytes {
            columns[index].cyclesFrom += 1
        }
        switch FieldText.content(field) {
        case .number(let value):
            columns[index].numbers.append(value)
            columns[index].written.add(field, isPlain: true)
            if value == value.rounded() { columns[index].commaNumbers.append(value) }
        case .missing: columns[index].missing += 1
        case .text:
            columns[index].texts += 1
            if let number = TimeFormat.commaNumber(TimeScanner(field)) { columns[index].commaNumbers.append(number) }
            columns[index].times.add(field)
            columns[index].written.add(field, isPlain: false)
            if columns[index].firstText == nil { columns[index].firstText = FieldText.text(field) }
        }
    }
}
