/// The columns of all files of a source: those of the first, then what only later ones have. A file that shares none with
/// those before it is left out.
struct SourceColumns {
    private(set) var names: [String]
    /// The label column of the first file that has one.
    private(set) var labelColumn: String?
    var hasLabels: Bool { labelColumn != nil }
    /// Whether some file marks rows by 1 and −1.
    private var hasSignedLabels: Bool
    /// How many labels of all files are 1 and −1.
    private(set) var labelSigns: LabelSigns
    /// Whether every label of every file is 1.
    private(set) var haveOnlyOnes: Bool
    /// Which of the labels 1 and −1 is the anomaly; `nil` where no file has both.
    var anomalousSign: LabelSigns.Sign? { hasSignedLabels ? labelSigns.anomaly : nil }
    private var known: Set<String> = []
    /// Columns that some file lacks.
    private var partial: Set<String> = []
    private var files = 1

    init(_ first: FileOutline) {
        names = first.schema
        labelColumn = first.labelColumn
        labelSigns = first.labelSigns
        hasSignedLabels = first.hasSignedLabels
        haveOnlyOnes = first.hasOnlyOnes
    }

    mutating func add(_ file: FileOutline) {
        if file.hasLabels {
            haveOnlyOnes = file.hasOnlyOnes && (haveOnlyOnes || !hasLabels)
            labelColumn = labelColumn ?? file.labelColumn
            labelSigns.add(file.labelSigns)
            if file.hasSignedLabels { hasSignedLabels = true }
        }
        files += 1
        if file.schema == names { return }
        if known.isEmpty { known = Set(names) }
        let own = Set(file.schema)
        guard !own.isDisjoint(with: known) else { return }
        partial.formUnion(known.symmetricDifference(own))
        names += file.schema.filter { !known.contains($0) }
        known.formUnion(own)
    }

    /// What is to be said of them, in words.
    var notes: [String] {
        let lacking = names.filter(partial.contains)
        guard !lacking.isEmpty else { return [] }
        let count = lacking.count == 1 ? "1 column" : "\(lacking.count) columns"
        return ["\(count) that some of the \(files) files lack are missing there: \(CleaningPipeline.listed(lacking))"]
    }
}
