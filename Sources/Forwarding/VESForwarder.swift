import CommandLine
import Foundation
import Platform
import Services
import Watching

/// Posts to a collector of ONAP as a source of the VES listener 7.2: each event of an alarm as a fault, as the crossing of a
/// threshold, or as both, and at intervals that the server is there and how its watching goes.
struct VESForwarder: AlarmForwarder {
    /// What a collector may get.
    private enum Domain: String, CaseIterable {
        case fault, thresholdCrossingAlert, heartbeat, measurement
    }

    let name: String
    let kind = "ves"
    let limits = DeliveryMachine.Limits()
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    let beats: [Beat]
    private let domains: [Domain]
    /// One for each thread: alarms, and beats.
    private let posters: (alarms: HTTPPoster, beats: HTTPPoster)
    private let reporter: String

    private static let mediaType = "application/json"

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        let url = try fields.address("url", schemes: ["http", "https"])
        let (headers, authority) = (try fields.headers("headers"), try fields.certificates("ca"))
        posters = (
            HTTPPoster(url: url.text, headers: headers, authority: authority),
            HTTPPoster(url: url.text, headers: headers, authority: authority)
        )
        reporter = try fields.text("reporter", default: "faultline", most: 255)
        let words = try fields.words(
            "domains", among: Domain.allCases.map(\.rawValue),
            default: [Domain.fault, .heartbeat].map(\.rawValue))
        domains = Domain.allCases.filter { words.contains($0.rawValue) }
        let heartbeat = try fields.number("heartbeatSeconds", 1...86_400) ?? 60
        let measurement = try fields.number("measurementSeconds", 1...86_400) ?? 300
        beats = domains.compactMap { domain in
            switch domain {
            case .heartbeat: Beat(.heartbeat, everySeconds: heartbeat)
            case .measurement: Beat(.measurement, everySeconds: measurement)
            case .fault, .thresholdCrossingAlert: nil
            }
        }
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        // What an alarm that is over looks like does not raise it again.
        for letter in letters where letter.event.isOver != true {
            let now = Date.now.timeIntervalSince1970
            for domain in domains {
                let document: JSONValue
                switch domain {
                case .fault: document = VESEvent.fault(letter.event, reporter: reporter, now: now)
                case .thresholdCrossingAlert:
                    document = VESEvent.crossing(
                        letter.event, reporter: reporter, now: now, hasFault: domains.contains(.fault))
                case .heartbeat, .measurement: continue
                }
                let outcome = posters.alarms.post(
                    Array(document.description.utf8), type: Self.mediaType, trace: letter.trace)
                // What is refused of a crossing behind a fault is lost: the alarm itself has arrived.
                if case .refused = outcome, domain == .thresholdCrossingAlert, domains.contains(.fault) { continue }
                guard outcome == .taken else { return outcome }
            }
        }
        return .taken
    }

    func send(_ beat: Beat, number: Int64, _ figures: WatchFigures, before: WatchFigures?) -> DeliveryOutcome {
        let now = Date.now.timeIntervalSince1970
        let document =
            switch beat.kind {
            case .heartbeat: VESEvent.heartbeat(beat, number: number, figures, reporter: reporter, now: now)
            case .measurement:
                VESEvent.measurement(beat, number: number, figures, before: before, reporter: reporter, now: now)
            }
        return posters.beats.post(Array(document.description.utf8), type: Self.mediaType, trace: nil)
    }
}
