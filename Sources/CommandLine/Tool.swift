/// What all tools share.
package enum Tool {
    /// The version of the whole system.
    package static let version = "0.1.0"
}
