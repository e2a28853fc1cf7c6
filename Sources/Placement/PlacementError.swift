package import Platform

/// Why an instance, a topology or a request could not be used: one clear line for people, one code for programs.
public struct PlacementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of fault.
    public enum Code: String, Sendable {
        /// The input is not what it should be: syntax, a missing or unknown field, a value outside its range.
        case malformedInput
        /// A file could not be opened or read.
        case unreadableFile
        /// The input is well formed but larger than what is served.
        case tooLarge
        /// The combination of options is not defined for this model.
        case unsupportedCombination
    }

    /// The kind of fault.
    public let code: Code
    /// The file the input came from; empty for values built in memory.
    public var file: String
    /// The field, as a path such as `nodes[3].id`; empty where no field applies.
    public let field: String
    /// What was found and what was expected.
    public let reason: String

    /// A fault of one field.
    public init(_ code: Code, file: String = "", field: String, reason: String) {
        self.code = code
        self.file = file
        self.field = field
        self.reason = reason
    }

    /// The file, the field and the reason on one line.
    public var description: String {
        [file, field, reason].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// The same fault with the file it was found in.
    package func named(_ file: String) -> PlacementError {
        var copy = self
        if copy.file.isEmpty { copy.file = file }
        return copy
    }
}

extension PlacementError: ReportableError {
    package var exitStatus: ExitStatus {
        switch code {
        case .malformedInput, .tooLarge: .data
        case .unreadableFile: .noInput
        case .unsupportedCombination: .usage
        }
    }
}
