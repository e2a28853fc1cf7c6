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
            ColumnNames.hosts.contains(plain.replacing(" ", with: "_")) || ColumnNames.mayIdentify(name, plain)
        guard isHost || ColumnNames.parts.contains(plain) else { return false }
        return timesRepeat || column.isCycle || (isHost && column.distinct.count == 1)
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
