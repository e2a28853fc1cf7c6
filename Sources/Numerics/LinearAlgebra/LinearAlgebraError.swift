/// Why a decomposition or a solution does not exist or could not be computed.
public struct LinearAlgebraError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: Hashable, Sendable {
        /// The matrix or the right-hand side holds a NaN or an infinity.
        case notFinite
        /// The matrix has no inverse.
        case singular
        /// A Cholesky factor was asked of a matrix that is not positive definite.
        case notPositiveDefinite
        /// An iterative decomposition did not converge.
        case noConvergence
        /// LAPACK could not get memory for its work space.
        case outOfMemory
        /// An extent is larger than the 32-bit integers of this LAPACK can say.
        case tooLarge
        /// LAPACK refused an argument: a mistake of the wrapper.
        case refusedArgument
    }

    /// The kind of failure.
    public let code: Code
    /// What was being computed, such as `symmetric eigen-decomposition`.
    public let operation: String
    /// What was found.
    public let found: String

    init(_ code: Code, _ operation: String, found: String) {
        self.code = code
        self.operation = operation
        self.found = found
    }

    /// One line for people.
    public var description: String { "\(operation) failed: \(found)" }
}
