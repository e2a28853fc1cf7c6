import CommandLine
import Platform
import Services
import Watching

/// Publishes each event on a ZeroMQ socket of this machine, as its topic and a CloudEvents envelope. Best effort: who is not
/// subscribed, or slow, misses what is said meanwhile.
///
/// Unchecked: asked by one thread.
final class ZeroMQForwarder: AlarmForwarder, @unchecked Sendable {
    let name: String
    let kind = "zeromq"
    let limits: DeliveryMachine.Limits
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let address: String
    private let topic: String
    private var publisher: ZeroMQPublisher?

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        address = try fields.text("url")
        topic = try fields.text("topic", default: "faultline/alarms", most: 256)
        guard LoopbackAddress.contains(address) else {
            throw fields.flaw(
                "url", "found '\(PrintableText.line(address, limit: 80))'",
                "tcp://HOST:PORT on this machine, or ipc://PATH")
        }
        var limits = DeliveryMachine.Limits()
        limits.batch = 32
        self.limits = limits
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        do {
            let publisher = try publisher ?? ZeroMQPublisher(binding: address)
            self.publisher = publisher
            for letter in letters {
                let place = "\(topic)/\(letter.event.site)/\(letter.event.entity)"
                try publisher.send([
                    Array(place.utf8), Array(CloudEvent.envelope(of: letter.event).description.utf8),
                ])
            }
            return .taken
        } catch {
            return .failed("\(error)")
        }
    }
}
