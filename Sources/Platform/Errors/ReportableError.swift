/// An error that a person may cause and should read: one line, and the status with which a tool leaves.
///
/// Each module's error is one; a tool reports any other error as its own bug.
package protocol ReportableError: Error, CustomStringConvertible {
    /// What a tool leaves with.
    var exitStatus: ExitStatus { get }
}
