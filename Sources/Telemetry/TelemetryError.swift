package import Platform

/// What was wrong with telemetry input, in one line for people and one code for programs.
public struct TelemetryError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of trouble; each maps to one exit status of the command line.
    public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        /// The file or folder does not exist or cannot be read.
        case unreadable
        /// A folder holds no file that a reader understands.
        case noData
        /// The file has no byte, or a header and no row.
        case empty
        /// The separator given does not fit the file.
        case wrongSeparator
        /// A row has another number of fields than the header.
        case raggedRow
        /// A cell of a number column holds text.
        case notANumber
        /// A time cannot be read.
        case badTime
        /// No column holds numbers.
        case noNumericColumn
        /// Two columns have the same name, or one has none.
        case badHeader
        /// A column that was asked for is not there.
        case missingColumn
        /// A line, a row or a file is larger than the stated limit.
        case limitExceeded
        /// The text is not what its format allows (JSON syntax, quoting, encoding).
        case malformed
        /// Samples, labels or rules do not fit a pipeline, a scaler or each other.
        case mismatch
    }

    /// The kind of trouble.
    public let code: Code
    /// The file or folder, if the trouble has one.
    public let path: String?
    /// The line, counted from 1, if the trouble has one.
    public let line: Int?
    /// The column's name, if the trouble has one.
    public let field: String?
    /// What was found.
    public let found: String
    /// What was expected, or what would help.
    public let expected: String

    /// An error with the given facts; texts are shortened so that the description stays one readable line.
    public init(
        _ code: Code, path: String? = nil, line: Int? = nil, field: String? = nil, found: String, expected: String
    ) {
        self.code = code
        self.path = path
        self.line = line
        self.field = field.map { Self.readable($0, limit: 80) }
        self.found = Self.readable(found, limit: 200)
        self.expected = Self.readable(expected, limit: 300)
    }

    /// One line: place, what was found, what was expected.
    public var description: String {
        var place = ""
        if let path { place += Self.readable(path, limit: 1000) }
        if let line { place += place.isEmpty ? "line \(line)" : ":\(line)" }
        if let field { place += place.isEmpty ? "column '\(field)'" : ": column '\(field)'" }
        return (place.isEmpty ? "" : place + ": ") + "found \(found); expected \(expected)"
    }

    /// The text with control characters replaced and its middle left out beyond `limit` characters.
    static func readable(_ text: String, limit: Int) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else { return result + "…" }
            let visible = scalar.value >= 0x20 && scalar.value != 0x7f && scalar.value != 0x2028
            result.unicodeScalars.append(visible ? scalar : "\u{FFFD}")
            count += 1
        }
        return result
    }
}

extension TelemetryError: ReportableError {
    package var exitStatus: ExitStatus { code == .unreadable ? .noInput : .data }
}
