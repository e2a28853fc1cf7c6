/// Gives an entity's rows that lie in no file: those of the sample store.
package protocol RowProvider: AnyObject, Sendable {
    /// A reader at the first of the rows. One of rows that never end gives a frame without rows when there is nothing at
    /// the moment.
    ///
    /// - Throws: what makes reading impossible.
    func makeReader() throws -> any FrameReader
    /// How many rows there are now.
    func countRows() -> Int
    /// How many bytes they take, unpacked.
    var byteCount: Int { get }
}

/// A provider as part of a source: two are equal when they are the same. Not written where a source is.
package struct ProvidedRows: Hashable, Sendable {
    /// The provider.
    package let provider: any RowProvider

    /// A provider's rows.
    package init(_ provider: any RowProvider) { self.provider = provider }

    /// Whether both are the same.
    package static func == (a: ProvidedRows, b: ProvidedRows) -> Bool { a.provider === b.provider }

    /// Hashes which one it is.
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(provider)) }
}

extension SourceLayout {
    /// Of rows that lie in no file.
    package static var live: SourceLayout {
        SourceLayout(
            format: .generic, separator: nil, clock: .number(column: "time", unit: .seconds), labelColumn: nil,
            textColumns: [], ignoredColumns: [])
    }
}
