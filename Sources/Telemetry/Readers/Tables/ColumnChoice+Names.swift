/// What the names of columns say, and whether their cells bear it out.
extension ColumnChoice {
    static func format(_ lower: [String]) -> SourceFormat {
        let set = Set(lower)
        if set.isSuperset(of: ["time", "nof_ue", "proc_rmem"]) { return .fiveGENodeB }
        if set.isSuperset(of: ["time", "earfcn", "rsrp", "pci"]) { return .fiveGUserEquipment }
        if set.contains("timestamp"),
            lower.contains(where: { $0.hasPrefix("fivegs_") }) || set.contains("process_cpu_seconds_total")
        {
            return .fiveGCoreFunction
        }
        if lower.count > 2 && lower[0] == "index" && lower[1] == "timestamp" { return .indexed }
        return .generic
    }

    /// Whether numbers may tell rows of the same time apart. Rows that lie one host behind the other show it only below the
    /// first rows: there the number is always the same.
    static func mayNamePart(
        _ name: String, _ plain: String, _ column: ColumnSamples.Column, _ timesRepeat: Bool, hasTime: Bool
    ) -> Bool {
        guard hasTime else { return false }
        let isHost =
            ColumnNames.isHost(plain) || ColumnNames.mayIdentify(name, plain)
        guard isHost || ColumnNames.parts.contains(plain) else { return false }
        return timesRepeat || column.isCycle || (isHost && column.distinct.count == 1)
    }

    /// Whether a number that may name things stays the same for long: its rows may lie one block behind the other, as those of
    /// a host do.
    static func mayComeInBlocks(_ plain: String, _ column: ColumnSamples.Column) -> Bool {
        ColumnNames.namesPart(plain) && column.missing == 0 && column.texts == 0
            && 20 * column.distinct.count <= column.numbers.count
            && column.repeats + column.distinct.count == column.numbers.count
    }

    /// Whether whole numbers of any name may tell rows of the same time apart: few of them, none of which lasts.
    static func mayNumberRows(_ column: ColumnSamples.Column) -> Bool {
        column.isWhole && column.missing == 0 && column.texts == 0 && column.distinct.count > 1
            && 2 * column.distinct.count <= column.numbers.count && 2 * column.repeats < column.numbers.count
    }

    /// Whether texts and whole numbers in a column are names of the same things: `all`, `0`, `1`.
    static func namesAndNumbers(_ plain: String, _ column: ColumnSamples.Column, _ rows: Int) -> Bool {
        guard column.texts > 1, column.isWhole, column.missing == 0, column.times.best == 0,
            2 * column.distinct.count <= rows
        else { return false }
        let isNamed =
            ColumnNames.namesPart(plain) || ColumnNames.isHost(plain) || ColumnNames.series.contains(plain)
        return isNamed || column.isCycle || 2 * column.texts * column.distinct.count >= rows
    }

    /// Columns with times of day beside dates: those that end the interval that a row is of; all of them where the dates stand
    /// alone, of which none tells rows apart.
    static func timesOfDay(_ samples: ColumnSamples, beside time: TimeColumn?) -> Set<Int> {
        guard let time, time.timeOfDay != nil || TimeColumn.isDate(samples.columns[time.index]) else { return [] }
        let start = time.timeOfDay.map { samples.columns[$0].times.times(.timeOfDay) }
        return Set(
            samples.columns.indices.filter { index in
                let column = samples.columns[index]
                guard !time.indices.contains(index), column.texts > 0, column.numbers.isEmpty,
                    column.times.best == column.texts, column.times.shape == .timeOfDay
                else { return false }
                guard let start else { return true }
                let lengths = zip(column.times.times(.timeOfDay), start).map { $0 < $1 ? $0 - $1 + 86_400 : $0 - $1 }
                guard lengths.count == start.count, let usual = lengths.sorted().dropFirst(lengths.count / 2).first
                else { return false }
                return 10 * lengths.count { $0 == usual } >= 9 * lengths.count
            })
    }

    /// Whether the time of 5G3E's base stations is a counter of samples rounded to tens, and not the time of each row, as
    /// srsRAN itself writes it.
    static func countsSamples(_ time: Int?, _ samples: ColumnSamples) -> Bool {
        guard let time else { return true }
        return !TimeColumn.isGrowing(samples.columns[time])
    }

    static func rowNumberColumn(_ lower: [String], _ samples: ColumnSamples) -> Int? {
        guard ["", "index", "unnamed: 0", "row", "row_id", "id", "no", "no.", "#", "nr", "nr."].contains(lower[0])
        else {
            return nil
        }
        let numbers = samples.columns[0].numbers
        // Names of rows that are texts may be those of hosts.
        guard lower[0] != "" else { return samples.columns[0].texts > numbers.count ? nil : 0 }
        return zip(numbers, numbers.dropFirst()).allSatisfy { $1 > $0 && $0 == $0.rounded() } ? 0 : nil
    }

    /// Whether texts name generations of mobile networks: `5G` is no number of five thousand millions.
    static func areGenerations(_ column: ColumnSamples.Column) -> Bool {
        column.numbers.isEmpty
            && column.distinct.allSatisfy { cell in
                let text = cell.withUnsafeBufferPointer(FieldText.text)
                return ["2G", "3G", "4G", "5G", "6G", "", "-"].contains(text)
            }
    }

    static func countsRows(_ column: ColumnSamples.Column) -> Bool {
        column.isWhole && column.texts == 0 && column.missing == 0
            && zip(column.numbers, column.numbers.dropFirst()).allSatisfy { $1 > $0 }
    }
}
