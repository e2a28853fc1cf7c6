package import Platform

/// Why an engine did not do something.
package struct EngineError: Error, Equatable, Sendable {
    /// The kind of trouble.
    package enum Code: Sendable {
        /// Nobody answers, or too slowly: ask again later.
        case unavailable
        /// It does not want this; asking again the same does not help.
        case refused
        /// Its answer cannot be read.
        case unreadable
        /// What it is asked with is wrong: options, files, names.
        case configuration
    }

    /// The kind of trouble.
    package var code: Code
    /// One line for people.
    package var text: String

    /// An error with its line.
    package init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }
}

extension EngineError: ReportableError {
    package var description: String { text }

    package var exitStatus: ExitStatus {
        switch code {
        case .unavailable: .unavailable
        case .refused, .unreadable: .data
        case .configuration: .configuration
        }
    }
}
