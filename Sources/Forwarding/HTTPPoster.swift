import CCurl
import Foundation
import Platform
import Services
import Watching
import Web

/// Sends documents over HTTP by libcurl, one after the other over one connection.
///
/// Unchecked: each belongs to one forwarder, which one thread asks.
final class HTTPPoster: @unchecked Sendable {
    /// What a peer says.
    struct Answer {
        /// The status.
        let status: Int
        /// The first bytes of the body.
        let body: [UInt8]
        /// When it may be asked again, where it says so.
        let retryAfter: Duration?

        /// What came of a delivery.
        var outcome: DeliveryOutcome { HTTPPoster.outcome(of: status, retryAfter: retryAfter) }
    }

    /// What came of a request.
    enum Exchange {
        /// An answer.
        case answered(Answer)
        /// None, and why.
        case broken(String)
    }

    private let url: String
    private let headers: [String]
    private let authority: String?
    private var handle: OpaqueHandle?
    private var generator = SystemRandomNumberGenerator()

    @safe private struct OpaqueHandle { let pointer: UnsafeMutableRawPointer }

    /// Seconds for a connection, and for the whole of a request.
    private static let (connectSeconds, wholeSeconds) = (3, 10)
    /// Bytes of an answer that are read.
    private static let longestAnswer = 1 << 20

    init(url: String, headers: [String], authority: String?) {
        self.url = url
        self.headers = headers
        self.authority = authority
    }

    deinit { if let handle { unsafe curl_easy_cleanup(handle.pointer) } }

    /// Posts one document.
    ///
    /// - Parameter trace: the trace that it belongs to; each request is a step of its own in it.
    func post(_ body: [UInt8], type: String, trace: TraceContext?) -> DeliveryOutcome {
        switch exchange("POST", body: body, type: type, trace: trace) {
        case .answered(let answer): answer.outcome
        case .broken(let reason): .failed(reason)
        }
    }

    /// Sends one request and waits for the answer.
    ///
    /// - Parameters:
    ///   - method: GET, or one that brings a body.
    ///   - path: stands behind the address.
    func exchange(
        _ method: String, path: String = "", body: [UInt8] = [], type: String = "application/json", trace: TraceContext?
    ) -> Exchange {
        guard let curl = opened() else { return .broken("libcurl cannot be started") }
        let brings = method != "GET"
        var lines = headers
        if brings { lines += ["Content-Type: \(type)", "Expect:"] }
        if let trace { lines.append("\(TraceContext.name): \(trace.next(using: &generator).header)") }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { unsafe list = curl_slist_append(list, line) }
        defer { unsafe curl_slist_free_all(list) }
        unsafe faultline_curl_text(curl.pointer, CURLOPT_URL, url + path)
        unsafe faultline_curl_list(curl.pointer, CURLOPT_HTTPHEADER, list)
        unsafe faultline_curl_number(curl.pointer, brings ? CURLOPT_POST : CURLOPT_HTTPGET, 1)
        unsafe faultline_curl_text(curl.pointer, CURLOPT_CUSTOMREQUEST, method)
        let answer = AnswerBody(limit: Self.longestAnswer)
        unsafe answer.take(from: curl.pointer)
        let code = unsafe body.withUnsafeBytes { bytes in
            if brings {
                unsafe faultline_curl_number(curl.pointer, CURLOPT_POSTFIELDSIZE, bytes.count)
                unsafe faultline_curl_text(
                    curl.pointer, CURLOPT_POSTFIELDS, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
            }
            return withExtendedLifetime(answer) { unsafe curl_easy_perform(curl.pointer) }
        }
        // What a peer says at such length concerns nobody; its status stands before it.
        guard code == CURLE_OK || answer.isTooLarge else {
            return .broken(unsafe String(cString: curl_easy_strerror(code)))
        }
        return .answered(
            Answer(
                status: unsafe faultline_curl_status(curl.pointer), body: answer.isTooLarge ? [] : answer.bytes,
                retryAfter: unsafe Self.header("Retry-After", of: curl.pointer).flatMap {
                    RetryAfter.wait($0, now: Date.now.timeIntervalSince1970)
                }))
    }

    /// A header of the last answer that can be shown; `nil` where there is none.
    static func header(_ name: String, of curl: UnsafeMutableRawPointer) -> String? {
        var found: UnsafeMutablePointer<curl_header>?
        guard unsafe curl_easy_header(curl, name, 0, UInt32(CURLH_HEADER), -1, &found) == CURLHE_OK,
            let value = unsafe found?.pointee.value
        else { return nil }
        let text = unsafe String(cString: value)
        return text.utf8.count <= 1_024 && text.utf8.allSatisfy { (0x20...0x7E).contains($0) } ? text : nil
    }

    /// What a status says: too much at the moment and the server's own trouble pass, and what it has against the address or the
    /// token is mended by somebody; whatever else is not a success it has against this one document.
    static func outcome(of status: Int, retryAfter: Duration? = nil) -> DeliveryOutcome {
        switch status {
        case 200..<300: .taken
        case 300..<400: .failed("it answers with status \(status): the address is another now")
        case 429, 503: .failed("it answers with status \(status)", after: retryAfter)
        case 401, 403, 404, 405, 407, 408, 425, 500...: .failed("it answers with status \(status)")
        default: .refused("it answers with status \(status)")
        }
    }

    private func opened() -> OpaqueHandle? {
        if let handle { return handle }
        guard CurlLibrary.isReady, let pointer = unsafe curl_easy_init() else { return nil }
        let made = unsafe OpaqueHandle(pointer: pointer)
        unsafe faultline_curl_text(pointer, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe faultline_curl_number(pointer, CURLOPT_CONNECTTIMEOUT, Self.connectSeconds)
        unsafe faultline_curl_number(pointer, CURLOPT_TIMEOUT, Self.wholeSeconds)
        if let authority { unsafe faultline_curl_text(pointer, CURLOPT_CAINFO, authority) }
        handle = made
        return made
    }
}
