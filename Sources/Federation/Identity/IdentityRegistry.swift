import Platform

/// A token that somebody may enrol with, once and before it expires; its secret is with whoever was handed it.
package struct Invitation: Hashable, Sendable, Codable {
    /// The public half of the token's key pair.
    package var key: PublicKey
    /// What whoever comes with it gets.
    package var grant: Grant
    /// Until when, in seconds since 1970.
    package var expires: Int64
    /// Since when every look at the clock has found it expired; `nil`: the last one did not.
    package private(set) var expiredSince: Int64?

    /// An invitation with every field given.
    package init(key: PublicKey, grant: Grant, expires: Int64) {
        self.key = key
        self.grant = grant
        self.expires = expires
    }

    /// Seconds for which it is kept after it has expired. A clock that was ahead and is put right makes it good again; nothing is
    /// decided for good by one look at it.
    private static let keptSeconds: Int64 = 7 * 86_400

    /// Whether a look at the clock changes what is known of its end.
    package func isNews(at seconds: Int64) -> Bool {
        guard expires <= seconds else { return expiredSince != nil }
        return expiredSince.map { seconds < $0 || seconds - $0 >= Self.keptSeconds } ?? true
    }

    /// Looks at the clock.
    ///
    /// - Returns: whether it is to be forgotten: it has been found expired for long, without a look that said otherwise.
    mutating func isOver(at seconds: Int64) -> Bool {
        guard expires <= seconds else {
            expiredSince = nil
            return false
        }
        guard let since = expiredSince, since <= seconds else {
            expiredSince = seconds
            return false
        }
        return seconds - since >= Self.keptSeconds
    }
}

/// What happens to a registry of principals.
package enum IdentityEvent: Sendable {
    /// An operator made a token.
    case invited(Invitation)
    /// Somebody hands over a key.
    ///
    /// - Parameter isHeld: whether a worker of that name holds a living lease.
    case enrolling(EnrolmentRequest, isHeld: Bool)
    /// A principal has come with this key: an older one of its own is not needed any more.
    case connected(PrincipalID, with: PublicKey)
    /// An operator lets many in at once, each with a key; a flawed grant, and one whose name or key is another's, is left
    /// out.
    case admitted([(grant: Grant, key: PublicKey)])
    /// An operator shuts the principal of that name out.
    case revoked(name: String)
    /// Time has passed.
    case tick
}

/// What follows from it.
package enum IdentityDirective: Equatable, Sendable {
    /// Say so to whoever asked.
    case answer(EnrolmentAnswer)
    /// Write this into the audit log.
    case audit(AuditEvent)
}

/// Who may take part, as what, with which key: a value that takes events and a time. Secrets are not in it.
package struct IdentityRegistry: Hashable, Sendable, Codable {
    /// Most principals, those that were shut out included; the oldest of these make room.
    package static let mostPrincipals = 16_384
    /// Most tokens that wait.
    package static let mostInvitations = 1_024

    /// Everybody, in the order in which they came.
    package private(set) var principals: [Principal] = []
    /// Tokens that nobody has used yet.
    package private(set) var invitations: [Invitation] = []

    /// A registry of nobody.
    package init() {}

    /// Those that are in.
    package var active: [Principal] { principals.filter { $0.revoked == nil } }

    /// The principal that is in under a name.
    package func principal(named name: String) -> Principal? {
        principals.first { $0.grant.name == name && $0.revoked == nil }
    }

    /// Whether an operator shut out whoever had a name, and has not said since that it may come back: he does with a token
    /// that has not expired.
    package func isShutOut(_ name: String, at seconds: Int64) -> Bool {
        principal(named: name) == nil && principals.contains { $0.grant.name == name }
            && !invitations.contains { $0.grant.name == name && $0.expires > seconds }
    }

    /// Whether an entity may be of a domain: somebody of the domain may have it.
    package func covers(_ entity: String, inDomain domain: String) -> Bool {
        principals.contains { $0.revoked == nil && $0.grant.domain == domain && $0.grant.covers(entity) }
    }

    /// Whom each key names; those of tokens that have expired name nobody.
    package func callers(at seconds: Int64) -> [PublicKey: Caller] {
        var callers: [PublicKey: Caller] = [:]
        for invitation in invitations where invitation.expires > seconds {
            callers[invitation.key] = .invited(invitation.key)
        }
        for principal in principals where principal.revoked == nil {
            for key in principal.keys { callers[key] = .principal(principal.id) }
        }
        return callers
    }

    /// One event, at its time in seconds since 1970; what follows.
    package mutating func step(_ event: IdentityEvent, at seconds: Int64) -> [IdentityDirective] {
        switch event {
        case .invited(let invitation): return invite(invitation, at: seconds)
        case .enrolling(let request, let isHeld): return enrol(request, isHeld: isHeld, at: seconds)
        case .connected(let id, let key):
            guard let index = principals.firstIndex(where: { $0.id == id }), principals[index].keys.count > 1,
                principals[index].keys.last == key
            else { return [] }
            principals[index].keys = [key]
            return [.audit(AuditEvent(.rotated, of: principals[index].grant.name, "the old key is no longer taken"))]
        case .admitted(let many): return admit(many, at: seconds)
        case .revoked(let name):
            guard let index = principals.firstIndex(where: { $0.grant.name == name && $0.revoked == nil }) else {
                guard invitations.contains(where: { $0.grant.name == name }) else { return [] }
                invitations.removeAll { $0.grant.name == name }
                return [.audit(AuditEvent(.revoked, of: name, "a token that nobody had used"))]
            }
            principals[index].revoked = seconds
            invitations.removeAll { $0.grant.name == name }
            return [.audit(AuditEvent(.revoked, of: name, "key \(principals[index].keys.last?.description ?? "")"))]
        case .tick:
            var expired: [Invitation] = []
            invitations = invitations.compactMap { invitation in
                var invitation = invitation
                let wasGood = invitation.expiredSince == nil
                if invitation.isOver(at: seconds) { return nil }
                if wasGood, invitation.expiredSince != nil { expired.append(invitation) }
                return invitation
            }
            return expired.map { .audit(AuditEvent(.expired, of: $0.grant.name, "a token that nobody had used")) }
        }
    }

    private mutating func invite(_ invitation: Invitation, at seconds: Int64) -> [IdentityDirective] {
        invitations.removeAll { $0.grant.name == invitation.grant.name }
        if invitations.count >= Self.mostInvitations {
            // One that nobody can use now goes first.
            invitations.remove(at: invitations.firstIndex { $0.expires <= seconds } ?? 0)
        }
        invitations.append(invitation)
        return [.audit(AuditEvent(.invited, of: invitation.grant.name, Self.line(invitation.grant)))]
    }

    // MARK: Enrolment

    private mutating func enrol(
        _ request: EnrolmentRequest, isHeld: Bool, at seconds: Int64
    ) -> [IdentityDirective] {
        let key = request.enrolment.key
        switch request.caller {
        case .anybody, .reader: return refuse(request, "nobody without a key enrols here")
        case .principal(let id):
            guard let index = principals.firstIndex(where: { $0.id == id && $0.revoked == nil }) else {
                return refuse(request, "this key is not enrolled")
            }
            if principals[index].keys.contains(key) { return [.answer(EnrolmentAnswer(.accepted))] }
            guard !isTaken(key) else { return refuse(request, "the new key is another's already") }
            // The old one is taken until the new one has been used: an answer may be lost on its way.
            principals[index].keys = [principals[index].keys.first ?? key, key]
            return [
                .answer(EnrolmentAnswer(.accepted)),
                .audit(AuditEvent(.rotated, of: principals[index].grant.name, "to key \(key)")),
            ]
        case .invited(let token):
            guard let invitation = invitations.first(where: { $0.key == token && $0.expires > seconds }) else {
                return refuse(request, "this token was used already, or has expired")
            }
            guard request.name == invitation.grant.name else {
                return refuse(request, "this token is for a worker named '\(invitation.grant.name)'")
            }
            // Who comes again with a new word has the key that he had.
            guard !isTaken(key) || principal(named: request.name)?.keys.contains(key) == true else {
                return refuse(request, "the key is another's already")
            }
            invitations.removeAll { $0.key == token }
            return admit(invitation.grant, key, .token, at: seconds)
        case .local: return enrolLocally(request, isHeld: isHeld, at: seconds)
        }
    }

    /// Whoever can read what only the server's own user can may take any name that is free: one that nobody has, that
    /// is its own already, or that came the same way and under which no worker lives.
    private mutating func enrolLocally(
        _ request: EnrolmentRequest, isHeld: Bool, at seconds: Int64
    ) -> [IdentityDirective] {
        let key = request.enrolment.key
        let grant = Grant(
            name: request.name, site: request.enrolment.site, domain: request.enrolment.domain, entities: [.all])
        if let flaw = grant.flaw { return refuse(request, flaw) }
        if let old = principal(named: request.name) {
            if old.keys.contains(key), old.origin == .token || old.grant == grant {
                return [.answer(EnrolmentAnswer(.accepted))]
            }
            guard old.origin == .local else {
                return refuse(request, "the name '\(request.name)' belongs to a worker that was enrolled by a token")
            }
            guard old.keys.contains(key) || !isHeld else {
                return [
                    .answer(
                        EnrolmentAnswer(.later, "a worker named \(request.name) is alive: give this one another name"))
                ]
            }
        }
        // Whom an operator shut out does not let himself in again.
        if principal(named: request.name) == nil,
            principals.contains(where: { $0.grant.name == request.name || $0.keys.contains(key) })
        {
            return refuse(
                request, "the worker '\(request.name)' was shut out: a token ('fl-server enrol') lets it in again")
        }
        if let other = principals.first(where: { $0.revoked == nil && $0.keys.contains(key) }),
            other.grant.name != request.name
        {
            return refuse(request, "this key is that of the worker '\(other.grant.name)'")
        }
        return admit(grant, key, .local, at: seconds)
    }

    /// Lets a key in; whoever had the name before is the same principal with another key.
    private mutating func admit(
        _ grant: Grant, _ key: PublicKey, _ origin: Principal.Origin, at seconds: Int64
    ) -> [IdentityDirective] {
        let audit: AuditEvent
        if let index = principals.firstIndex(where: { $0.grant.name == grant.name && $0.revoked == nil }) {
            let (changes, isSame) = (principals[index].grant != grant, principals[index].keys == [key])
            principals[index].grant = grant
            principals[index].keys = [key]
            principals[index].origin = origin
            audit = AuditEvent(
                changes ? .changed : isSame ? .enrolled : .rotated, of: grant.name, "\(Self.line(grant)), key \(key)")
        } else {
            makeRoom()
            guard principals.count < Self.mostPrincipals else {
                return [.answer(EnrolmentAnswer(.refused, "the server knows as many workers as it can"))]
            }
            principals.append(
                Principal(
                    id: freshID(key), grant: grant, keys: [key], origin: origin, enrolled: seconds))
            audit = AuditEvent(.enrolled, of: grant.name, "\(origin.rawValue), \(Self.line(grant)), key \(key)")
        }
        return [.answer(EnrolmentAnswer(.accepted)), .audit(audit)]
    }

    /// Lets many in that are not here yet, in one pass over those that are.
    private mutating func admit(
        _ many: [(grant: Grant, key: PublicKey)], at seconds: Int64
    ) -> [IdentityDirective] {
        var names = Set(active.map(\.grant.name))
        var keys = Set(active.flatMap(\.keys) + invitations.map(\.key))
        var ids = Set(principals.map(\.id))
        var directives: [IdentityDirective] = []
        for (grant, key) in many where principals.count < Self.mostPrincipals && grant.flaw == nil {
            let id = PrincipalID(firstKey: key)
            guard !names.contains(grant.name), !keys.contains(key), ids.insert(id).inserted else { continue }
            names.insert(grant.name)
            keys.insert(key)
            principals.append(Principal(id: id, grant: grant, keys: [key], origin: .token, enrolled: seconds))
            directives.append(
                .audit(AuditEvent(.enrolled, of: grant.name, "operator, \(Self.line(grant)), key \(key)")))
        }
        return directives
    }

    /// A key may come again after it was revoked under the same name: that makes another principal.
    private func freshID(_ key: PublicKey) -> PrincipalID {
        var id = PrincipalID(firstKey: key)
        while principals.contains(where: { $0.id == id }) {
            let digest = SHA256.digest(Array(id.description.utf8))
            id = PublicKey(digest).map(PrincipalID.init(firstKey:)) ?? id
        }
        return id
    }

    private mutating func makeRoom() {
        guard principals.count >= Self.mostPrincipals,
            let oldest = principals.indices.filter({ principals[$0].revoked != nil }).min(by: {
                principals[$0].revoked ?? 0 < principals[$1].revoked ?? 0
            })
        else { return }
        principals.remove(at: oldest)
    }

    /// Whether a key names somebody.
    private func isTaken(_ key: PublicKey) -> Bool {
        principals.contains { $0.revoked == nil && $0.keys.contains(key) } || invitations.contains { $0.key == key }
    }

    private func refuse(_ request: EnrolmentRequest, _ text: String) -> [IdentityDirective] {
        [
            .answer(EnrolmentAnswer(.refused, text)),
            .audit(AuditEvent(.refused, of: PrintableText.line(request.name, limit: 120), "enrolment: \(text)")),
        ]
    }

    private static func line(_ grant: Grant) -> String {
        "site \(grant.site), domain \(grant.domain), entities "
            + grant.entities.map(\.description).joined(separator: " ") + ", roles "
            + grant.roles.map(\.rawValue).joined(separator: " ")
    }
}
