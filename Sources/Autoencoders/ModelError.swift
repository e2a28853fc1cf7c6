package import Platform

/// What went wrong while training, reading or applying a model: one line that names the group or field, what was found
/// and what was expected.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; callers decide by it, people read the description.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// A setting is out of range.
        case invalidConfiguration
        /// There are too few samples to train on.
        case notEnoughData
        /// The loss or a weight is no longer a finite number.
        case diverged
        /// The caller asked to stop.
        case cancelled
        /// A model or checkpoint is damaged or contradicts itself.
        case corrupt
        /// A model or checkpoint of a format that this program does not read.
        case unsupportedFormat
        /// A checkpoint of other data or another configuration.
        case foreignCheckpoint
        /// Data whose groups or metrics are not those of the model.
        case schemaMismatch
    }

    /// The kind of failure.
    public let code: Code
    /// The group, file or field concerned.
    public let subject: String
    /// What was found, in words.
    public let found: String
    /// What would have been right, if it helps.
    public let expected: String?

    /// An error with every field given.
    public init(_ code: Code, subject: String, found: String, expected: String? = nil) {
        self.code = code
        self.subject = subject
        self.found = found
        self.expected = expected
    }

    /// One line for people.
    public var description: String {
        let line = "\(subject): \(found)" + (expected.map { " (expected \($0))" } ?? "")
        return String(line.map { $0.isNewline ? " " : $0 })
    }

    /// A bounded word for labels of logs and metrics.
    public var shortDescription: String { code.rawValue }
}

extension ModelError: ReportableError {
    package var exitStatus: ExitStatus { code == .invalidConfiguration ? .usage : .data }
}
