/// What went wrong with something stored: one line that names the file, what was found and what was expected.
public struct StorageError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; callers decide by it, people read the description.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The file or folder does not exist.
        case missing
        /// It exists and cannot be read: permissions, a folder in place of a file, an I/O error.
        case unreadable
        /// It cannot be created, written or renamed.
        case unwritable
        /// The device is full or a quota is used up.
        case full
        /// What was read is not what was written: truncated, garbled, a checksum that does not match.
        case corrupt
        /// Well-formed, and in a version, type or size that this program does not read.
        case unsupported
        /// Another program holds it for a moment: the same may be tried again.
        case busy
        /// The embedded database reports an error.
        case database
    }

    /// The kind of failure.
    public let code: Code
    /// What was being done, such as `read` or `write`.
    public let operation: String
    /// The file or folder it was done to.
    public let path: String
    /// What was found, in words.
    public let found: String
    /// What would have been right, if it helps.
    public let expected: String?

    /// An error with every field given.
    public init(_ code: Code, operation: String, path: String, found: String, expected: String? = nil) {
        self.code = code
        self.operation = operation
        self.path = path
        self.found = found
        self.expected = expected
    }

    /// One line for people.
    public var description: String {
        let line = "cannot \(operation) \(path): \(found)" + (expected.map { " (expected \($0))" } ?? "")
        return String(line.map { $0.isNewline ? " " : $0 })
    }

    /// A bounded word for labels of logs and metrics.
    public var shortDescription: String { code.rawValue }
}

extension StorageError: ReportableError {
    package var exitStatus: ExitStatus {
        switch code {
        case .missing where operation != "read", .unwritable, .full: .cannotCreate
        case .missing, .unreadable: .noInput
        case .corrupt, .unsupported: .data
        case .busy: .unavailable
        case .database: .software
        }
    }
}
