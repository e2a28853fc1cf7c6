extension Discovery {
    /// What a file's name (without extension) says: `machine-1-6_train`, `Sample_gnb01_metrics_day10`, `ue0`.
    ///
    /// - Parameter siblings: what the files beside it are called; asked for where the name alone leaves open of which part
    ///   it is.
    static func name(of stem: String, beside siblings: () -> PartSiblings = { PartSiblings() }) -> Name {
        var words = stem.split(separator: "_", omittingEmptySubsequences: true).map(String.init)
        var result = Name(entity: stem, part: .all, role: .data)
        let last = words.last?.lowercased() ?? ""
        if words.count > 1 && ["interpretation", "interpretations"].contains(last) {
            result.role = .interpretation
            words.removeLast()
        } else if words.count > 1 && ["label", "labels"].contains(last) {
            result.role = .labels
            words.removeLast()
        }
        // What precedes that, as it stands there.
        var rest = Substring(stem)
        if result.role != .data {
            rest = rest[..<(rest.lastIndex { $0 != "_" } ?? rest.startIndex)]
            rest = rest[..<(rest.lastIndex(of: "_") ?? rest.endIndex)]
            while rest.last == "_" { rest.removeLast() }
        }
        if let part = PartName(String(rest)), part.isSure || siblings().complete(part) {
            result.part = part.part
            result.isTold = part.isPair
            guard !part.entity.isEmpty else { return result.named("") }
            words = part.entity.split(separator: "_", omittingEmptySubsequences: true).map(String.init)
            rest = Substring(part.entity)
        }
        if let (entity, type) = EntityFileName.parts(of: String(rest)) {
            result.type = type
            return result.named(entity)
        }
        if words.count > 1 && words[0].lowercased() == "sample" { words.removeFirst() }
        if let metrics = words.firstIndex(where: { ["metric", "metrics"].contains($0.lowercased()) }), metrics > 0 {
            // What follows tells when, not what: further days of the same entity.
            words.removeSubrange(metrics...)
        }
        // Files of several days are of one entity.
        return result.named(DatedName.entity(words.joined(separator: "_")))
    }

    /// The entity's name without its trailing numbers, or its workload's (``WorkloadName``): an instance that replaces
    /// another one is of its type. The name itself when nothing would be left.
    static func type(of entity: String) -> String {
        let separators: Set<Character> = ["-", "_", ".", " "]
        var type = Substring(WorkloadName.of(entity))
        while let last = type.last, last.isNumber || separators.contains(last) { type.removeLast() }
        return type.isEmpty ? entity : String(type)
    }

    /// Orders runs of digits by their number, so that `enb2` comes before `enb10`; other text by its bytes.
    static func natural(_ a: String, _ b: String) -> Bool {
        let (left, right) = (Array(a.utf8), Array(b.utf8))
        func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
        var (i, j) = (0, 0)
        while i < left.count && j < right.count {
            if isDigit(left[i]) && isDigit(right[j]) {
                let first = left[i...].prefix(while: isDigit)
                let second = right[j...].prefix(while: isDigit)
                let (x, y) = (first.drop { $0 == 0x30 }, second.drop { $0 == 0x30 })
                if x.count != y.count { return x.count < y.count }
                if !x.elementsEqual(y) { return x.lexicographicallyPrecedes(y) }
                (i, j) = (first.endIndex, second.endIndex)
            } else {
                if left[i] != right[j] { return left[i] < right[j] }
                i += 1
                j += 1
            }
        }
        if left.count - i != right.count - j { return left.count - i < right.count - j }
        return a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
