import CommandLine
import Foundation
import Platform
package import Services
package import Watching

/// Posts each event, and what operators say of it, to a consumer of 3GPP's fault supervision (TS 28.532): one that the
/// configuration names, or one that subscribed over HTTP.
package struct FaultManagementForwarder: AlarmForwarder {
    package let name: String
    package let kind = "fault-mns"
    package let limits = DeliveryMachine.Limits()
    package let leastSeverity: AlarmEvent.Severity
    package let since: Int64?
    package let sendsOperations = true
    package let sendsCorrelations = true
    /// One for each thread: alarms, and what operators say.
    private let posters: (alarms: HTTPPoster, operations: HTTPPoster)

    private static let mediaType = "application/json"
    /// Above the numbers of notifications that have one.
    private static let rebuiltNumber: Int64 = 1 << 51

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        let url = try fields.address("url", schemes: ["http", "https"])
        self.init(
            name: common.name, url: url.text, headers: try fields.headers("headers"),
            authority: try fields.certificates("ca"), leastSeverity: common.leastSeverity, since: common.since)
    }

    private init(
        name: String, url: String, headers: [String], authority: String?, leastSeverity: AlarmEvent.Severity,
        since: Int64?
    ) {
        (self.name, self.leastSeverity, self.since) = (name, leastSeverity, since)
        posters = (
            HTTPPoster(url: url, headers: headers, authority: authority),
            HTTPPoster(url: url, headers: headers, authority: authority)
        )
    }

    /// The forwarder of a consumer that subscribed; `nil` where its reference is no address of HTTP.
    package static func subscriber(_ name: String, _ consumer: String) -> (any AlarmForwarder)? {
        guard consumer.utf8.count <= 2_048, let address = PeerAddress(consumer),
            ["http", "https"].contains(address.scheme)
        else { return nil }
        return FaultManagementForwarder(
            name: name, url: address.text, headers: [], authority: nil, leastSeverity: .warning, since: nil)
    }

    package func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        // What an alarm that is over looks like does not change it any more.
        for letter in letters where letter.operation != nil || letter.event.isOver != true {
            guard let document = FaultManagement.notification(of: letter, now: Date.now.timeIntervalSince1970)
            else { continue }
            let poster = letter.operation == nil ? posters.alarms : posters.operations
            let outcome = poster.post(Array(document.description.utf8), type: Self.mediaType, trace: letter.trace)
            guard outcome == .taken else { return outcome }
            if let document = FaultManagement.correlation(of: letter, now: Date.now.timeIntervalSince1970) {
                let outcome = poster.post(
                    Array(document.description.utf8), type: Self.mediaType, trace: letter.trace)
                // What is refused of it is lost: the alarm itself has arrived.
                if case .failed = outcome { return outcome }
            }
        }
        return .taken
    }

    package func tellRebuilt(federation: String) -> DeliveryOutcome {
        let document = FaultManagement.rebuilt(
            federation, reason: "the log of alarms was restored from an older copy", number: Self.rebuiltNumber,
            now: Date.now.timeIntervalSince1970)
        return posters.alarms.post(Array(document.description.utf8), type: Self.mediaType, trace: nil)
    }
}
