/// A kind of fault: the shape it has in time, and what it does to which metrics.
public struct FaultKind: Hashable, Sendable {
    /// How a fault unfolds between its onset and its end.
    public enum Shape: String, Hashable, Sendable, Codable, CaseIterable {
        /// To full size within a few rows, and back at the end.
        case step
        /// Growing evenly to full size, released at the end.
        case ramp
        /// Full size in short bursts, about a third of the time.
        case spikes
        /// Back and forth between nothing and full size.
        case oscillation
        /// The metric repeats its last value.
        case freeze
        /// The level stays, the scatter grows: added noise whose standard deviation is the severity.
        case variance
        /// The metric shows its values of another time: nothing unusual by itself, but nothing fits together.
        case decorrelation
    }

    /// What a fault does to the metrics that a rule selects.
    public struct Effect: Hashable, Sendable {
        /// Resource groups without their layer, such as `cpu`; a metric of one of them is selected. Empty: every group.
        public var groups: [String]
        /// Parts of metric names, in lower case; a selected metric contains one of them, or is the one after a `=`. Empty:
        /// every name.
        public var names: [String]
        /// Parts of metric names that exclude a metric.
        public var except: [String]
        /// The signed size in units of the fault's severity: 1 is full size upwards.
        public var weight: Double
        /// When the effect begins, as a share of the fault's duration: later effects follow from earlier ones.
        public var delay: Double

        /// An effect from its parts.
        public init(
            groups: [String] = [], names: [String] = [], except: [String] = [], weight: Double, delay: Double = 0
        ) {
            self.groups = groups
            self.names = names
            self.except = except
            self.weight = weight
            self.delay = delay
        }

        func selects(name: String, group: String) -> Bool {
            let groupFits = groups.isEmpty || groups.contains(group)
            let nameFits = names.isEmpty || names.contains { Self.fits(name, $0) }
            return groupFits && nameFits && !except.contains { Self.fits(name, $0) }
        }

        private static func fits(_ name: String, _ part: String) -> Bool {
            part.hasPrefix("=") ? name == part.dropFirst() : name.contains(part)
        }
    }

    /// The name in label files, in kebab case.
    public var name: String
    /// One sentence: what happens.
    public var summary: String
    /// How it unfolds.
    public var shape: Shape
    /// What it does; for each metric the first effect that selects it counts.
    public var effects: [Effect]
    /// Shortest and longest duration as a share of the room that a fault gets.
    public var duration: ClosedRange<Double>

    /// A kind of fault from its parts.
    public init(
        _ name: String, _ summary: String, shape: Shape, effects: [Effect], duration: ClosedRange<Double> = 0.2...0.4
    ) {
        self.name = name
        self.summary = summary
        self.shape = shape
        self.effects = effects
        self.duration = duration
    }

    /// From this size on, an effect is the fault's own: a fault fits an entity only if it has such a metric there, since
    /// what merely follows from it would not tell it from others.
    static let ownWeight = 0.9

    /// The effect on a metric, or `nil` where the fault leaves it alone.
    func effect(onMetric name: String, group: String) -> Effect? {
        let name = name.lowercased()
        let group = Self.resource(of: group)
        return effects.first { $0.selects(name: name, group: group) }.flatMap { $0.weight == 0 ? nil : $0 }
    }

    /// The resource group without layer and entity type: `cpu` for `physical.cpu@enb`.
    static func resource(of group: String) -> String {
        let name = group.prefix { $0 != "@" }
        return String(name.split(separator: ".").last ?? "").lowercased()
    }
}
