import Platform
import Web

/// Asks an API server over HTTP.
struct KubernetesAPI: Sendable {
    let settings: KubernetesSettings

    /// What came of a request.
    enum Answer: Equatable {
        /// It was done, or what was asked for follows.
        case done([UInt8])
        /// It was not: the status, a word of the API server for the reason and a line for people.
        case refused(Int, reason: String, text: String)

        /// Whether what was asked for is too long ago to be told.
        var isTooOld: Bool {
            if case .refused(410, _, _) = self { return true }
            return false
        }
    }

    /// Bytes of an answer that are taken.
    private static let largestAnswer = 32 << 20
    /// Bytes of an event of a watch that are taken; the API server's own objects have at most 1.5 MB.
    private static let largestEvent = 4 << 20

    /// Asks, and waits for the whole answer.
    ///
    /// - Throws: ``EngineError`` (`unavailable`, `unreadable`, `configuration`) where there is none.
    func ask(_ request: KubernetesRequest) throws(EngineError) -> Answer {
        var bytes: [UInt8] = []
        var isTooLarge = false
        let answer = try exchange(request, timeout: .seconds(settings.timeoutSeconds)) { part in
            guard part.count <= Self.largestAnswer - bytes.count else {
                isTooLarge = true
                return false
            }
            bytes += part
            return true
        }
        guard !isTooLarge else {
            throw EngineError(
                .unreadable,
                "\(settings.api): an answer of more than \(Self.largestAnswer >> 20) MB to \(request.method)")
        }
        return answer ?? .done(bytes)
    }

    /// Reads what a watch says, a line an event, until it ends.
    ///
    /// - Parameter take: takes an event; returns whether more is wanted. Also called, with no bytes, when nothing comes for a second.
    /// - Throws: ``EngineError`` as ``ask(_:)`` does.
    /// - Returns: the refusal; `nil` where there was none.
    func watch(_ request: KubernetesRequest, _ take: ([UInt8]) -> Bool) throws(EngineError) -> Answer? {
        var lines = LineSplitter(limit: Self.largestEvent)
        var isTooLarge = false
        // The server ends it in time; who does not hear of that is not connected any more.
        let limit = KubernetesRequest.watchSeconds + settings.timeoutSeconds
        let refusal = try exchange(request, timeout: .seconds(limit)) { part in
            guard !part.isEmpty else { return take([]) }
            guard let events = lines.take(part) else {
                isTooLarge = true
                return false
            }
            return events.allSatisfy(take)
        }
        guard !isTooLarge else {
            throw EngineError(
                .unreadable, "\(settings.api): an event of more than \(Self.largestEvent >> 20) MB in a watch")
        }
        return refusal
    }

    private func exchange(
        _ request: KubernetesRequest, timeout: Duration, read: ([UInt8]) -> Bool
    ) throws(EngineError) -> Answer? {
        var headers = ["Accept": "application/json", "User-Agent": "fl-engine"]
        if let token = try token() { headers["Authorization"] = "Bearer \(token)" }
        var body: [UInt8] = []
        if let json = request.body {
            headers["Content-Type"] = "application/json"
            body = Array(json.description.utf8)
        }
        let url = settings.api + request.path
        let end = withoutActuallyEscaping(read) { read in
            HTTPExchange(url, trust: settings.trust, identity: settings.identity, timeout: timeout, read: read)?
                .perform(request.method, headers: headers, body: body)
        }
        switch end {
        case .finished: return nil
        case .refused(let status, let body): return Self.refusal(status, body)
        case nil: throw EngineError(.unavailable, "libcurl cannot be started")
        case .unreachable: throw EngineError(.unavailable, "no API server answers at \(settings.api)")
        case .broken: throw EngineError(.unavailable, "the connection to \(settings.api) broke")
        case .notHTTP: throw EngineError(.unreadable, "\(settings.api) does not speak HTTP")
        case .notTLS(let words):
            throw EngineError(.unavailable, "\(settings.api): it does not speak TLS as expected (\(words))")
        case .untrusted(let words):
            throw EngineError(
                .configuration,
                "\(settings.api): its certificate is not trusted (\(words)); kubernetes.caFile names who vouches for it"
            )
        case .otherKey:
            throw EngineError(.configuration, "\(settings.api): found another public key than the pinned one")
        case .noAuthorities:
            throw EngineError(
                .configuration,
                "kubernetes.caFile: found no certificates in \(settings.trust.authorities ?? "it"), expected those of "
                    + "authorities (PEM)")
        case .noIdentity(let words): throw EngineError(.configuration, "kubernetes.certificateFile: \(words)")
        }
    }

    private func token() throws(EngineError) -> String? {
        guard let path = settings.tokenFile else { return nil }
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try FileContents.read(path, limit: 64 << 10)
        } catch {
            throw EngineError(.configuration, "kubernetes.tokenFile: \(error)")
        }
        let token = bytes.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard !token.isEmpty, token.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw EngineError(.configuration, "kubernetes.tokenFile: found no token in \(path), expected one word")
        }
        return String(decoding: token, as: UTF8.self)
    }

    /// What a Status (or whatever else a refusal's body is) says.
    static func refusal(_ status: Int, _ body: [UInt8]) -> Answer {
        let document = (try? KubernetesDocument(body, of: "refusal")) ?? KubernetesDocument(.null)
        let line = String(decoding: body.prefix(1_000), as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
        let text = document["message"].text ?? String(line)
        return .refused(
            status, reason: document["reason"].words,
            text: text.isEmpty ? "status \(status)" : PrintableText.line(text, limit: 300))
    }

    /// What a refusal that nobody expected is for the controller.
    static func fault(_ answer: Answer, _ what: String) -> EngineError {
        guard case .refused(let status, _, let text) = answer else {
            return EngineError(.unreadable, "the API server's answer to \(what)")
        }
        let line = "the API server refuses \(what) (\(status)): \(text)"
        return switch status {
        case 401: EngineError(.configuration, line + "; kubernetes.tokenFile or certificateFile says who asks")
        case 404: EngineError(.configuration, line)
        case 408, 409, 429, 500...: EngineError(.unavailable, line)
        default: EngineError(.refused, line)
        }
    }
}

/// Cuts what comes into lines of bounded length.
struct LineSplitter {
    private let limit: Int
    private var rest: [UInt8] = []

    init(limit: Int) { self.limit = limit }

    /// The lines that are whole by now, without empty ones; `nil` where one is too long.
    mutating func take(_ bytes: [UInt8]) -> [[UInt8]]? {
        var lines: [[UInt8]] = []
        for (index, part) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if index > 0 {
                if !rest.isEmpty { lines.append(rest) }
                rest = []
            }
            guard part.count <= limit - rest.count else { return nil }
            rest += part
        }
        return lines
    }
}
