import CommandLine
import Services
import Telemetry
import Watching

/// What came of a demo: what travelled and what was found.
struct DemoSummary {
    /// One fault that was put into the data.
    struct Fault {
        var entity: String
        var segment: AnomalySegment
        /// Rows from its onset to the first alarm; `nil` when it was not found.
        var delay: Int?
    }

    /// One alarm from its raising to its clearing.
    private struct Episode {
        var first: AlarmEvent
        var last: AlarmEvent
        var rows: ClosedRange<Int> { first.onset.index...max(first.onset.index, last.at.index) }
    }

    let faults: [Fault]
    let alarmCount: Int
    let falseAlarms: Int
    /// The event of the alarm with the highest score among those that a fault explains.
    let worst: AlarmEvent?
    private let rounds: [DemoAPI.Round]
    private let updateBytes: UInt64
    private let modelBytes: UInt64
    private let alarmBytes: Int
    private let rawBytes: Int
    private let trainingSeconds: Double
    private let seconds: Double

    init(
        rounds: DemoAPI.Rounds, alarms: [AlarmEvent], sources: [EntitySource], workers: Int, trainingSeconds: Double,
        seconds: Double
    ) throws {
        self.rounds = rounds.rounds.filter(\.committed)
        self.trainingSeconds = trainingSeconds
        self.seconds = seconds
        updateBytes = rounds.rounds.reduce(0) { $0 + $1.contributions.reduce(0) { $0 + $1.bytes } }
        modelBytes = rounds.rounds.reduce(0) { $0 + UInt64($1.modelBytes * workers) }
        alarmBytes = try alarms.reduce(0) { try $0 + $1.encoded().count }
        rawBytes = sources.reduce(0) { $0 + TelemetryLearner.bytes(of: $1) }

        var episodes: [String: Episode] = [:]
        for event in alarms {
            episodes[event.id] = Episode(first: episodes[event.id]?.first ?? event, last: event)
        }
        alarmCount = episodes.count
        var faults: [Fault] = []
        var explained: Set<String> = []
        for source in sources where source.part == .test {
            guard let file = source.interpretationFile else { continue }
            let mine = episodes.values.filter { "\($0.first.site)/\($0.first.entity)" == source.key }
            for segment in try AnomalySegment.read(contentsOf: file) where !segment.rows.isEmpty {
                // An alarm that begins after the end of a fault is none of its own.
                let hits = mine.filter { segment.rows.overlaps($0.rows) }
                explained.formUnion(hits.map(\.first.id))
                let delay = hits.map { max(0, $0.first.onset.index - segment.rows.lowerBound) }.min()
                faults.append(Fault(entity: source.key, segment: segment, delay: delay))
            }
        }
        self.faults = faults
        falseAlarms = episodes.count - explained.count
        worst = episodes.filter { explained.contains($0.key) }.map(\.value.last)
            .max { ($0.score, $1.id) < ($1.score, $0.id) }
    }

    /// The summary as people read it.
    var text: String {
        let training = rounds.filter { $0.kind == "training" }
        let losses = (training.map(\.lossBefore) + rounds.filter { $0.kind == "evaluation" }.map(\.lossBefore))
            .compactMap { $0 }
        let found = faults.filter { $0.delay != nil }
        let delays = found.compactMap(\.delay).sorted()
        var table = Table(["what", "how much"])
        table.add(["rounds of training", "\(training.count)"])
        table.add(["held-out loss", losses.map { Quantity.number($0, digits: 4) }.joined(separator: " → ")])
        table.add([
            "time",
            "\(Quantity.fixed(trainingSeconds, 1)) s to the final model, \(Quantity.fixed(seconds, 1)) s in all",
        ])
        table.add([
            "bytes sent",
            "\(Quantity.bytes(Int(clamping: updateBytes))) statistics and updates, "
                + "\(Quantity.bytes(Int(clamping: modelBytes))) models, \(Quantity.bytes(alarmBytes)) alarms",
        ])
        table.add(["raw samples that stayed home", Quantity.bytes(rawBytes)])
        table.add(["faults injected", "\(faults.count)"])
        table.add([
            "faults found",
            "\(found.count)"
                + (delays.isEmpty ? "" : ", half of them within \(Quantity.count(delays[delays.count / 2], "row"))"),
        ])
        let missed = faults.filter { $0.delay == nil }.map { "\($0.segment.type) (\($0.entity))" }
        if !missed.isEmpty {
            let more = missed.count > 6 ? " and \(missed.count - 6) more" : ""
            table.add(["faults missed", missed.prefix(6).joined(separator: ", ") + more])
        }
        table.add(["alarms", "\(alarmCount), of them \(falseAlarms) false"])
        return table.text
    }
}
