import Platform

/// Which hosts a request may name: those under which the server is known.
///
/// A page in a browser can let a name of its own stand for the server's address (DNS rebinding) and would then read and
/// change what the server has, as if it were its own. It cannot help naming that name. Addresses cannot be rebound.
package struct HostRule: Equatable, Sendable {
    private let names: Set<String>
    /// Whether no page may ask at all, not even for what only reads.
    let refusesPages: Bool

    /// For what takes from programs alone: under whatever name it is reached, of pages none is answered. A browser says with
    /// each request that changes something of which page it is (`Origin`), and a program does not.
    package static let programsOnly = HostRule(names: [], refusesPages: true)

    /// - Parameter names: besides `localhost`.
    package init(names: [String]) { self.init(names: names, refusesPages: false) }

    private init(names: [String], refusesPages: Bool) {
        self.names = Set(names.compactMap { HostName($0)?.host } + ["localhost"])
        self.refusesPages = refusesPages
    }

    /// Whether a `Host` header may stand in a request.
    package func allows(_ header: String) -> Bool {
        guard !refusesPages else { return true }
        guard let name = HostName(header) else { return false }
        return name.isAddress || names.contains(name.host)
    }

    /// Whether an `Origin` header may stand in a request that changes something: that of this server's own page, under the name
    /// and port that the request itself names. A page that another program of the machine serves is another's.
    package func allows(origin: String, host: String?) -> Bool {
        guard !refusesPages else { return false }
        for scheme in ["http://", "https://"] where origin.hasPrefix(scheme) {
            let own = String(origin.dropFirst(scheme.count))
            return allows(own) && HostName(own) == host.flatMap(HostName.init)
        }
        return false
    }
}
