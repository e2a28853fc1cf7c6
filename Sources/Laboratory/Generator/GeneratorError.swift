package import Platform

/// Why data could not be generated or faults not injected, in one line for people and one code for programs.
public struct GeneratorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of trouble; each maps to one exit status of the command line.
    public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        /// A parameter is out of its range.
        case badParameter
        /// A fault of this name is not in the catalogue.
        case unknownFault
        /// The output folder holds files already.
        case outputNotEmpty
        /// A file or a folder cannot be written.
        case cannotWrite
        /// The data are too short, or have no metric that a fault could touch.
        case unsuitableData
    }

    /// The kind of trouble.
    public let code: Code
    /// What it concerns: a parameter, a file, an entity.
    public let subject: String
    /// What was found.
    public let found: String
    /// What was expected, or what would help.
    public let expected: String

    /// An error with its facts.
    public init(_ code: Code, _ subject: String, found: String, expected: String) {
        self.code = code
        self.subject = subject
        self.found = found
        self.expected = expected
    }

    /// One line: subject, what was found, what was expected.
    public var description: String { "\(subject): found \(found); expected \(expected)" }
}

extension GeneratorError: ReportableError {
    package var exitStatus: ExitStatus {
        switch code {
        case .badParameter, .unknownFault: .usage
        case .outputNotEmpty, .cannotWrite: .cannotCreate
        case .unsuitableData: .data
        }
    }
}
