import Federation
import Platform

/// Who may take part in a simulated federation: every worker under its own name at its own site, and whoever means ill
/// under names and sites of his own. What an endpoint says comes with the key that it was opened with, whatever address
/// or name the message has.
struct SimulatedIdentities {
    /// All of them.
    private(set) var registry = IdentityRegistry()

    /// The key of a name; nobody else has it.
    static func key(of name: String) -> PublicKey {
        guard let key = PublicKey(SHA256.digest(Array("key of \(name)".utf8))) else {
            preconditionFailure("a digest has the length of a key")
        }
        return key
    }

    /// Whom the key of a name names.
    static func caller(_ name: String) -> Caller { .principal(PrincipalID(firstKey: key(of: name))) }

    /// Lets somebody in, by a token as a person would.
    mutating func enrol(_ grant: Grant) {
        let token = Self.key(of: "token of \(grant.name)")
        _ = registry.step(.invited(Invitation(key: token, grant: grant, expires: 1)), at: 0)
        let request = EnrolmentRequest(
            caller: .invited(token), name: grant.name,
            enrolment: Enrolment(key: Self.key(of: grant.name), site: grant.site, domain: grant.domain))
        _ = registry.step(.enrolling(request, isHeld: false), at: 0)
    }
}

/// Nobody enrols in the middle of a simulation.
final class ClosedOffice: IdentityKeeper {
    func enrol(
        _ request: EnrolmentRequest, isHeld: Bool, answer: @escaping @Sendable (EnrolmentAnswer) -> Void
    ) {
        answer(EnrolmentAnswer(.refused, "nobody enrols here"))
    }

    func audit(_ event: AuditEvent) {}
}
