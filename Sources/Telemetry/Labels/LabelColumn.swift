import Platform

/// What the cells of a column that marks rows as anomalous say.
struct LabelColumn: Hashable, Sendable {
    /// Whether the marks are 1 and −1, as of isolation forests, of WADI and of SECOM.
    var isSigned = false
    /// How often each of them occurs, and which one is the anomaly.
    var signs = LabelSigns()
    /// Whether nothing but 1 occurs, which is an anomaly of marks 1 and 0 and none of marks 1 and −1.
    var isUndecided = false
    /// Whether 1 says that a row is normal: `is_normal`.
    var marksNormal = false
    /// Whether the marks are words: then one that does not say normal names a kind of anomaly.
    var marksByText = false

    private static let normal: Set<String> = [
        "normal", "benign", "inlier", "nominal", "regular", "healthy", "ok", "no", "n", "false", "f", "none",
        "background", "noattack", "noanomaly", "nofault", "nofailure", "clean", "falsch", "nein", "faux", "non",
        "falso", "正常", "无", "否", "0",
    ]
    private static let anomalous: Set<String> = [
        "anomaly", "anomalous", "abnormal", "attack", "outlier", "fault", "faulty", "failure", "yes", "y",
        "true",
        "t", "malicious", "intrusion", "novelty", "wahr", "ja", "vrai", "oui",
        "verdadero", "异常", "故障", "攻击", "是", "1",
    ]

    /// Marks 0 and others.
    init() {}

    /// What is known of a column by all its cells.
    init(name: String, _ cells: LabelCells) {
        marksByText = cells.areTexts
        signs = cells.signs
        // `Attack LABLE (1:No Attack, -1:Attack)`, as WADI has it.
        signs.isNamed = name.contains("-1")
        isSigned = !cells.numbers.contains(0) && (cells.numbers.contains(-1) || signs.isNamed)
        marksNormal = LabelName.marksNormal(name)
        isUndecided = !marksByText && !isSigned && !marksNormal && cells.numbers == [1]
    }

    /// The same column where all files of the entity together have told which of 1 and −1 is the anomaly.
    func decided(_ sign: LabelSigns.Sign?) -> LabelColumn {
        guard let sign, isUndecided || isSigned else { return self }
        var column = self
        (column.isUndecided, column.isSigned) = (false, true)
        column.signs.decided = sign
        return column
    }

    /// Whether numbers can only be marks: 0 and 1, 1 and −1, and what stands where nobody looked (−999 in BATADAL).
    static func areMarks(_ numbers: Set<Double>) -> Bool {
        numbers.allSatisfy { $0 == 0 || $0 == 1 || $0 == -1 || isUnknown($0) }
    }

    /// Whether a number stands where nobody looked.
    private static func isUnknown(_ number: Double) -> Bool { number == -99 || number == -999 || number == -9999 }

    /// Whether texts are marks: words that say normal or not, or kinds of anomalies beside a word for normal.
    static func areMarks(_ texts: Set<[UInt8]>) -> Bool {
        let words = Set(texts.map { $0.withUnsafeBufferPointer(word) }.filter { !$0.isEmpty })
        guard !words.isEmpty, words.count <= LabelCells.limit else { return false }
        return words.allSatisfy { normal.contains($0) || anomalous.contains($0) } || !words.isDisjoint(with: normal)
    }

    /// A cell in lower case without blanks and marks between words: `A ttack` (as in SWaT) is `attack`.
    private static func word(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(FieldText.text(bytes).lowercased().filter { $0.isLetter || $0.isNumber })
    }

    /// What a number says.
    func label(_ number: Double) -> UInt8 {
        if number.isNaN || Self.isUnknown(number) { return 0 }
        guard !isSigned else { return (signs.anomaly == .negative ? number < 0 : number > 0) ? 1 : 0 }
        return (number == 0) == marksNormal ? 1 : 0
    }

    /// What a cell says: 1 anomalous, 0 not; `nil` for a text that is no mark.
    func label(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt8? {
        switch FieldText.content(bytes) {
        case .number(let number): return label(number)
        case .missing: return 0
        case .text: return marksByText ? (Self.normal.contains(Self.word(bytes)) ? 0 : 1) : nil
        }
    }
}
