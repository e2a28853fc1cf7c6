import CommandLine
import Foundation
import Glibc
import Platform
import Services
package import Watching

/// Sends each event as a message of syslog (RFC 5424), over UDP one datagram each (RFC 5426), over TCP with the octets
/// counted (RFC 6587, 3.4.1). Syslog answers nothing: over UDP what is lost on the way is lost, over TCP what the peer's
/// kernel had taken when the peer died.
///
/// Unchecked: one thread asks.
final class SyslogForwarder: AlarmForwarder, @unchecked Sendable {
    let name: String
    let kind = "syslog"
    let limits: DeliveryMachine.Limits
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let address: PeerAddress
    private let host = PrintableText.line(ProcessInfo.processInfo.hostName, limit: 255)
    private var descriptor: Int32 = -1

    private var isStream: Bool { address.scheme == "tcp" }

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        address = try fields.address("url", schemes: ["udp", "tcp"], takesUser: false)
        var limits = DeliveryMachine.Limits()
        limits.batch = 32
        self.limits = limits
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        guard isOpen() else { return .failed("no connection to \(address.host)") }
        // What an alarm that is over looks like does not raise it again.
        for letter in letters where letter.event.isOver != true {
            var message = Array(SyslogMessage.text(letter.event, host: host, process: getpid()).utf8)
            if isStream {
                message = Array("\(message.count) ".utf8) + message
            } else if message.count > SyslogMessage.longestDatagram {
                message = Array(String(decoding: message.prefix(SyslogMessage.longestDatagram - 3), as: UTF8.self).utf8)
            }
            guard write(message) else {
                close(descriptor)
                descriptor = -1
                return .failed("the connection to \(address.host) broke")
            }
        }
        return .taken
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Whether the peer is there. It never says anything: what can be read from it is its end.
    private func isOpen() -> Bool {
        if descriptor >= 0, isStream {
            var byte: UInt8 = 0
            let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            if count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)) { return true }
            close(descriptor)
            descriptor = -1
        }
        if descriptor >= 0 { return true }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = isStream ? SocketKind.stream : SocketKind.datagram
        var list: UnsafeMutablePointer<addrinfo>?
        let port = address.port ?? (isStream ? 601 : 514)
        guard unsafe getaddrinfo(address.host, "\(port)", &hints, &list) == 0 else { return false }
        defer { unsafe freeaddrinfo(list) }
        var next = unsafe list
        while let candidate = unsafe next {
            let socket = unsafe socket(
                candidate.pointee.ai_family, candidate.pointee.ai_socktype | SocketKind.closesOnExec,
                candidate.pointee.ai_protocol)
            if socket >= 0 {
                // Bounds the connection's beginning as well.
                var patience = timeval(tv_sec: 3, tv_usec: 0)
                unsafe setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                if unsafe connect(socket, candidate.pointee.ai_addr, candidate.pointee.ai_addrlen) == 0 {
                    descriptor = socket
                    return true
                }
                close(socket)
            }
            unsafe next = candidate.pointee.ai_next
        }
        return false
    }
}

/// An alarm's event as RFC 5424 has it.
package enum SyslogMessage {
    /// Bytes of a datagram, which every receiver should take (RFC 5424, 6.1).
    static let longestDatagram = 2_048
    /// Bytes before the line for people, at most.
    private static let longestHead = 1_800
    /// The number that RFC 5612 sets aside for documents: Faultline has none of its own.
    private static let element = "faultline@32473"
    /// `local0` (RFC 5424, table 1).
    private static let facility = 16

    /// The message, with structured data before the line for people.
    package static func text(_ event: AlarmEvent, host: String, process: Int32) -> String {
        let level =
            switch (event.state, event.severity) {
            case (.cleared, _): 6
            case (_, .warning): 4
            case (_, .minor), (_, .major): 3
            case (_, .critical): 2
            }
        let time = AlarmTime.text(event.at.time) ?? "-"
        let header =
            "<\(facility * 8 + level)>1 \(time) \(word(host, 255)) faultline \(process) \(event.state.rawValue)"
        var parameters = [
            ("alarm", event.id), ("site", event.site), ("entity", event.entity), ("severity", event.severity.rawValue),
            ("score", "\(event.score)"), ("sequence", "\(event.sequence ?? 0)"), ("federation", event.federation ?? ""),
        ]
        if let fault = event.fault { parameters.append(("fault", fault.name)) }
        if let incident = event.incident { parameters.append(("incident", incident)) }
        var data = ""
        for (name, value) in parameters {
            // A datagram is cut in the line for people, never in here: what has no room stays out whole.
            let parameter = " \(name)=\"\(escaped(value))\""
            guard header.utf8.count + data.utf8.count + parameter.utf8.count < longestHead else { continue }
            data += parameter
        }
        // The mark says that what follows is UTF-8 (RFC 5424, 6.4).
        return "\(header) [\(element)\(data)] \u{FEFF}\(AlarmText.summary(of: event))"
    }

    /// A field of the header: what is printable in ASCII and no blank.
    private static func word(_ text: String, _ limit: Int) -> String {
        let bytes = text.utf8.filter { $0 > 0x20 && $0 < 0x7F }.prefix(limit)
        return bytes.isEmpty ? "-" : String(decoding: bytes, as: UTF8.self)
    }

    /// A parameter's value: quotes, backslashes and closing brackets have a backslash before them (RFC 5424, 6.3.3).
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in PrintableText.line(text, limit: 600).unicodeScalars {
            if character == "\"" || character == "\\" || character == "]" { result += "\\" }
            result.unicodeScalars.append(character)
        }
        return result
    }
}
