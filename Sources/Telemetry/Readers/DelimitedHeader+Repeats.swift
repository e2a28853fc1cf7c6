/// Columns of a header that have a name that another one has.
struct RepeatedColumns {
    /// The names, each another one: those that come again end in `.1`, `.2`, …, as pandas has them.
    private(set) var names: [String]
    /// Columns whose cells are those of the first one of the name: they are left out.
    private(set) var same: Set<Int> = []
    /// What was done, in words.
    private(set) var notes: [String] = []

    /// - Throws: ``TelemetryError`` where a time comes again with other cells (two tables side by side), or the file cannot be
    ///   read.
    init(_ names: [String], whole: WholeColumns) throws {
        self.names = names
        var first: [String: Int] = [:]
        var pairs: [(first: Int, again: Int)] = []
        for (index, name) in names.enumerated() where !name.isEmpty {
            if let place = first[name] { pairs.append((place, index)) } else { first[name] = index }
        }
        guard !pairs.isEmpty else { return }
        same = try whole.repeats(pairs)
        var taken = Set(names)
        var renamed: [String] = []
        for (_, index) in pairs {
            let name = names[index]
            if !same.contains(index), ColumnNames.mustBeTime(ColumnNames.plain(name)) {
                throw TelemetryError(
                    .badHeader, path: whole.path, line: 1, field: name,
                    found: "two columns with this name and other times",
                    expected: "one table a file: put what stands side by side into files of their own")
            }
            var number = 1
            while !taken.insert("\(name).\(number)").inserted { number += 1 }
            self.names[index] = "\(name).\(number)"
            if !same.contains(index) { renamed.append(self.names[index]) }
        }
        let left = pairs.filter { same.contains($0.again) }.map { names[$0.again] }
        if !left.isEmpty {
            notes.append("a second column of the same name and content, left out: \(CleaningPipeline.listed(left))")
        }
        if !renamed.isEmpty {
            notes.append("a second column of the same name is called \(CleaningPipeline.listed(renamed))")
        }
    }
}
