package import Platform

/// What is wrong with bytes that came from a peer, or with a contribution.
package struct FederationError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The kind of fault.
    package enum Code: String, Sendable {
        /// The first bytes are not this protocol's.
        case notThisProtocol
        /// Another protocol version.
        case unsupportedVersion
        /// A message type that this version does not know.
        case unknownType
        /// The checksum does not match.
        case corrupted
        /// The bytes end early, go on too long, or hold a value out of its range.
        case malformed
        /// Larger than the configured bound.
        case oversized
        /// A value that is not a finite number.
        case nonFinite
        /// Parameters of another number or of another schema than the model's.
        case wrongShape
        /// A norm above the configured bound.
        case overNorm
        /// Statistics that cannot be merged.
        case unusableStatistics
    }

    /// The kind of fault.
    package let code: Code
    /// One line for people: what was found, what was expected.
    package let description: String

    /// An error of the given kind.
    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

extension FederationError: ReportableError {
    package var exitStatus: ExitStatus { .data }
}
