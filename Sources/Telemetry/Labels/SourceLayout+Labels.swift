extension SourceLayout {
    /// Takes what is known of the label column.
    mutating func take(_ marks: LabelColumn) {
        (hasOnlyOnes, hasSignedLabels, labelSigns) = (marks.isUndecided, marks.isSigned, marks.signs)
    }

    /// What is to be said of what the labels mean, in words.
    package var labelNotes: [String] {
        guard let labelColumn else { return [] }
        if hasOnlyOnes { return ["every row is marked 1 by the column '\(labelColumn)': all are taken for anomalous"] }
        guard hasSignedLabels, let note = labelSigns.note else { return [] }
        return ["the column '\(labelColumn)': \(note)"]
    }

    /// Whether the rows stand in another order than in the file.
    package var isReordered: Bool {
        [RowOrder.newestFirst, .shuffled].compactMap(\.note).contains(where: notes.contains)
    }
}
