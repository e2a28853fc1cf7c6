extension Collection<Bool> where Index == Int {
    /// The maximal runs of `true`, as half-open ranges of indices in ascending order. O(n).
    package var trueRuns: [Range<Int>] {
        var runs: [Range<Int>] = []
        var start: Int?
        for index in indices {
            if self[index] {
                if start == nil { start = index }
            } else if let first = start {
                runs.append(first..<index)
                start = nil
            }
        }
        if let first = start { runs.append(first..<endIndex) }
        return runs
    }
}
