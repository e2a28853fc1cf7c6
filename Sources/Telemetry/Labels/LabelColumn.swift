import Platform

/// The column that marks rows as anomalous: which one it is, and what its cells say.
struct LabelColumn: Hashable, Sendable {
    /// Whether the marks are 1 and −1, of which −1 is the anomaly, as of isolation forests and of WADI.
    var isSigned = false

    /// Names of such columns, the surest first.
    static let names: [String] = [
        "label", "is_anomaly", "anomaly", "anomalies", "anomalous", "is_anomalous", "isanomaly", "anomaly_label",
        "label_anomaly", "is_outlier", "outlier", "normal/attack", "attack", "is_attack", "attack_label",
        "attack lable",
        "attack label", "ground_truth", "groundtruth", "is_fault", "class",
    ]
    /// Names of columns that tell the same in another way beside a label: no metrics either.
    static let companions: Set<String> = ["changepoint", "change_point", "is_changepoint"]

    private static let normal: Set<String> = [
        "normal", "benign", "inlier", "nominal", "regular", "healthy", "ok", "no", "n", "false", "f", "none",
        "background", "noattack", "noanomaly", "clean", "0",
    ]
    private static let anomalous: Set<String> = [
        "anomaly", "anomalous", "abnormal", "attack", "outlier", "fault", "faulty", "failure", "yes", "y",
        "true",
        "t", "malicious", "intrusion", "novelty", "1",
    ]

    /// The label column among some, by the cells of the first rows; `nil` where there is none.
    static func find(_ names: [String], _ columns: [ColumnSamples.Column]) -> (index: Int, column: LabelColumn)? {
        let plain = names.map(ColumnNames.plain)
        for name in self.names {
            for index in plain.indices where plain[index] == name && fits(columns[index], name) {
                return (index, LabelColumn(name: names[index], columns[index]))
            }
        }
        return nil
    }

    /// Columns beside the label that would tell a detector what it has to find.
    static func others(_ names: [String], _ columns: [ColumnSamples.Column], than label: Int) -> [Int] {
        names.indices.filter { index in
            let plain = ColumnNames.plain(names[index])
            guard index != label, plain != "class" else { return false }
            return companions.contains(plain) && isBinary(columns[index])
                || self.names.contains(plain) && fits(columns[index], plain)
        }
    }

    /// What is known of a column that somebody named.
    init(name: String, _ column: ColumnSamples.Column) {
        let hasMinus = column.numbers.contains(-1) && !column.numbers.contains(0)
        isSigned = hasMinus || (name.contains("-1") && !column.numbers.contains(0))
    }

    init(isSigned: Bool = false) { self.isSigned = isSigned }

    private static func isBinary(_ column: ColumnSamples.Column) -> Bool {
        column.texts == 0 && !column.numbers.isEmpty && column.numbers.allSatisfy { $0 == 0 || $0 == 1 || $0 == -1 }
    }

    private static func fits(_ column: ColumnSamples.Column, _ name: String) -> Bool {
        if column.texts > column.numbers.count { return isMarks(column.distinct) }
        // `label` is the word for it, and may count; other words may name a metric.
        if name == "label" || name == "is_anomaly" { return true }
        return name != "class" && isBinary(column)
    }

    /// Whether texts are marks: words that say normal or not, or kinds of anomalies beside a word for normal.
    private static func isMarks(_ texts: Set<[UInt8]>) -> Bool {
        let words = Set(texts.map { $0.withUnsafeBufferPointer(word) }.filter { !$0.isEmpty })
        guard !words.isEmpty, words.count <= 64 else { return false }
        return words.allSatisfy { normal.contains($0) || anomalous.contains($0) } || !words.isDisjoint(with: normal)
    }

    /// A cell in lower case without blanks and marks between words: `A ttack` (as in SWaT) is `attack`.
    private static func word(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(FieldText.text(bytes).lowercased().filter { $0.isLetter || $0.isNumber })
    }

    /// What a number says.
    func label(_ number: Double) -> UInt8 { (isSigned ? number < 0 : number != 0 && !number.isNaN) ? 1 : 0 }

    /// What a cell says: 1 anomalous, 0 not; `nil` for a text that is no mark.
    ///
    /// - Parameter marksByText: whether the column's marks are words: then one that does not say normal names a kind of
    ///   anomaly.
    func label(_ bytes: UnsafeBufferPointer<UInt8>, marksByText: Bool) -> UInt8? {
        switch FieldText.content(bytes) {
        case .number(let number): return label(number)
        case .missing: return 0
        case .text: return marksByText ? (Self.normal.contains(Self.word(bytes)) ? 0 : 1) : nil
        }
    }
}
