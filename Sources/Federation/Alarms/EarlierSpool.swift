/// A name that a spool had at an earlier start of its worker, under which the server may know its alarms.
package struct EarlierSpool: Equatable, Sendable {
    /// The name.
    package var spool: UInt64
    /// The last alarm that it had when the next start took another name: up to this one the numbers are the same alarms.
    package var latest: UInt64

    /// A name with every field given.
    package init(spool: UInt64, latest: UInt64) {
        self.spool = spool
        self.latest = latest
    }
}
