/// One step in the life of an alarm, as it travels from worker to server and out on the feed.
///
/// As JSON with the names below; times are seconds in the entity's own clock, indices are rows of its stream.
package struct AlarmEvent: Codable, Equatable, Sendable {
    /// Where in its life an alarm is.
    package enum State: String, Codable, Sendable, CaseIterable {
        /// It begins.
        case raised
        /// It is worse than before, touches more groups, or looks like something else now.
        case changed
        /// What it looks like is known: its signature covers enough samples to tell one kind of fault from another.
        /// Once in an alarm's life, before or after it is cleared.
        case settled
        /// It is over.
        case cleared
    }

    /// How far beyond its threshold the score was, and how much of the entity deviates, in the words of ITU-T X.733
    /// (perceived severity).
    package enum Severity: String, Codable, Sendable, CaseIterable, Comparable {
        /// Just above.
        case warning
        /// Beyond 1.5 times the threshold.
        case minor
        /// Beyond twice the threshold.
        case major
        /// Beyond four times the threshold.
        case critical

        /// The severity of a score that is `ratio` times its threshold.
        package init(ratio: Double) {
            self = ratio >= 4 ? .critical : ratio >= 2 ? .major : ratio >= 1.5 ? .minor : .warning
        }

        /// The severity of such a score where `groups` of the entity's `count` resource groups exceed thresholds of their
        /// own: a level more where these are at least three, and at least half.
        package init(ratio: Double, groups: Int, of count: Int) {
            let own = Severity(ratio: ratio)
            let isWide = groups >= 3 && 2 * groups >= count
            self = isWide ? Self.allCases[min(own.rank + 1, Self.allCases.count - 1)] : own
        }

        /// Whether `a` is less severe.
        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// A point in an entity's stream.
    package struct Point: Codable, Equatable, Sendable {
        /// Row of the stream.
        package var index: Int
        /// Seconds in the entity's clock.
        package var time: Double

        /// A point with every field given.
        package init(index: Int, time: Double) {
            self.index = index
            self.time = time
        }

        enum CodingKeys: String, CodingKey { case index, time }

        /// Reads a point.
        ///
        /// - Throws: `DecodingError` for a row that no stream has: nothing that is computed from rows overflows.
        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            index = try container.decode(Int.self, forKey: .index)
            time = try container.decode(Double.self, forKey: .time)
            guard (0...AlarmEvent.mostRows).contains(index) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .index, in: container,
                    debugDescription: "found row \(index), expected 0 to \(AlarmEvent.mostRows)")
            }
        }
    }

    /// A metric's part in the deviation.
    package struct Cause: Codable, Equatable, Sendable {
        /// `<layer>.<group>`.
        package var group: String
        /// The metric.
        package var metric: String
        /// Its share of the whole deviation, 0…1.
        package var share: Double
        /// Its deviation in units of normal spread, positive when above normal, negative when below.
        package var deviation: Double

        /// A cause with every field given.
        package init(group: String, metric: String, share: Double, deviation: Double) {
            self.group = group
            self.metric = metric
            self.share = share
            self.deviation = deviation
        }
    }

    /// What the server's fault library makes of the signature.
    package struct Fault: Codable, Equatable, Sendable {
        /// The known fault; ``unknown`` when none is near enough.
        package var name: String
        /// The nearest known fault, near enough or not; `nil` when none is known.
        package var nearest: String?
        /// Likeness to the nearest known fault, 0…1.
        package var similarity: Double
        /// High only when one fault fits and no other does, 0…1; 0 when unknown.
        package var confidence: Double

        /// The name of what no known fault is like; no fault may have it.
        package static let unknown = "unknown"

        /// A naming with every field given.
        package init(name: String, nearest: String?, similarity: Double, confidence: Double) {
            self.name = name
            self.nearest = nearest
            self.similarity = similarity
            self.confidence = confidence
        }
    }

    /// Names the alarm among all: the same anomaly of the same stream has the same name, whoever finds it.
    package var id: String
    /// Counts the events of one alarm from 0.
    package var revision: Int
    /// Where in its life it is.
    package var state: State
    /// Where.
    package var site: String
    /// What.
    package var entity: String
    /// Who found it.
    package var worker: String
    /// How bad it has been at worst.
    package var severity: Severity
    /// When it began.
    package var onset: Point
    /// When this event happened.
    package var at: Point
    /// The last sample so far in which it stood.
    package var lastAlarm: Point?
    /// The entity's combined score at its worst, in units of its threshold.
    package var score: Double
    /// Resource groups whose own thresholds were exceeded so far, sorted.
    package var groups: [String]
    /// Of each of these the score at its worst, in units of its own threshold; `nil` where nobody looked.
    package var groupScores: [String: Double]?
    /// The fingerprint: the metrics that deviate the most; first up to three of the group where it most likely began,
    /// the largest share first, then the others.
    package var fingerprint: [Cause]
    /// What tells this kind of fault from another; `nil` where nothing is known of it.
    package var signature: FaultSignature?
    /// Samples that the signature covers.
    package var signatureSamples: Int?
    /// The first of them: the onset, or where the alarm began to look like something else.
    package var signatureStart: Point?
    /// The known fault it is like, by the library of the server that shows the event; never in a worker's or in the
    /// log.
    package var fault: Fault?
    /// The incident that it belongs to, by the server that shows the event; never in a worker's or in the log.
    package var incident: String?
    /// What operators said of it, by the server that shows the event; never in a worker's or in the log.
    package var handling: Handling?
    /// How often in a row the entity's alarms came back soon after they were over, this one included; `nil`: it did not.
    package var flaps: Int?
    /// Largest reconstruction error of the federated autoencoders so far, in units of its own threshold.
    package var reconstruction: Double?
    /// The model version that found it.
    package var modelVersion: UInt64
    /// Of a settled event: whether the alarm was over before; absent where it was not.
    package var isOver: Bool?
    /// Whether it was found by what was learned of the entity's own first rows, before a version of the federation knew it.
    package var isLearning: Bool?
    /// How far the thresholds that decided can be trusted, where the model says so.
    package var confidence: ModelConfidence.Level?
    /// What is wrong with the watching, where the event is of that: no anomaly, and no model found it.
    package var quality: Quality?
    /// Its number in the server's log; `nil` before it has one.
    package var sequence: Int64?
    /// The federation in whose log it is, with ``id`` its name in the world; `nil` before it is in one.
    package var federation: String?

    /// An event with every field given.
    package init(
        id: String, revision: Int, state: State, site: String, entity: String, worker: String, severity: Severity,
        onset: Point, at: Point, lastAlarm: Point? = nil, score: Double, groups: [String], fingerprint: [Cause],
        signature: FaultSignature? = nil, signatureSamples: Int? = nil, signatureStart: Point? = nil,
        fault: Fault? = nil, incident: String? = nil, reconstruction: Double?,
        modelVersion: UInt64, sequence: Int64? = nil
    ) {
        self.id = id
        self.revision = revision
        self.state = state
        self.site = site
        self.entity = entity
        self.worker = worker
        self.severity = severity
        self.onset = onset
        self.at = at
        self.lastAlarm = lastAlarm
        self.score = score
        self.groups = groups
        self.fingerprint = fingerprint
        self.signature = signature
        self.signatureSamples = signatureSamples
        self.signatureStart = signatureStart
        self.fault = fault
        self.incident = incident
        self.reconstruction = reconstruction
        self.modelVersion = modelVersion
        self.sequence = sequence
    }
}
