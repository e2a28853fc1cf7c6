/// All rows of a table that may hold several entities or series, one below the other.
struct KeyedRows {
    /// A column whose cells name things.
    struct Key {
        enum Kind {
            /// Text.
            case text
            /// Numbers that are names by the column's name.
            case identifier
            /// Numbers that may be names: only where they tell rows of the same time apart.
            case part
            /// Numbers of a name that says nothing: only where each of them comes at nearly every time.
            case number
        }
        let name: String
        let kind: Kind
        /// Index into `words` for each row.
        var codes: [Int32] = []
        /// The texts, in the order in which they were met.
        var words: [String] = []

        var plain: String { Self.plain(name) }

        /// The name as ``ColumnNames/plain(_:)`` has it, without the member of a JSON object that holds it.
        static func plain(_ name: String) -> String {
            let plain = ColumnNames.plain(name)
            for prefix in [
                "tags.", "labels.", "dimensions.", "metric.", "resource.", "fields.", "host.", "attributes.",
            ]
            where plain.hasPrefix(prefix) { return String(plain.dropFirst(prefix.count)) }
            return plain
        }

        /// The one word of a column with the host's name, which is the same in all rows.
        var onlyHost: String? {
            guard kind == .text, words.count == 1, let word = words.first, !word.isEmpty,
                ColumnNames.isOwnHost(name)
            else { return nil }
            return word
        }

        /// Whether the cells are numbers that are metrics where they are not chosen.
        var isNumber: Bool { kind == .part || kind == .number }

        var isHost: Bool { ColumnNames.isHost(name) }
    }

    var schema: [String]
    var times: [Double] = []
    /// `[rows × columns]`, row-major.
    var values: [Double] = []
    var labels: [UInt8]?
    var keys: [Key]

    var rowCount: Int { times.count }
}
