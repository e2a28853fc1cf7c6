import CCurl

/// One request and its answer, by libcurl. Used by one thread.
@safe package final class HTTPExchange {
    /// Which certificate a server has to show.
    package struct Trust: Equatable, Sendable {
        /// File with the certificates of authorities (PEM) instead of the system's; `nil`: the system's.
        package var authorities: String?
        /// The SHA-256 of the server's public key, as `sha256//` and base 64. With it and without ``authorities`` nobody has to
        /// vouch for the certificate.
        package var pin: String?

        /// Trust in what the system trusts, unless something else is said.
        package init(authorities: String? = nil, pin: String? = nil) {
            self.authorities = authorities
            self.pin = pin
        }
    }

    /// With which certificate a client shows who it is.
    package struct Identity: Equatable, Sendable {
        /// File with the certificate (PEM).
        package var certificate: String
        /// File with its private key (PEM).
        package var key: String

        /// A certificate and its key.
        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// What came of it.
    package enum End: Equatable, Sendable {
        /// A whole answer with a status of 200 to 299, or the reader had enough.
        case finished
        /// A whole answer with another status, and the beginning of its body.
        case refused(Int, [UInt8])
        /// Nobody is there.
        case unreachable
        /// What answers does not speak HTTP.
        case notHTTP
        /// Nobody vouches for its certificate, or that is another's; in libcurl's words.
        case untrusted(String)
        /// Its public key is not the pinned one.
        case otherKey
        /// The file of authorities has none.
        case noAuthorities
        /// The own certificate or its key cannot be used; in libcurl's words.
        case noIdentity(String)
        /// It does not speak TLS as expected; in libcurl's words.
        case notTLS(String)
        /// The connection broke.
        case broken
    }

    private let handle: UnsafeMutableRawPointer
    private let read: ([UInt8]) -> Bool
    /// The beginning of what a server says that refuses.
    private var refusal: [UInt8] = []
    private var lastHeard = ContinuousClock.now
    /// Whether the reader had enough.
    private var isEnough = false
    /// What libcurl says of a failure.
    private var detail = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))

    /// Bytes of a refusal's body that are kept.
    private static let longestRefusal = 4_096
    /// How long a reader hears nothing before it is asked whether it still wants something.
    private static let silence: Duration = .seconds(1)
    /// Seconds that connecting and shaking hands may take.
    private static let patience = 10

    /// A request that was not sent; `nil` where libcurl cannot be used.
    ///
    /// - Parameters:
    ///   - url: begins with `http://` or `https://`; is asked itself, whatever proxies there are.
    ///   - identity: what the client shows, if anything.
    ///   - timeout: how long all of it may take, after which nobody is there; `nil`: as long as it takes.
    ///   - silence: for how long not a byte may come or go, after which nobody is there; in whole seconds. `nil`: for ever.
    ///   - read: takes bytes of a body, or none when nothing has come for a second; returns whether it wants more.
    package init?(
        _ url: String, trust: Trust, identity: Identity? = nil, timeout: Duration? = nil, silence: Duration? = nil,
        read: @escaping ([UInt8]) -> Bool
    ) {
        guard CurlLibrary.isReady, let handle = unsafe curl_easy_init() else { return nil }
        unsafe self.handle = handle
        self.read = read
        set(CURLOPT_URL, url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, faultline_curl_http_11)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_NOPROXY, "*")
        set(CURLOPT_CONNECTTIMEOUT, Self.patience)
        set(CURLOPT_SSLVERSION, faultline_curl_tls_12)
        // A stream whose machine is gone breaks.
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_TCP_KEEPIDLE, 30)
        set(CURLOPT_TCP_KEEPINTVL, 10)
        if let timeout {
            let (seconds, attoseconds) = timeout.components
            // None at all would be without an end.
            set(CURLOPT_TIMEOUT_MS, max(1, Int(clamping: seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)))
        }
        if let silence {
            set(CURLOPT_LOW_SPEED_LIMIT, 1)
            set(CURLOPT_LOW_SPEED_TIME, max(1, Int(clamping: silence.components.seconds)))
        }
        if let identity {
            set(CURLOPT_SSLCERT, identity.certificate)
            set(CURLOPT_SSLKEY, identity.key)
        }
        if let file = trust.authorities { set(CURLOPT_CAINFO, file) }
        guard let pin = trust.pin else { return }
        set(CURLOPT_PINNEDPUBLICKEY, pin)
        // Somebody has to vouch for it, unless it is known which one it is.
        if trust.authorities == nil {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
    }

    deinit { unsafe curl_easy_cleanup(handle) }

    private func set(_ option: CURLoption, _ text: String) { _ = unsafe faultline_curl_text(handle, option, text) }

    private func set(_ option: CURLoption, _ number: Int) { _ = unsafe faultline_curl_number(handle, option, number) }

    /// Sends the request, and reads what comes.
    package func perform(_ method: String, headers: [String: String], body: [UInt8]) -> End {
        set(CURLOPT_CUSTOMREQUEST, method)
        // An empty value of one that libcurl would send by itself leaves it out.
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" } + ["Expect:"]
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { unsafe list = curl_slist_append(list, line) }
        defer { unsafe curl_slist_free_all(list) }
        unsafe faultline_curl_list(handle, CURLOPT_HTTPHEADER, list)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe faultline_curl_body(handle, takeAnswer, context)
        unsafe faultline_curl_progress(handle, watchAnswer, context)
        let code = unsafe detail.withUnsafeMutableBufferPointer { detail in
            unsafe faultline_curl_text(handle, CURLOPT_ERRORBUFFER, detail.baseAddress)
            defer { unsafe faultline_curl_text(handle, CURLOPT_ERRORBUFFER, nil) }
            return unsafe body.withUnsafeBytes { bytes in
                if !body.isEmpty {
                    unsafe faultline_curl_number(handle, CURLOPT_POSTFIELDSIZE, bytes.count)
                    unsafe faultline_curl_text(
                        handle, CURLOPT_POSTFIELDS, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
                }
                return unsafe curl_easy_perform(handle)
            }
        }
        return end(code)
    }

    private var status: Int { unsafe faultline_curl_status(handle) }

    private func end(_ code: CURLcode) -> End {
        if isEnough { return .finished }
        switch code {
        case CURLE_OK: return (200..<300).contains(status) ? .finished : .refused(status, refusal)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT: return .unreachable
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL: return .notHTTP
        case CURLE_PEER_FAILED_VERIFICATION: return .untrusted(words(code))
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return .otherKey
        case CURLE_SSL_CACERT_BADFILE: return .noAuthorities
        case CURLE_SSL_CERTPROBLEM: return .noIdentity(words(code))
        case CURLE_SSL_CONNECT_ERROR: return .notTLS(words(code))
        default: return .broken
        }
    }

    private func words(_ code: CURLcode) -> String {
        let said = String(decoding: detail.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return said.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : said
    }

    /// - Returns: whether more is wanted.
    fileprivate func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastHeard = .now
        guard (200..<300).contains(status) else {
            // Its first line is shown; what follows is read and forgotten.
            unsafe refusal.append(contentsOf: bytes.prefix(Self.longestRefusal - refusal.count))
            return true
        }
        isEnough = unsafe !read([UInt8](bytes))
        return !isEnough
    }

    /// Asked now and then while nothing comes.
    ///
    /// - Returns: whether more is wanted.
    fileprivate func wait() -> Bool {
        guard ContinuousClock.now - lastHeard >= Self.silence else { return true }
        lastHeard = .now
        isEnough = !read([])
        return !isEnough
    }
}

private func takeAnswer(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
    let exchange = unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue()
    let part = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe exchange.take(part) ? part.count : 0
}

private func watchAnswer(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    guard let context = unsafe context else { return 1 }
    return unsafe Unmanaged<HTTPExchange>.fromOpaque(context).takeUnretainedValue().wait() ? 0 : 1
}
