/// What an entity shows at a moment: the input of the incident machine. It holds no sample.
package struct EntityReport: Codable, Sendable, Equatable {
    /// What is going on in one kind of metric.
    package struct Evidence: Codable, Sendable, Equatable {
        /// What it says of where a fault is.
        package enum Role: String, Codable, Sendable {
            /// A resource of the entity's own.
            case own
            /// The system's work for it.
            case system
            /// How slowly it answers.
            case serving
            /// How slowly those answer that it asks.
            case calling
            /// Failures.
            case errors
            /// What others ask of it.
            case load
            /// A metric of the host it runs on.
            case host
        }
        /// The kind's name (``MetricKind/name``).
        package let kind: String
        /// What it says.
        package let role: Role
        /// Signed: positive where strained more than before; the strongest so far.
        package var value: Double
        /// The strongest within its first samples (``ChangeStream/earlySamples``), and later; without sign.
        package var early: Double
        package var late: Double
        /// When it began, in seconds.
        package var onset: Double
        /// The metric that shows it most.
        package var metric: String

        /// Evidence from its parts.
        package init(
            kind: String, role: Role, value: Double, early: Double? = nil, late: Double = 0, onset: Double,
            metric: String
        ) {
            self.kind = kind
            self.role = role
            self.value = value
            self.early = early ?? abs(value)
            self.late = late
            self.onset = onset
            self.metric = metric
        }
    }

    /// An alarm of the entity.
    package struct Alarm: Codable, Sendable, Equatable {
        /// Its id.
        package let id: String
        /// Whether it has just been raised.
        package let isNew: Bool
        /// Whether it still stands.
        package let stands: Bool

        /// An alarm from its parts.
        package init(id: String, isNew: Bool, stands: Bool) {
            self.id = id
            self.isNew = isNew
            self.stands = stands
        }
    }

    /// The place.
    package let site: String
    /// The entity's name there.
    package let entity: String
    /// When, in seconds.
    package let time: Double
    /// Seconds from one sample of the entity to the next.
    package let step: Double
    /// News in units of what makes it an incident.
    package var news: Double
    /// Everything that is going on, in the same units.
    package var activity: Double
    /// What is going on.
    package var evidence: [Evidence]
    /// Whether it shows only how users are served, and no resource of its own: it sees faults of others.
    package var isObserver: Bool
    /// Its alarm, if this is about one.
    package var alarm: Alarm?

    /// `site/entity`.
    package var key: String { "\(site)/\(entity)" }
    /// Seconds that count as one sample where incidents are put together: those between two, and not less than faults
    /// take to unfold (``ChangeModel/leastSeconds``).
    var unit: Double { max(step, ChangeModel.leastSeconds) }

    /// A report with every field given.
    package init(
        site: String, entity: String, time: Double, step: Double, news: Double, activity: Double,
        evidence: [Evidence], isObserver: Bool = false, alarm: Alarm? = nil
    ) {
        self.site = site
        self.entity = entity
        self.time = time
        self.step = step
        self.news = news
        self.activity = activity
        self.evidence = evidence
        self.isObserver = isObserver
        self.alarm = alarm
    }
}

extension EntityReport.Evidence.Role {
    /// What evidence of a kind says.
    package init(_ kind: MetricKind) {
        if kind.isHost {
            self = .host
            return
        }
        switch kind.role {
        case .own: self = .own
        case .system: self = .system
        case .errors: self = .errors
        case .load: self = .load
        case .latency: self = kind.side == .outbound ? .calling : .serving
        }
    }
}

extension ChangeStream {
    /// Whether the entity shows only how users are served.
    package var isObserver: Bool {
        kinds.allSatisfy { $0.role == .latency || $0.role == .errors || $0.role == .load } && !kinds.isEmpty
    }

    /// What the entity shows at the latest sample; `nil` where nothing is going on.
    package func report(site: String, entity: String, time: Double, step: Double) -> EntityReport? {
        let evidence = zip(kinds, courses).compactMap { kind, course in
            course.map {
                EntityReport.Evidence(
                    kind: kind.name, role: .init(kind), value: $0.peak, early: $0.early, late: $0.late,
                    onset: $0.onset, metric: model.metrics[$0.metric])
            }
        }
        guard !evidence.isEmpty else { return nil }
        return EntityReport(
            site: site, entity: entity, time: time, step: step, news: level / model.threshold,
            activity: activity / model.threshold, evidence: evidence, isObserver: isObserver)
    }
}
