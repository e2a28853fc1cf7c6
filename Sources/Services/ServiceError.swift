package import Platform

/// Why a service cannot run.
package struct ServiceError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The kind of fault; each has an exit status of its own.
    package enum Code: String, Sendable {
        /// The configuration asks for what cannot be.
        case configuration
        /// An address is taken, or a server cannot be reached in the time given.
        case unavailable
        /// A peer speaks another version of the protocol, or refuses this one for good.
        case protocolMismatch
        /// Data on disk or from a peer cannot be used.
        case data
        /// A data folder is in use or cannot be written.
        case folder
    }

    /// The kind of fault.
    package let code: Code
    /// One line for people.
    package let description: String

    /// An error of the given kind.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension ServiceError: ReportableError {
    package var exitStatus: ExitStatus {
        switch code {
        case .configuration: .configuration
        case .unavailable, .protocolMismatch: .unavailable
        case .data: .data
        case .folder: .cannotCreate
        }
    }
}
