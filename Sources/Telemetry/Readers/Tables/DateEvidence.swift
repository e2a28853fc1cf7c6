import Foundation

/// What shows whether day or month comes first, where the first rows of a table leave it open: all its rows, or else the files
/// beside it with the same header.
struct DateEvidence {
    private let whole: WholeColumns
    /// How far to the right the columns stand in the file.
    private var offset = 0

    init(_ whole: WholeColumns) { self.whole = whole }

    /// The same for columns counted from another one.
    func moved(by places: Int) -> DateEvidence {
        var evidence = self
        evidence.offset += places
        return evidence
    }

    /// What the cells of a column allow, as far as it takes to know the order.
    ///
    /// - Throws: ``TelemetryError`` when the file cannot be read.
    func wholeColumn(_ column: Int) throws -> TimeFormatGuess { try whole.times(column + offset) }

    /// Files that are looked at.
    private static let mostFiles = 256

    /// The order that files of the same header in the folder have, and one of them that shows it; `nil` where none does, or
    /// they differ.
    func siblings(_ column: Int) -> (shape: TimeFormat.Shape, file: String)? {
        guard let header = try? whole.header() else { return nil }
        let url = URL(filePath: whole.path).standardizedFileURL
        let folder = url.deletingLastPathComponent().path
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { name in
            !name.hasPrefix(".") && URL(filePath: name).pathExtension.lowercased() == url.pathExtension.lowercased()
        }
        // Files that leave it open are asked one after the other: what all of them show is found out once.
        let paths = names.sorted(by: Discovery.natural).prefix(Self.mostFiles).map {
            folder == "/" ? "/" + $0 : folder + "/" + $0
        }
        let place = Place(files: paths.map { FileIdentity($0, whole.options) }, header: header, column: column + offset)
        if let known = Self.known.value(for: place) { return known.shape.map { ($0, known.file) } }
        var found: [TimeFormat.Shape: String] = [:]
        for path in paths where FileSource.special(at: path) == nil {
            let other = WholeColumns(path: path, options: whole.options, separator: whole.separator, count: whole.count)
            guard let guess = try? other.times(column + offset, below: header), let shape = guess.shown,
                shape == .dayFirst || shape == .monthFirst || shape == .shortYearFirst, found[shape] == nil
            else { continue }
            found[shape] = URL(filePath: path).lastPathComponent
        }
        let told = found.count == 1 ? found.first : nil
        Self.known.keep(Told(shape: told?.key, file: told?.value ?? ""), for: place)
        return told.map { ($0.key, $0.value) }
    }

    private struct Place: Hashable {
        let files: [FileIdentity?]
        let header: [UInt8]
        let column: Int
    }

    private struct Told {
        let shape: TimeFormat.Shape?
        let file: String
    }

    private static let known = FileMemo<Place, Told>(most: 256)
}
