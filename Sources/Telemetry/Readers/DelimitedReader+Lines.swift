/// What a line is that could not be read as a row.
extension DelimitedReader {
    /// The line at hand, without its end.
    var lineAtHand: ArraySlice<UInt8> {
        var text = Array(stream.unread[..<wholeBytes].prefix { $0 != 0x0A })[...]
        if text.last == 0x0D { text.removeLast() }
        return text
    }

    /// The fields of the line at hand, without a byte order mark before them; `nil` where a quoted one has no end.
    private func fieldsAtHand<Field>(_ make: (UnsafeBufferPointer<UInt8>) -> Field) -> [Field]? {
        var text = lineAtHand
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        return text.withUnsafeBufferPointer { bytes in
            RowSplitter(separator: parser.separator).split(bytes, from: 0, atEnd: true)?.fields.map {
                make(UnsafeBufferPointer(rebasing: bytes[$0]))
            }
        }
    }

    /// Whether the line at hand is the header once more, with quotes or without.
    func repeatsHeader() -> Bool {
        lineAtHand.elementsEqual(headerText) || fieldsAtHand(FieldText.text) == parser.names
    }

    /// Whether the line at hand is a comment: those that first occur far below are no reason to have all lines rewritten.
    func isComment() -> Bool {
        guard lineAtHand.first == 0x23, let first = parser.kinds.first else { return false }
        // A name may begin with the same mark.
        return (first != .key && first != .skip) || fieldsAtHand { _ in }.map(\.count) != parser.names.count
    }

    /// Whether the line at hand and all below it are no rows but what is said of them: sums, how many there were.
    mutating func isFooter() throws -> Bool {
        guard TableFooter.isOne(lineAtHand) else { return false }
        while !stream.isAtEnd, stream.count <= TableFooter.mostBytes { try stream.fill() }
        guard stream.isAtEnd, !isGrowing, TableFooter.isAll(stream.unread) else { return false }
        wholeBytes = stream.count
        return true
    }

    /// Whether the line at hand has fewer fields than the header, or a quoted one without an end.
    func endsTooEarly() -> Bool {
        !lineAtHand.isEmpty && CutLine.isCut(Array(lineAtHand), parser.separator, parser.names.count)
    }

    /// What is to be said of a line that names columns, though not those of the header.
    func secondHeader() -> TelemetryError? {
        let names = fieldsAtHand { (FieldText.text($0), FirstLineCell($0)) }
        guard let names, names.count > 1, names.allSatisfy({ $0.1 == .text || $0.1 == .empty }),
            names.contains(where: { parser.names.contains($0.0) && !$0.0.isEmpty })
        else { return nil }
        return TelemetryError(
            .badHeader, path: path, line: line, found: "a second header with other columns",
            expected: "one table a file: cut it in two before this line")
    }
}
