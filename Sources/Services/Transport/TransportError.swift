package import Platform

/// What the network, or the way it was asked for, makes impossible.
package struct TransportError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The kind of fault.
    package enum Code: String, Sendable {
        /// The address is no address, or one that may not be used.
        case badAddress
        /// Another process listens there.
        case addressInUse
        /// The operating system or the library refuses.
        case systemFailure
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

extension TransportError: ReportableError {
    package var exitStatus: ExitStatus { code == .badAddress ? .configuration : .unavailable }
}
