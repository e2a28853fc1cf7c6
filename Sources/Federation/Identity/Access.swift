/// How a server knows whose message it takes.
package enum Access: Sendable {
    /// It does not: a process's name stands in. On loopback only.
    case plain
    /// By the key of the connection that a message came over.
    case identified(IdentityRegistry, any IdentityKeeper)
}

/// Keeps who may take part, away from the node's thread. What it decides comes into the node's inbox, after everything
/// that follows from it holds.
package protocol IdentityKeeper: AnyObject, Sendable {
    /// Somebody hands over a key.
    ///
    /// - Parameters:
    ///   - isHeld: whether a worker of that name holds a living lease.
    ///   - answer: called once, from any thread.
    func enrol(
        _ request: EnrolmentRequest, isHeld: Bool, answer: @escaping @Sendable (EnrolmentAnswer) -> Void)
    /// Notes something in the audit log.
    func audit(_ event: AuditEvent)
}
