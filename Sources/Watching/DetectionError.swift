package import Platform

/// What went wrong in scoring, calibrating or evaluating, in one line for people.
public struct DetectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of failure; the command line maps it to an exit status.
    public enum Code: String, Sendable {
        /// The data do not have the form that the operation needs.
        case invalidData
        /// There is too little of the data to compute what was asked for.
        case insufficientData
        /// A model or calibration does not fit the data that it is applied to.
        case mismatch
        /// A file cannot be read or written.
        case fileAccess
        /// An option has a value that makes no sense.
        case invalidOption
        /// It is no longer wanted.
        case cancelled
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done, such as `reading scores`.
    public let operation: String
    /// What was found and what was expected.
    public let detail: String
    /// The file it happened in, if one is known.
    public let file: String?
    /// The line of that file, counted from 1, if one is known.
    public let line: Int?

    package init(_ code: Code, _ operation: String, _ detail: String, file: String? = nil, line: Int? = nil) {
        self.code = code
        self.operation = operation
        self.detail = detail
        self.file = file
        self.line = line
    }

    /// One line: place, operation, what was found and what was expected.
    public var description: String {
        let place = [file, line.map(String.init)].compactMap(\.self).joined(separator: ":")
        return (place.isEmpty ? "" : "\(place): ") + "\(operation): \(detail)"
    }
}

extension DetectionError {
    /// The result is no longer wanted.
    init(cancelled operation: String) { self.init(.cancelled, operation, "stopped, nobody waits for it any more") }

    /// An option names a method that does not exist.
    package init(unknownMethod name: String, among names: [String]) {
        self.init(
            .invalidOption, "choosing a method", "“\(name)” is none; there are \(names.joined(separator: ", "))")
    }
}

extension DetectionError: ReportableError {
    package var exitStatus: ExitStatus {
        switch code {
        case .invalidData, .insufficientData, .mismatch: .data
        case .fileAccess: .noInput
        case .invalidOption: .usage
        case .cancelled: .software
        }
    }
}
