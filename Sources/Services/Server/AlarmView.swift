import Foundation
import Watching

/// How the log's events are shown: with their incident, their fault by the library, and what operators said of them.
struct AlarmView: Sendable {
    /// The library that names faults.
    let names: FaultLibraryStore
    /// The incidents.
    let incidents: IncidentBook
    /// What operators said.
    let operations: OperatorStore
    /// Whether events go without their signatures, which make up most of them and which no person reads.
    var isBrief = false
    /// Whether each event goes in an envelope of CloudEvents.
    var isEnveloped = false

    /// How events are shown where that is said.
    static let form = WordParameter(
        name: "form", words: ["brief", "cloudevents"],
        text: "Without signatures, or each in an envelope of CloudEvents 1.0.")

    /// The view of a request.
    func asked(by request: HTTPRequest) throws(Problem) -> AlarmView {
        let form = try request.value(Self.form)
        var view = self
        view.isBrief = form == "brief"
        view.isEnveloped = form == "cloudevents"
        return view
    }

    /// A view of the library and of what was said as they stand now.
    func now() -> Moment {
        Moment(
            matcher: names.current.matcher, incidents: incidents, desk: operations.current, isBrief: isBrief,
            isEnveloped: isEnveloped, time: OperatorStore.now)
    }

    /// A view at one moment.
    struct Moment {
        fileprivate let matcher: FaultMatcher
        fileprivate let incidents: IncidentBook
        fileprivate let desk: OperatorDesk
        fileprivate let isBrief: Bool
        fileprivate let isEnveloped: Bool
        fileprivate let time: Int64

        /// An event of the log as it is shown; `nil` for bytes that no event can be read from.
        func shown(_ bytes: [UInt8]) -> [UInt8]? {
            guard let event = event(bytes) else { return nil }
            if isEnveloped { return Array(CloudEvent.envelope(of: event).description.utf8) }
            return (try? event.encoded()) ?? bytes
        }

        /// The same, not yet encoded.
        func event(_ bytes: [UInt8]) -> AlarmEvent? {
            guard var event = try? AlarmEvent(decoding: bytes) else { return nil }
            event.incident = incidents.incident(ofAlarm: event.id)
            if let signature = event.signature { event.fault = matcher.fault(of: signature) }
            event.handling = desk.handling(of: event, fault: event.fault?.name, at: time)
            if isBrief { event.signature = nil }
            return event
        }
    }
}
