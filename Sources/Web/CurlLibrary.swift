import CCurl

/// libcurl wants to be started once, before any thread uses it.
package enum CurlLibrary {
    /// Whether it could be started.
    package static let isReady: Bool = curl_global_init(faultline_curl_everything) == CURLE_OK
}
