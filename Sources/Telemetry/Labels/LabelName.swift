import Foundation

/// What a column's name says of marks for anomalies.
struct LabelName {
    /// How sure it is that a column of such a name marks anomalies.
    enum Strength: Int {
        /// It does, whatever numbers it holds.
        case sure
        /// It does if its numbers are marks.
        case strong
        /// It does if its numbers are marks and not always 1: other words for it are names of metrics, too.
        case weak
        /// It tells what a label tells: of a part, or which kind.
        case telling
        /// It does beside a label whose rows it marks; alone it is a metric.
        case companion
    }

    let strength: Strength
    /// Of two names of the same strength the surer one has the lower rank.
    let rank: Int
    /// Whether numbers may name kinds of anomalies.
    let mayNameKinds: Bool

    /// Names whatever stands between their letters and digits, the surest first.
    private static let sure = ["label", "isanomaly"]
    private static let strong = [
        "anomaly", "anomalies", "anomalous", "isanomalous", "anomalylabel", "labelanomaly", "anomalyflag", "isoutlier",
        "outlier", "normalattack", "attack", "isattack", "attacklabel", "attacklable", "labelattack", "attackflag",
        "attflag", "isintrusion", "intrusion", "groundtruth", "truelabel", "ytrue", "binarylabel", "isfault",
        "faultlabel", "faultflag", "labelfault", "isfaulty", "isfailure", "failurelabel", "machinefailure", "abnormal",
        "isabnormal", "malicious", "ismalicious",
    ]
    private static let weak = [
        "fault", "faulty", "faultnumber", "failure", "event", "isevent", "class", "target", "gt", "machinestatus", "y",
    ]
    private static let telling: Set<String> = [
        "changepoint", "ischangepoint", "faultid", "faulttype", "faultclass", "faultkind", "faultcode", "failuretype",
        "attackcat", "isnormal", "isbenign",
    ]
    private static let companions: Set<String> = [
        "category", "danger", "alert", "isalert", "alarm", "isalarm", "ycat", "ycategory",
    ]
    /// Words of names that tell what a label tells.
    private static let words = ["label", "labels", "anomaly", "anomalous", "attack", "attacks", "outlier", "intrusion"]
    /// Words at the end of names of metrics.
    private static let measures: Set<String> = [
        "total", "count", "counts", "rate", "score", "scores", "seconds", "ratio", "percent", "bytes", "sum",
        "probability", "threshold",
    ]
    private static let kinds: Set<String> = [
        "type", "id", "kind", "class", "number", "code", "category", "cat", "label",
    ]

    /// `nil` for a name that says nothing of the kind. A series with labels of its own (`up{…}`) is a metric.
    init?(_ name: String) {
        guard Self.mayBeOne(name) else { return nil }
        let plain = ColumnNames.plain(name)
        guard !name.contains("{"), plain.utf8.count <= 64 else { return nil }
        let squeezed = Self.squeezed(plain)
        for (strength, names) in [(Strength.sure, Self.sure), (.strong, Self.strong), (.weak, Self.weak)] {
            guard let rank = names.firstIndex(of: squeezed) else { continue }
            (self.strength, self.rank) = (strength, rank)
            mayNameKinds = ["faultnumber", "class"].contains(squeezed)
            return
        }
        rank = 0
        let words = WordRules.words(of: name).map { String(decoding: $0, as: UTF8.self) }
        mayNameKinds = words.last.map(Self.kinds.contains) ?? false || squeezed.hasSuffix("cat")
        strength = Self.companions.contains(squeezed) ? .companion : .telling
        if strength == .companion || Self.telling.contains(squeezed) { return }
        guard words.contains(where: Self.words.contains), let last = words.last, !Self.measures.contains(last) else {
            return nil
        }
    }

    /// Words that make what is called a label one of anomalies: `label_binary`, `label_type`.
    private static let manners: Set<String> = kinds.union([
        "binary", "bin", "multi", "multiclass", "num", "numeric", "int", "bool", "encoded", "gt", "true", "text", "str",
        "string", "name", "value", "flag", "final", "point", "row", "window", "pred", "predicted", "test", "train", "y",
    ])

    /// Whether a name is that of a label of a series, as Prometheus has them, and says nothing of anomalies: `labels.core`,
    /// `label_app`, unless there is a metric `core`.
    ///
    /// - Parameter columns: the letters and digits of all names (``squeezed(_:)``).
    static func isOfSeries(_ name: String, among columns: () -> Set<String>) -> Bool {
        guard let rest = seriesLabel(name), !rest.isEmpty else { return false }
        let squeezed = squeezed(rest)
        if let inner = LabelName(rest), inner.strength.rawValue < Strength.weak.rawValue || inner.strength == .telling {
            return false
        }
        if !isBelowLabels(name), manners.contains(squeezed) || LabelName(rest) != nil { return false }
        return squeezed.contains(where: \.isLetter) && !columns().contains(squeezed)
    }

    /// Whether a name is that of a member of an object `labels`.
    static func isBelowLabels(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower.hasPrefix("labels.") || lower.contains(".labels.")
    }

    /// What stands behind `labels.` or `label_`; `nil` for other names.
    private static func seriesLabel(_ name: String) -> String? {
        let plain = ColumnNames.plain(name)
        for part in ["labels.", "label.", "labels_", "label_"] {
            if plain.hasPrefix(part) { return String(plain.dropFirst(part.count)) }
            if part.hasPrefix("labels"), let inner = plain.range(of: (part.last == "." ? "." : "_") + part) {
                return String(plain[inner.upperBound...])
            }
        }
        return nil
    }

    /// What every such name has in it, by its first letter: few others do, and tables have thousands of columns.
    private static let roots: [[[UInt8]]] = {
        let all = [
            "lab", "nomal", "outl", "ttack", "flag", "ntrus", "trut", "true", "fault", "faile", "failu", "event",
            "lass",
            "targ", "gt", "tatus", "hange", "normal", "enign", "licious", "tegory", "anger", "lert", "larm", "ycat",
        ].map { Array($0.utf8) }
        return (0..<256).map { first in all.filter { Int($0[0]) == first } }
    }()

    private static func mayBeOne(_ name: String) -> Bool {
        guard name.utf8.count <= 96 else { return false }
        if name.utf8.count == 1 { return name.lowercased() == "y" }
        var name = name
        return name.withUTF8 { bytes in
            for start in bytes.indices {
                for root in roots[Int(bytes[start] | 0x20)] where bytes.count - start >= root.count {
                    var same = 1
                    while same < root.count, bytes[start + same] | 0x20 == root[same] { same += 1 }
                    if same == root.count { return true }
                }
            }
            return false
        }
    }

    /// Whether a column of this name says of a row that it is normal.
    static func marksNormal(_ name: String) -> Bool {
        ["isnormal", "isbenign"].contains(squeezed(ColumnNames.plain(name)))
    }

    /// The letters and digits of a name.
    static func squeezed(_ plain: String) -> String {
        String(plain.lowercased().filter { $0.isLetter || $0.isNumber })
    }

    /// Whether a column of this name marks anomalies of one metric among some (``squeezed(_:)``): `is_anomaly_channel_12`,
    /// `cpu_label`.
    static func isOfMetric(_ name: String, _ metrics: Set<String>) -> Bool {
        let squeezed = squeezed(name)
        return (sure + strong).contains { word in
            squeezed.count > word.count
                && (squeezed.hasPrefix(word) && metrics.contains(String(squeezed.dropFirst(word.count)))
                    || squeezed.hasSuffix(word) && metrics.contains(String(squeezed.dropLast(word.count))))
        }
    }

    /// Whether a column of such a name with these cells marks anomalies, or tells what one does.
    ///
    /// - Parameter isWhole: whether these are all the cells: the first rows may be all normal, or all 1.
    func fits(_ cells: LabelCells, isWhole: Bool) -> Bool {
        if cells.areTexts { return !cells.isFree && LabelColumn.areMarks(cells.texts) }
        if strength == .sure { return true }
        guard !cells.isFree, !cells.numbers.isEmpty, cells.texts.isEmpty else { return false }
        if mayNameKinds, cells.mayBeKinds { return true }
        guard LabelColumn.areMarks(cells.numbers) else { return false }
        return !isWhole || strength == .strong || cells.numbers.contains { $0 == 0 || $0 == -1 }
    }
}
