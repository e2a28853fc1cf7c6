/// What a header says of other lines of its file, each looked at alone: which are rows of its columns, and which name
/// columns anew.
struct HeaderForm: Equatable, Sendable {
    private static let separators: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C, 0x20]

    private let separator: UInt8
    private let names: [String]
    /// The names among them that are a time's.
    private let times: Set<String>
    private let isComment: Bool

    /// The form of a header line without its end.
    init(_ header: [UInt8]) {
        let line = header[...]
        var best: (separator: UInt8, names: [String], times: Set<String>) = (0x2C, Self.names(line, 0x2C), [])
        for separator in Self.separators where separator != 0x20 || best.names.count < 2 || best.times.isEmpty {
            let names = Self.names(line, separator)
            let times = names.map(ColumnNames.plain).filter {
                ColumnNames.times.contains($0) || ColumnNames.elapsed.contains($0)
            }
            // A name may hold a blank; the separator that shows a time is the one.
            let isBetter = (times.isEmpty ? 0 : 1, names.count) > (best.times.isEmpty ? 0 : 1, best.names.count)
            if separator == 0x2C || isBetter { best = (separator, names, Set(times)) }
        }
        (separator, names, times) = best
        isComment = header.first == 0x23
    }

    /// Whether a line holds as many cells as the header names, numbers or times among them and none of its names.
    func isRow(_ line: ArraySlice<UInt8>) -> Bool {
        let cells = Self.cells(line, separator) { (FirstLineCell($0), FieldText.text($0)) }
        return cells.count == names.count && cells.contains { Self.isValue($0.0) }
            && !cells.contains { !Self.isValue($0.0) && !$0.1.isEmpty && names.contains($0.1) }
    }

    /// Whether a line holds a number or a time.
    func hasValues(_ line: ArraySlice<UInt8>) -> Bool {
        Self.cells(line, separator) { FirstLineCell($0) }.contains { Self.isValue($0) }
    }

    /// Whether a line names columns, a time among them, that are not the header's. Of a header without a time none can be
    /// told from a line of text.
    func isAnotherHeader(_ line: ArraySlice<UInt8>) -> Bool {
        guard !times.isEmpty, let first = line.first(where: { $0 != 0x20 && $0 != 0x22 }) else { return false }
        // Most rows begin with a number.
        guard !(0x30...0x39).contains(first), first != 0x2D, first != 0x2E, isComment || first != 0x23 else {
            return false
        }
        let cells = Self.cells(line, separator) { (FirstLineCell($0), FieldText.text($0)) }
        guard cells.count > 1, cells.allSatisfy({ $0.0 == .text && !$0.1.isEmpty }) else { return false }
        let found = cells.map(\.1)
        return found != names && Set(found).count == found.count
            && found.contains { name in
                let plain = ColumnNames.plain(name)
                return times.contains(plain) || ColumnNames.mustBeTime(plain)
            }
    }

    private static func isValue(_ cell: FirstLineCell) -> Bool { cell != .text && cell != .empty }

    private static func names(_ line: ArraySlice<UInt8>, _ separator: UInt8) -> [String] {
        cells(line, separator) { FieldText.text($0) }
    }

    /// The cells of a line; none where a quoted one has no end.
    private static func cells<Cell>(
        _ line: ArraySlice<UInt8>, _ separator: UInt8, _ make: (UnsafeBufferPointer<UInt8>) -> Cell
    ) -> [Cell] {
        let text = line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
        return text.withUnsafeBufferPointer { bytes in
            RowSplitter(separator: separator).split(bytes, from: 0, atEnd: true)?.fields.map {
                make(UnsafeBufferPointer(rebasing: bytes[$0]))
            } ?? []
        }
    }
}
