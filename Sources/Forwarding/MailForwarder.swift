import CCurl
import CommandLine
package import Foundation
import Platform
import Services
package import Watching
import Web

/// Sends a mail for alarms that begin, get worse or end: what waits goes together, by SMTP (libcurl).
struct MailForwarder: AlarmForwarder {
    let name: String
    let kind = "mail"
    let limits: DeliveryMachine.Limits
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let url: String
    private let from: String
    private let to: [String]
    private let user: String?
    private let password: String?
    private let authority: String?
    /// Without it TLS keeps out who only listens: what a server offers by itself is mostly a certificate that nobody vouches for,
    /// and in the clear it would be asked for none at all (RFC 7435).
    private let demandsTLS: Bool

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        url = try fields.address("url", schemes: ["smtp", "smtps"]).text
        from = try fields.text("from", most: 320)
        to = try fields.texts("to", most: 32)
        user = try fields.optionalText("user", most: 256)
        password = try fields.optionalText("password", most: 256)
        authority = try fields.certificates("ca")
        demandsTLS = user != nil || authority != nil || url.hasPrefix("smtps")
        for (key, address) in [("from", from)] + to.map({ ("to", $0) }) where !MailMessage.isAddress(address) {
            throw fields.flaw(key, "found '\(PrintableText.line(address, limit: 80))'", "NAME@HOST")
        }
        var limits = DeliveryMachine.Limits()
        limits.batch = 32
        self.limits = limits
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        // That it is known what an alarm looks like is no reason to write to anybody.
        let events = letters.map(\.event).filter { $0.state != .settled }
        guard let last = letters.last, !events.isEmpty else { return .taken }
        let id = "\(last.event.federation ?? "faultline").\(last.sequence)"
        let message = MailMessage.text(events, from: from, to: to, id: id, date: Date.now)
        let bytes = Array(message.utf8)
        let outcome = deliver(bytes, leavesOut: false)
        // An address that does not exist any more keeps nothing from the others.
        guard case .refused = outcome, to.count > 1 else { return outcome }
        return deliver(bytes, leavesOut: true)
    }

    private final class Source {
        var rest: ArraySlice<UInt8>
        init(_ bytes: [UInt8]) { rest = bytes[...] }
    }

    /// - Parameter leavesOut: whether those that the server does not take are left out, as long as it takes one.
    private func deliver(_ bytes: [UInt8], leavesOut: Bool) -> DeliveryOutcome {
        guard CurlLibrary.isReady, let curl = unsafe curl_easy_init() else {
            return .failed("libcurl cannot be started")
        }
        defer { unsafe curl_easy_cleanup(curl) }
        var recipients: UnsafeMutablePointer<curl_slist>?
        for address in to { unsafe recipients = curl_slist_append(recipients, "<\(address)>") }
        defer { unsafe curl_slist_free_all(recipients) }
        unsafe faultline_curl_text(curl, CURLOPT_URL, url)
        unsafe faultline_curl_text(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        unsafe faultline_curl_text(curl, CURLOPT_MAIL_FROM, "<\(from)>")
        unsafe faultline_curl_list(curl, CURLOPT_MAIL_RCPT, recipients)
        unsafe faultline_curl_number(curl, CURLOPT_CONNECTTIMEOUT, 5)
        unsafe faultline_curl_number(curl, CURLOPT_TIMEOUT, 20)
        unsafe faultline_curl_number(curl, CURLOPT_UPLOAD, 1)
        unsafe faultline_curl_number(
            curl, CURLOPT_USE_SSL, demandsTLS ? faultline_curl_ssl_all : faultline_curl_ssl_try)
        if !demandsTLS {
            unsafe faultline_curl_number(curl, CURLOPT_SSL_VERIFYPEER, 0)
            unsafe faultline_curl_number(curl, CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let authority { unsafe faultline_curl_text(curl, CURLOPT_CAINFO, authority) }
        unsafe faultline_curl_number(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, leavesOut ? 1 : 0)
        if let user { unsafe faultline_curl_text(curl, CURLOPT_USERNAME, user) }
        if let password { unsafe faultline_curl_text(curl, CURLOPT_PASSWORD, password) }
        let source = unsafe Unmanaged.passRetained(Source(bytes))
        defer { unsafe source.release() }
        unsafe faultline_curl_source(curl, giveMail, source.toOpaque())
        let code = unsafe curl_easy_perform(curl)
        let status = unsafe faultline_curl_status(curl)
        if code == CURLE_OK { return .taken }
        // What begins with a 5 stays (RFC 5321, 4.2.1); 530 and its like ask for what the configuration can give.
        let reason = "\(unsafe String(cString: curl_easy_strerror(code))), status \(status)"
        return [550, 551, 552, 553, 554].contains(status) ? .refused(reason) : .failed(reason)
    }

    fileprivate static func give(
        _ buffer: UnsafeMutablePointer<CChar>?, _ limit: Int, _ context: UnsafeMutableRawPointer?
    ) -> Int {
        guard let buffer = unsafe buffer, let context = unsafe context else { return 0 }
        let source = unsafe Unmanaged<Source>.fromOpaque(context).takeUnretainedValue()
        let part = source.rest.prefix(limit)
        unsafe part.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: bytes.count)
        }
        source.rest = source.rest.dropFirst(part.count)
        return part.count
    }
}

private func giveMail(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int { unsafe MailForwarder.give(buffer, size * count, context) }

/// A mail about alarms (RFC 5322), its text in base64 (RFC 2045), so that no name in it can be a header or an end.
package enum MailMessage {
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[1].isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>()[],;:\\\"".utf8.contains($0) }
    }

    package static func text(_ events: [AlarmEvent], from: String, to: [String], id: String, date: Date) -> String {
        let subject =
            events.count == 1
            ? AlarmText.summary(of: events[0]) : "\(events.count) alarms: \(AlarmText.summary(of: events[0])), …"
        var body = ""
        for event in events {
            body += "\(AlarmText.summary(of: event))\n"
            body +=
                "  \(event.state.rawValue), since \(AlarmTime.text(event.onset.time) ?? "row \(event.onset.index)"), "
            body += "score \(event.score) of its threshold, alarm \(PrintableText.line(event.id, limit: 600))\n"
            if let incident = event.incident { body += "  incident \(PrintableText.line(incident, limit: 600))\n" }
            body += "\n"
        }
        let host = from.split(separator: "@").last.map(String.init) ?? "localhost"
        let lines = [
            "Date: \(InternetDate.text(Int64(date.timeIntervalSince1970)))", "From: <\(from)>",
            "To: \(to.map { "<\($0)>" }.joined(separator: ", "))",
            "Message-ID: <\(id)@\(host)>", "Subject: \(word("[Faultline] " + subject))", "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64",
            "Auto-Submitted: auto-generated",
            "", folded(Data(body.utf8).base64EncodedString()), "",
        ]
        return lines.joined(separator: "\r\n")
    }

    /// Words of a header in any script (RFC 2047): lines of at most 76 bytes with the header's name, whole characters in each.
    private static func word(_ text: String) -> String {
        var words: [String] = []
        var piece = ""
        for scalar in text.unicodeScalars.prefix(200) {
            if (piece + String(scalar)).utf8.count > 39 {
                words.append(piece)
                piece = ""
            }
            piece.unicodeScalars.append(scalar)
        }
        words.append(piece)
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    private static func folded(_ text: String) -> String {
        var lines: [Substring] = []
        var rest = text[...]
        while !rest.isEmpty {
            lines.append(rest.prefix(76))
            rest = rest.dropFirst(76)
        }
        return lines.joined(separator: "\r\n")
    }
}
