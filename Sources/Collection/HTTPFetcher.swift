import CCurl
import Foundation
import Platform
import Services
import Telemetry
import Web

/// Fetches what endpoints say, by libcurl: http and https, packed or not, with time-outs and a bound on the bytes that
/// come out. Used by one thread at a time; keeps its connection.
@safe package final class HTTPFetcher {
    /// How an endpoint is asked.
    package struct Options: Sendable, Hashable {
        /// Seconds that an answer may take, from the first byte to the last.
        package var timeoutSeconds = 10.0
        /// Bytes of an answer, unpacked.
        package var maximumBytes = 64 << 20
        /// A file with a bearer token.
        package var bearerTokenFile: String?
        /// A file with `user:password`.
        package var basicAuthFile: String?
        /// A file with the authorities to trust.
        package var caFile: String?
        /// Whether certificates are taken as they are.
        package var takesAnyCertificate = false
        /// What it accepts.
        package var accept = "*/*"

        /// The defaults.
        package init() {}

        /// As a source is configured.
        init(_ source: SourceConfiguration) {
            if let seconds = source.timeoutSeconds { timeoutSeconds = seconds }
            if let bytes = source.maximumBytes { maximumBytes = bytes }
            bearerTokenFile = source.bearerTokenFile
            basicAuthFile = source.basicAuthFile
            caFile = source.caFile
            takesAnyCertificate = source.insecureSkipVerify ?? false
        }
    }

    /// An answer.
    package struct Answer {
        package var status: Int
        package var type: String
        package var body: [UInt8]
    }

    /// Why there is none.
    package struct Failure: Error, CustomStringConvertible {
        /// What kind of failure it is.
        package enum Kind { case unreachable, tooSlow, tooLarge, refused, configuration }
        package var kind: Kind
        package var description: String
    }

    private let handle: UnsafeMutableRawPointer

    /// A fetcher without a connection yet.
    package init() throws {
        guard CurlLibrary.isReady, let handle = unsafe curl_easy_init() else {
            throw ServiceError(.unavailable, "libcurl cannot be used")
        }
        unsafe self.handle = handle
    }

    deinit { unsafe curl_easy_cleanup(handle) }

    /// Asks for `url`.
    ///
    /// - Throws: ``Failure`` where no whole answer came.
    package func get(_ url: String, _ options: Options) throws -> Answer {
        unsafe curl_easy_reset(handle)
        func set(_ option: CURLoption, _ text: String) { _ = unsafe faultline_curl_text(handle, option, text) }
        func set(_ option: CURLoption, _ number: Int) { _ = unsafe faultline_curl_number(handle, option, number) }
        set(CURLOPT_URL, url)
        set(CURLOPT_USERAGENT, "faultline")
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 1)
        set(CURLOPT_MAXREDIRS, 3)
        // To the library 0 is no limit.
        func milliseconds(_ seconds: Double) -> Int { max(1, Int((seconds * 1_000).rounded(.up))) }
        set(CURLOPT_TIMEOUT_MS, milliseconds(min(options.timeoutSeconds, 86_400)))
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(min(options.timeoutSeconds, 10)))
        // All that the library can unpack; the bound counts what comes out.
        set(CURLOPT_ACCEPT_ENCODING, "")
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_NOPROXY, "*")
        if options.takesAnyCertificate {
            set(CURLOPT_SSL_VERIFYPEER, 0)
            set(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let file = options.caFile { set(CURLOPT_CAINFO, try Self.resolved(file)) }
        // Read again each time, so that a token may be changed; libcurl gives neither to another host on a redirect.
        if let file = options.bearerTokenFile {
            set(CURLOPT_XOAUTH2_BEARER, try Self.secret(file))
            set(CURLOPT_HTTPAUTH, 1 << 6)
        } else if let file = options.basicAuthFile {
            set(CURLOPT_USERPWD, try Self.secret(file))
            set(CURLOPT_HTTPAUTH, 1)
        }
        let headers = unsafe curl_slist_append(nil, "Accept: \(options.accept)")
        defer { unsafe curl_slist_free_all(headers) }
        _ = unsafe faultline_curl_list(handle, CURLOPT_HTTPHEADER, headers)
        let body = AnswerBody(limit: options.maximumBytes)
        unsafe body.take(from: handle)
        let code = withExtendedLifetime(body) { unsafe curl_easy_perform(handle) }
        guard code == CURLE_OK else {
            if body.isTooLarge {
                throw Failure(kind: .tooLarge, description: "an answer of more than \(options.maximumBytes) bytes")
            }
            let text = unsafe String(cString: curl_easy_strerror(code))
            switch code {
            case CURLE_OPERATION_TIMEDOUT:
                throw Failure(kind: .tooSlow, description: "no whole answer within \(options.timeoutSeconds) s")
            case CURLE_TOO_MANY_REDIRECTS: throw Failure(kind: .refused, description: "more than 3 redirects")
            case CURLE_BAD_CONTENT_ENCODING:
                throw Failure(kind: .refused, description: "an answer that cannot be unpacked")
            default: throw Failure(kind: .unreachable, description: text.prefix(1).lowercased() + text.dropFirst())
            }
        }
        let type = unsafe faultline_curl_type(handle).map { unsafe String(cString: $0) } ?? ""
        return Answer(status: unsafe faultline_curl_status(handle), type: type, body: body.bytes)
    }

    private static func resolved(_ path: String) throws -> String {
        do throws(StorageError) {
            return try CredentialFile.resolved(path)
        } catch {
            throw Failure(kind: .configuration, description: "the authorities: \(error.description)")
        }
    }

    /// The first line of a file with a secret.
    private static func secret(_ path: String) throws -> String {
        do throws(StorageError) {
            let bytes = try FileContents.read(try CredentialFile.resolved(path), limit: 65_536)
            let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
            guard !line.isEmpty else {
                throw StorageError(.corrupt, operation: "read", path: path, found: "an empty line")
            }
            return String(decoding: line, as: UTF8.self)
        } catch {
            throw Failure(kind: .configuration, description: "the credentials: \(error.description)")
        }
    }
}
