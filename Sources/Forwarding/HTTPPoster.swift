import CCurl
import Platform
import Services
import Watching
import Web

/// Posts documents over HTTP by libcurl, one after the other over one connection.
///
/// Unchecked: each belongs to one forwarder, which one thread asks.
final class HTTPPoster: @unchecked Sendable {
    private let url: String
    private let headers: [String]
    private let authority: String?
    private var handle: OpaqueHandle?

    @safe private struct OpaqueHandle { let pointer: UnsafeMutableRawPointer }

    /// Seconds for a connection, and for the whole of a request.
    private static let (connectSeconds, wholeSeconds) = (3, 10)

    init(url: String, headers: [String], authority: String?) {
        self.url = url
        self.headers = headers
        self.authority = authority
    }

    deinit { if let handle { unsafe curl_easy_cleanup(handle.pointer) } }

    /// Posts one document.
    func post(_ body: [UInt8], type: String) -> DeliveryOutcome {
        guard let curl = opened() else { return .failed("libcurl cannot be started") }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in headers + ["Content-Type: \(type)", "Expect:"] { unsafe list = curl_slist_append(list, line) }
        defer { unsafe curl_slist_free_all(list) }
        unsafe faultline_curl_list(curl.pointer, CURLOPT_HTTPHEADER, list)
        unsafe faultline_curl_number(curl.pointer, CURLOPT_POSTFIELDSIZE, body.count)
        let code = unsafe body.withUnsafeBytes { bytes in
            unsafe faultline_curl_text(
                curl.pointer, CURLOPT_POSTFIELDS, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
            return unsafe curl_easy_perform(curl.pointer)
        }
        guard code == CURLE_OK else { return .failed(unsafe String(cString: curl_easy_strerror(code))) }
        return Self.outcome(of: unsafe faultline_curl_status(curl.pointer))
    }

    /// What a status says: too much at the moment and the server's own trouble pass, and what it has against the address or the
    /// token is mended by somebody; whatever else is not a success it has against this one document.
    static func outcome(of status: Int) -> DeliveryOutcome {
        switch status {
        case 200..<300: .taken
        case 300..<400: .failed("it answers with status \(status): the address is another now")
        case 401, 403, 404, 405, 407, 408, 425, 429, 500...: .failed("it answers with status \(status)")
        default: .refused("it answers with status \(status)")
        }
    }

    private func opened() -> OpaqueHandle? {
        if let handle { return handle }
        guard CurlLibrary.isReady, let pointer = unsafe curl_easy_init() else { return nil }
        let made = unsafe OpaqueHandle(pointer: pointer)
        unsafe faultline_curl_text(pointer, CURLOPT_URL, url)
        unsafe faultline_curl_text(pointer, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe faultline_curl_number(pointer, CURLOPT_CONNECTTIMEOUT, Self.connectSeconds)
        unsafe faultline_curl_number(pointer, CURLOPT_TIMEOUT, Self.wholeSeconds)
        unsafe faultline_curl_body(pointer, { _, size, count, _ in size * count }, nil)
        if let authority { unsafe faultline_curl_text(pointer, CURLOPT_CAINFO, authority) }
        handle = made
        return made
    }
}
