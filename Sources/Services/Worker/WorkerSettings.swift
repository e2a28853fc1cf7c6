package import Watching

/// What a worker is told.
package struct WorkerSettings: Sendable {
    /// Its name, unique in the federation.
    package var name: String
    /// Where it stands.
    package var site: String
    /// The domain in which samples may travel.
    package var domain: String
    /// The server's control endpoint.
    package var control = "tcp://127.0.0.1:7411"
    /// The server's bulk endpoint.
    package var bulk = "tcp://127.0.0.1:7412"
    /// The worker's own folder.
    package var folder = "worker-data"
    /// Where other workers of the domain fetch this one's samples when they serve its entities, such as
    /// `tcp://127.0.0.1:*`; `nil`: nowhere.
    package var dataAddress: String? = "tcp://127.0.0.1:*"
    /// Whether nothing is encrypted and nobody is asked who he is; on loopback only.
    package var isPlain = false
    /// What the worker enrols with where it is not enrolled yet; `nil`: it enrols by itself, on loopback.
    package var enrolmentToken: EnrolmentToken?
    /// Whether it makes itself a new key at this start, and hands it over with the old one.
    package var makesNewKey = false
    /// Whether it only offers its samples: it trains and watches nothing.
    package var standsBy = false
    /// Bytes that copies of other workers' samples may have.
    package var mirrorLimitBytes: UInt64 = 16 << 30
    /// Seconds without an answer after which a worker that never reached its server gives up; `nil`: never.
    package var connectSeconds: Double?
    /// Rows of each entity's stream that are scored in a second; 0: as fast as they can be read.
    package var rowsPerSecond = 0.0
    /// Epochs for which the final model is trained on with the worker's own samples before it scores; 0: it scores as
    /// it is.
    package var tuningEpochs = 0
    /// The detection method that raises alarms.
    package var method = "default"
    /// False alarms that thresholds allow, a day and entity.
    package var falseAlarmsPerDay = 1.0
    /// Which deviations of metrics count.
    package var deviations = DeviationRules()
    /// Samples without an alarm after which one is cleared.
    package var quietSamples = 10
    /// Where `/healthz` and `/metrics` are served, on loopback; `nil`: nowhere.
    package var http: (host: String, port: Int)?
    /// Whether the process ends when its stream has ended and every alarm is delivered.
    package var endsWithStream = false

    /// The defaults for a worker of that name at that site.
    package init(name: String, site: String) {
        self.name = name
        self.site = site
        domain = site
    }
}
