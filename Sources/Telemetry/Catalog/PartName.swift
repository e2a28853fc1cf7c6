/// Which part of a split set a file is, by its name without extension.
struct PartName: Hashable {
    /// What it is a part of; empty where the name says only the part.
    let entity: String
    /// ``EntitySource/Part/train`` or ``EntitySource/Part/test``.
    let part: EntitySource.Part
    /// Whether the name alone says so: `machine-1_train`, `x_TRAIN_NA`. Others do beside one of the other part: `train1`
    /// (HAI), `x-test`, `x.train` (TimeEval), `train_FD001` (C-MAPSS), `x_testing-set` (UNSW-NB15).
    let isSure: Bool
    /// Whether it says `Normal` or `Attack` (SWaT): a part only beside one file of the other word.
    var isPair = false
    /// Whether it says that there are no anomalies in it, or that there are.
    var isClean: Bool?

    private static let separators: Set<Character> = ["_", "-", ".", " "]
    private static let parts: [String: EntitySource.Part] = [
        "train": .train, "training": .train, "test": .test, "testing": .test,
    ]

    /// `nil` for a name that speaks of no part.
    init?(_ stem: String) {
        var words = stem.split(whereSeparator: Self.separators.contains)
        guard let first = words.first else { return nil }
        func ends(with suffix: [String]) -> Bool {
            words.count > suffix.count && words.suffix(suffix.count).map { $0.lowercased() } == suffix
        }
        var isClean: Bool?
        for (suffix, clean) in [(["no", "anomaly"], true), (["na"], true), (["anomaly"], false), (["a"], false)] {
            guard ends(with: suffix), words[words.count - suffix.count - 1].lowercased() == "train" else { continue }
            words.removeLast(suffix.count)
            isClean = clean
            break
        }
        let isSet = ends(with: ["set"])
        if isSet { words.removeLast() }
        if let word = words.last {
            let plain = word.lowercased()
            let base = String(plain.reversed().drop(while: \.isNumber).reversed())
            if let part = Self.parts[base] {
                entity = Self.trimmed(stem[..<word.startIndex])
                self.part = part
                let before = word.startIndex > stem.startIndex ? stem[stem.index(before: word.startIndex)] : "_"
                isSure = !isSet && isClean != false && before == "_" && ["train", "test"].contains(plain)
                self.isClean = isClean
                return
            }
        }
        isSure = false
        if words.count > 1, let part = Self.parts[first.lowercased()] {
            entity = Self.trimmed(stem[first.endIndex...])
            self.part = part
            return
        }
        // A version behind the word, `_v1`, is no part of the name.
        if words.count > 1, let last = words.last, last.first?.lowercased() == "v",
            last.dropFirst().allSatisfy(\.isNumber)
        {
            words.removeLast()
        }
        guard let last = words.last else { return nil }
        switch last.lowercased() {
        case "normal": part = .train
        case "attack", "attacks": part = .test
        default: return nil
        }
        entity = Self.trimmed(stem[..<last.startIndex])
        isPair = true
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: separators.contains)
        while let last = text.last, separators.contains(last) { text.removeLast() }
        return String(text)
    }
}

/// What the files of a folder are called, for what their names say beside each other.
struct PartSiblings {
    private var files: [PartName: [String]] = [:]

    /// No files.
    init() {}

    /// - Parameter names: of the files, with their extensions.
    init(_ names: [String]) {
        for name in names {
            let stem = name.split(separator: ".").dropLast().joined(separator: ".")
            if let part = PartName(stem.removingTableEnding) { files[part, default: []].append(name) }
        }
    }

    /// Whether there is a file of the other part of the same; of words that mean a part only as a pair, one of each.
    func complete(_ part: PartName) -> Bool {
        let same = files.filter {
            $0.key.entity.lowercased() == part.entity.lowercased() && $0.key.isPair == part.isPair
        }
        let others = same.filter { $0.key.part != part.part }
        guard part.isPair else { return !others.isEmpty }
        let (mine, theirs) = (same.filter { $0.key.part == part.part }, others)
        return Set(mine.values.joined()).count == 1 && Set(theirs.values.joined()).count == 1
    }

    /// The file without anomalies that is read instead of one with some.
    func cleanFile(instead part: PartName) -> String? {
        guard part.isClean == false else { return nil }
        return files.filter { $0.key.isClean == true && $0.key.entity == part.entity }.flatMap(\.value).min()
    }
}

extension String {
    /// The name without the ending of a table below that of a packed file.
    fileprivate var removingTableEnding: String {
        for ending in [".csv", ".tsv", ".txt", ".json", ".jsonl"] where lowercased().hasSuffix(ending) {
            return String(dropLast(ending.count))
        }
        return self
    }
}
