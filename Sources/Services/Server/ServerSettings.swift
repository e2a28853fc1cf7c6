package import Autoencoders
package import Federation
package import Telemetry
package import Watching

/// What a server is told.
package struct ServerSettings: Sendable {
    /// Where workers reach the control endpoint, such as `tcp://127.0.0.1:7411`.
    package var control = "tcp://127.0.0.1:7411"
    /// Where they reach the bulk endpoint.
    package var bulk = "tcp://127.0.0.1:7412"
    /// Host of the HTTP endpoint.
    package var httpHost = "127.0.0.1"
    /// Its port; 0 lets the system choose.
    package var httpPort = 7410
    /// Names under which HTTP requests may know the server, besides its host, this machine's name and `localhost`.
    package var httpNames: [String] = []
    /// How long what is no longer needed is kept.
    package var retention = Retention()
    /// The server's own folder.
    package var folder = "server-data"
    /// Whether nothing is encrypted and nobody is asked who he is; on loopback only.
    package var isPlain = false
    /// Certificate and private key of the HTTP endpoint, in PEM; `nil`: HTTP without TLS, on loopback only.
    package var certificate: (certificate: String, key: String)?
    /// What one address may have of connections.
    package var connections = ConnectionQuota.Limits()
    /// Rounds of contributions that are kept for replaying them; 0 keeps none.
    package var keptRounds = 2
    /// The target of the learning loop and how placement reaches it; `nil`: all workers work.
    package var placement: PlacementLoop.Configuration?
    /// How the workers' parameters become one vector.
    package var aggregation = AggregationRule.average
    /// How many multi-Krum stands against; `nil`: as many as it can.
    package var assumedAttackers: Int?
    /// The rounds.
    package var federation = ServerConfiguration()
    /// How groups are trained.
    package var training = TrainingConfiguration()
    /// Who depends on whom among the entities: what belongs together is one incident.
    package var dependencies = DependencyGraph()
    /// Where alarms are sent on to.
    package var forwarders: [any AlarmForwarder] = []
    /// Calendars of maintenance elsewhere.
    package var calendars: [any MaintenanceFeed] = []
    /// Makes the forwarder of a consumer that subscribes to alarms over HTTP, of its name and address; `nil` for an address
    /// that cannot be one.
    package var subscriber: @Sendable (_ name: String, _ consumer: String) -> (any AlarmForwarder)? = { _, _ in nil }
    /// Which metric belongs to which group.
    package var rules: GroupRules

    /// The defaults with the given rules.
    package init(rules: GroupRules) { self.rules = rules }
}
