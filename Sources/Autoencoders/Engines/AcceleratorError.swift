package import Platform

/// Why a device could not do what it was asked to.
public struct AcceleratorError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// There is not enough memory for a network of this size.
        case outOfMemory
        /// No backend or device of that name is here.
        case notAvailable
        /// The system would not start a thread.
        case threads
        /// The device failed while it computed.
        case deviceFailed
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done, such as `training workspace`.
    public let operation: String
    /// What was found.
    public let found: String

    /// An error with every field given.
    public init(_ code: Code, _ operation: String, found: String) {
        self.code = code
        self.operation = operation
        self.found = found
    }

    /// One line for people.
    public var description: String { "\(operation): \(found)" }
}

extension AcceleratorError: ReportableError {
    package var exitStatus: ExitStatus { .unavailable }
}
