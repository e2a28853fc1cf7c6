/// Names of files that are downloaded or copied once more.
enum CopyName {
    /// The name of the file that this is called a copy of: `metrics.csv` of `metrics (1).csv`, `metrics - Copy.csv` and
    /// `Copy of metrics.csv`; `nil` for other names.
    static func original(_ name: String) -> String? {
        let point = name.firstIndex(of: ".") ?? name.endIndex
        let ending = name[point...]
        var stem = name[..<point]
        // `metrics.csv (1)`, as some browsers have it.
        if ending.hasSuffix(")"), let open = ending.lastIndex(of: "("), isNumber(ending[open...].dropFirst().dropLast())
        {
            return trimmed(name[..<open]).isEmpty ? nil : String(trimmed(name[..<open]))
        }
        let before = stem
        if stem.lowercased().hasPrefix("copy of ") { stem = stem.dropFirst(8) }
        if stem.hasSuffix(")"), let open = stem.lastIndex(of: "("), isNumber(stem[open...].dropFirst().dropLast()) {
            stem = trimmed(stem[..<open])
        }
        for word in ["copy", "kopie", "copie", "copia"] where stem.lowercased().hasSuffix(word) {
            let rest = stem.dropLast(word.count)
            guard let last = rest.last, " -_".contains(last) else { continue }
            stem = trimmed(rest)
        }
        guard stem != before, !stem.isEmpty else { return nil }
        return String(stem) + String(ending)
    }

    private static func isNumber(_ text: Substring) -> Bool { !text.isEmpty && text.allSatisfy(\.isNumber) }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let last = text.last, " -_".contains(last) { text.removeLast() }
        return text
    }
}
