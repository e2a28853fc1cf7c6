import CCurl
import Platform
import Services
import Watching
import Web

/// A calendar of maintenance at an address, fetched by libcurl: http and https, packed or not.
struct URLCalendar: MaintenanceFeed {
    let name: String
    let matcher: AlarmMatcher
    let everySeconds: Double
    let withinSeconds: Double
    let url: String
    let headers: [String]
    let authority: String?
    var place: String { url }

    /// Seconds for a connection, and for the whole of an answer.
    private static let (connectSeconds, wholeSeconds) = (5, 30)
    /// Redirects that are followed, where no header of the configuration could reach a stranger by that.
    private static let mostRedirects = 3

    func fetch(knowing known: MaintenanceFetch.Tags) -> MaintenanceFetch {
        guard CurlLibrary.isReady, let curl = unsafe curl_easy_init() else {
            return .failed("libcurl cannot be started")
        }
        defer { unsafe curl_easy_cleanup(curl) }
        func set(_ option: CURLoption, _ text: String) { _ = unsafe faultline_curl_text(curl, option, text) }
        func set(_ option: CURLoption, _ number: Int) { _ = unsafe faultline_curl_number(curl, option, number) }
        set(CURLOPT_URL, url)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        // What was asked for encrypted does not come in the clear.
        set(CURLOPT_REDIR_PROTOCOLS_STR, url.lowercased().hasPrefix("https:") ? "https" : "http,https")
        set(CURLOPT_FOLLOWLOCATION, headers.isEmpty ? 1 : 0)
        set(CURLOPT_MAXREDIRS, Self.mostRedirects)
        set(CURLOPT_CONNECTTIMEOUT, Self.connectSeconds)
        set(CURLOPT_TIMEOUT, Self.wholeSeconds)
        set(CURLOPT_ACCEPT_ENCODING, "")
        set(CURLOPT_USERAGENT, "faultline")
        if let authority { set(CURLOPT_CAINFO, authority) }
        var lines = headers + ["Accept: text/calendar, */*;q=0.5"]
        if let tag = known.entityTag { lines.append("If-None-Match: \(tag)") }
        if let date = known.lastModified { lines.append("If-Modified-Since: \(date)") }
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines { unsafe list = curl_slist_append(list, line) }
        defer { unsafe curl_slist_free_all(list) }
        _ = unsafe faultline_curl_list(curl, CURLOPT_HTTPHEADER, list)
        let body = AnswerBody(limit: MaintenanceFetch.mostBytes)
        unsafe body.take(from: curl)
        let code = withExtendedLifetime(body) { unsafe curl_easy_perform(curl) }
        guard code == CURLE_OK else {
            return .failed(
                body.isTooLarge
                    ? "it is larger than \(MaintenanceFetch.mostBytes) bytes"
                    : unsafe String(cString: curl_easy_strerror(code)))
        }
        switch unsafe faultline_curl_status(curl) {
        case 200:
            return unsafe .fresh(
                body.bytes,
                MaintenanceFetch.Tags(
                    entityTag: HTTPPoster.header("ETag", of: curl),
                    lastModified: HTTPPoster.header("Last-Modified", of: curl)))
        case 304: return .unchanged
        case let status: return .failed("it answers with status \(status)")
        }
    }
}
