import CMosquitto
import CommandLine
import Platform
import Services
import Watching

/// Publishes each event on a broker of MQTT (libmosquitto), at least once (QoS 1), as a CloudEvents envelope; the topic is
/// `TOPIC/SITE/ENTITY`.
///
/// Unchecked: one thread asks.
final class MQTTForwarder: AlarmForwarder, @unchecked Sendable {
    let name: String
    let kind = "mqtt"
    let limits: DeliveryMachine.Limits
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let address: PeerAddress
    private let topic: String
    private let user: String?
    private let password: String?
    private let authority: String?
    private var client: Client?

    /// Milliseconds for the answer to a connection or to a message.
    private static let patience = 5_000

    private final class Answers {
        var isConnected = false
        var refusal: Int32?
        var last: Int32 = 0
    }

    @safe private final class Client {
        let pointer: OpaquePointer
        let answers: Unmanaged<Answers>

        init?() {
            MosquittoStart.once
            let held = unsafe Unmanaged.passRetained(Answers())
            guard let pointer = unsafe mosquitto_new(nil, true, held.toOpaque()) else {
                unsafe held.release()
                return nil
            }
            unsafe self.pointer = pointer
            unsafe answers = held
            unsafe mosquitto_connect_callback_set(pointer) { _, context, code in
                guard let context = unsafe context else { return }
                let answers = unsafe Unmanaged<Answers>.fromOpaque(context).takeUnretainedValue()
                if code == 0 { answers.isConnected = true } else { answers.refusal = code }
            }
            unsafe mosquitto_publish_callback_set(pointer) { _, context, message in
                guard let context = unsafe context else { return }
                unsafe Unmanaged<Answers>.fromOpaque(context).takeUnretainedValue().last = message
            }
        }

        var state: Answers { unsafe answers.takeUnretainedValue() }

        deinit {
            unsafe mosquitto_disconnect(pointer)
            unsafe mosquitto_destroy(pointer)
            unsafe answers.release()
        }

        /// Lets the library work until something holds; the library's error, if it has one.
        func loop(until isDone: (Answers) -> Bool) -> Int32? {
            let clock = MonotonicClock()
            let start = clock.now
            while !isDone(state) {
                let code = unsafe mosquitto_loop(pointer, 100, 1)
                guard code == MOSQ_ERR_SUCCESS.rawValue else { return Int32(code) }
                guard (clock.now - start).milliseconds < patience else { return Int32(MOSQ_ERR_CONN_LOST.rawValue) }
            }
            return nil
        }
    }

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        address = try fields.address("url", schemes: ["mqtt", "mqtts"], takesUser: false)
        topic = try fields.text("topic", default: "faultline/alarms", most: 256)
        user = try fields.optionalText("user", most: 256)
        password = try fields.optionalText("password", most: 256)
        authority = try fields.certificates("ca")
        guard !topic.contains(where: { "+#".contains($0) }) else {
            throw fields.flaw("topic", "found + or #", "a topic to publish on")
        }
        guard address.scheme == "mqtt" || authority != nil else {
            throw fields.flaw("ca", "missing", "the file of the authority that the broker's certificate is from")
        }
        var limits = DeliveryMachine.Limits()
        limits.batch = 32
        self.limits = limits
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        guard let client = connected() else { return .failed("no connection to the broker at \(address.host)") }
        for letter in letters {
            let bytes = Array(CloudEvent.envelope(of: letter.event).description.utf8)
            let place = "\(topic)/\(Self.level(letter.event.site))/\(Self.level(letter.event.entity))"
            var message: Int32 = 0
            let code = unsafe bytes.withUnsafeBytes {
                unsafe mosquitto_publish(client.pointer, &message, place, Int32($0.count), $0.baseAddress, 1, false)
            }
            let number = message
            let failure =
                code == MOSQ_ERR_SUCCESS.rawValue ? client.loop { $0.last == number } : Int32(code)
            if let failure {
                self.client = nil
                return .failed(unsafe String(cString: mosquitto_strerror(failure)))
            }
        }
        return .taken
    }

    private func connected() -> Client? {
        if let client, client.loop(until: { _ in true }) == nil, unsafe mosquitto_loop(client.pointer, 0, 1) == 0 {
            return client
        }
        client = nil
        guard let new = Client() else { return nil }
        if let user { unsafe mosquitto_username_pw_set(new.pointer, user, password) }
        if let authority, address.scheme == "mqtts" {
            guard unsafe mosquitto_tls_set(new.pointer, authority, nil, nil, nil, nil) == 0 else { return nil }
        }
        let port = Int32(address.port ?? (address.scheme == "mqtts" ? 8_883 : 1_883))
        guard unsafe mosquitto_connect(new.pointer, address.host, port, 30) == MOSQ_ERR_SUCCESS.rawValue,
            new.loop(until: { $0.isConnected || $0.refusal != nil }) == nil, new.state.isConnected
        else { return nil }
        client = new
        return new
    }

    /// A name as one level of a topic: what would part levels or stand for others becomes `_`.
    private static func level(_ name: String) -> String {
        String(name.map { "/+#".contains($0) ? "_" : $0 }.prefix(200))
    }
}

/// libmosquitto wants to be started once.
private enum MosquittoStart {
    static let once: Void = { _ = mosquitto_lib_init() }()
}
