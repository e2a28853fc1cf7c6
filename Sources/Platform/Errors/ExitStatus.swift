/// Process exit statuses, after BSD's `sysexits.h`.
package struct ExitStatus: Error, Hashable, Sendable {
    /// What the process hands to the system.
    package let code: Int32

    /// An exit status of a tool's own, such as 3 for an infeasible placement.
    package init(code: Int32) { self.code = code }

    /// All went well (0).
    package static let success = ExitStatus(code: 0)
    /// The command line is wrong (64).
    package static let usage = ExitStatus(code: 64)
    /// Input data is wrong (65).
    package static let data = ExitStatus(code: 65)
    /// An input file is missing or cannot be read (66).
    package static let noInput = ExitStatus(code: 66)
    /// A service or a device is not there (69).
    package static let unavailable = ExitStatus(code: 69)
    /// A bug in this program (70).
    package static let software = ExitStatus(code: 70)
    /// An output file cannot be created (73).
    package static let cannotCreate = ExitStatus(code: 73)
    /// The configuration is wrong (78).
    package static let configuration = ExitStatus(code: 78)
}
