import Foundation
import Platform
import Services
import Synchronization
import Telemetry

/// Receives samples over HTTP: Prometheus' remote write 1.0 (a snappy block of protobuf), or OpenTelemetry's metrics
/// (OTLP/HTTP, protobuf or JSON, packed by gzip, by deflate or not).
///
/// A request is answered as taken only when its bytes are on the disk; what cannot be read is refused for good, what
/// cannot be stored now may be sent again.
///
/// Unchecked: what requests change is used under the lock, or before there are any; server and ticker are set by whoever
/// makes and starts it, and used by whoever stops it.
final class PushReceiver: LiveSource, @unchecked Sendable {
    /// Seconds between two looks for rows that are complete.
    private static let tickSeconds = 0.2
    private static let defaultBytes = 32 << 20
    /// Samples that may wait for their rows when a request comes: a small one can be rows for minutes.
    private static let mostWaiting = 250_000

    private let configuration: SourceConfiguration
    private let address: ListenAddress
    private let sink: SourceSink
    private let context: SourceContext
    private let limit: Int
    private let title: String
    /// What requests change: under this lock, so that samples reach the intake in the order of their numbers.
    private let lock = NSLock()
    private var otlp = OpenTelemetryMetrics()
    private var kinds: [String: MetricSeries.Kind] = [:]
    private var server: HTTPServer?
    private var ticker: BackgroundThread?

    init(_ configuration: SourceConfiguration, sink: SourceSink, context: SourceContext) throws {
        guard let address = ListenAddress(configuration.listen ?? "") else {
            throw ServiceError(.configuration, "'\(configuration.listen ?? "")' is no HOST:PORT to listen on")
        }
        self.configuration = configuration
        self.address = address
        self.sink = sink
        self.context = context
        limit = configuration.maximumBytes ?? Self.defaultBytes
        title = configuration.title
        // What an earlier process had promised and not yet made rows of.
        try sink.take { $0.takesStepsBack = false }
        for request in try context.store.unsettled(from: title) {
            var samples =
                (try? read(Array(request.bytes.dropFirst()), isJSON: request.bytes.first == 1, &otlp)) ?? .init()
            _ = samples.removeAhead(of: context.wallSeconds())
            try take(samples, number: request.number)
        }
        // Senders know it by whatever name leads here, also that of a proxy or a service of a cluster.
        server = try HTTPServer(
            host: address.host, port: address.port, hosts: .programsOnly, longestBody: limit
        ) { [weak self] request in self?.answer(request) ?? .text(503, "ending\n") }
        context.log.notice(
            "receiving samples",
            ["kind": configuration.kind.rawValue, "address": "\(address.host):\(server?.port ?? 0)"])
    }

    func start() {
        ticker = BackgroundThread(name: "rows") { [self] isCancelled in
            var isAgain = true
            while !isCancelled() {
                Thread.sleep(forTimeInterval: Self.tickSeconds)
                do throws(StorageError) {
                    repeat {
                        let now = context.wallSeconds()
                        try sink.take(makesAll: false) { $0.settle(arrival: now) }
                    } while sink.waitingCount > 0 && !isCancelled()
                    // What an earlier process had promised is in rows.
                    if isAgain, !isCancelled() { try sink.take(makesAll: false) { $0.takesStepsBack = true } }
                    isAgain = false
                } catch {
                    context.fail(error)
                }
            }
        }
    }

    func stop() {
        server?.stop()
        ticker?.cancel()
        ticker?.join(upTo: .milliseconds(300))
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard request.method == .post else { return .text(405, "samples come by POST\n") }
        if let file = configuration.bearerTokenFile {
            let token = try? FileContents.read(CredentialFile.resolved(file), limit: 65_536).prefix {
                $0 != 0x0A && $0 != 0x0D
            }
            guard let token, let given = request.header("Authorization"),
                given == "Bearer " + String(decoding: token, as: UTF8.self)
            else { return .text(401, "a bearer token is needed\n") }
        }
        // Taken for the kind that is read, these would be requests without a sample.
        if request.header("Content-Type")?.contains("write.v2") ?? false {
            return .text(415, "remote write 2.0; 1.0 is taken\n")
        }
        if configuration.kind == .otlp, ["/v1/traces", "/v1/logs", "/v1/profiles"].contains(request.path) {
            return .text(404, "metrics are taken, at /v1/metrics\n")
        }
        let now = context.wallSeconds()
        let isJSON = request.header("Content-Type")?.lowercased().hasPrefix("application/json") ?? false
        switch unpacked(request) {
        case .failure(let refusal):
            try? sink.take { $0.takeMalformed(refusal.text, at: now) }
            return refused(refusal.status, refusal.text, isJSON: isJSON)
        case .success(let bytes): return store(bytes, isJSON: isJSON, at: now)
        }
    }

    private func refused(_ status: Int, _ text: String, isJSON: Bool) -> HTTPResponse {
        configuration.kind == .otlp
            ? OpenTelemetryAnswer.refused(isJSON: isJSON, status: status, text) : .text(status, text + "\n")
    }

    private struct Refusal: Error {
        var status: Int
        var text: String
    }

    private func unpacked(_ request: HTTPRequest) -> Result<[UInt8], Refusal> {
        // Codings are told apart whatever the case (RFC 9110, section 8.4.1).
        let encoding = request.header("Content-Encoding")?.lowercased() ?? ""
        switch (configuration.kind, encoding) {
        case (.remoteWrite, "snappy"), (.remoteWrite, ""):
            guard let bytes = Snappy.decompressed(request.body, limit: limit) else {
                return .failure(Refusal(status: 400, text: "no snappy block of at most \(limit) bytes"))
            }
            return .success(bytes)
        case (.otlp, ""), (.otlp, "identity"): return .success(request.body)
        case (.otlp, "gzip"), (.otlp, "x-gzip"), (.otlp, "deflate"):
            guard let bytes = Gzip.decompressed(request.body, limit: limit) else {
                return .failure(Refusal(status: 400, text: "no \(encoding) data of at most \(limit) bytes"))
            }
            return .success(bytes)
        default: return .failure(Refusal(status: 415, text: "content encoding '\(HTTPResponse.printable(encoding))'"))
        }
    }

    private func store(_ bytes: [UInt8], isJSON: Bool, at now: Double) -> HTTPResponse {
        lock.lock()
        defer { lock.unlock() }
        guard sink.waitingCount <= Self.mostWaiting else { return refused(503, "not now", isJSON: isJSON) }
        // Differences that were added up are not added up again when what could not be stored is sent again.
        var after = otlp
        var samples: PushedSamples
        do {
            samples = try read(bytes, isJSON: isJSON, &after)
        } catch {
            try? sink.take { $0.takeMalformed("a request that is no \(configuration.kind.rawValue)", at: now) }
            return refused(400, "a request that cannot be read", isJSON: isJSON)
        }
        let ahead = samples.removeAhead(of: now)
        do throws(StorageError) {
            if let ahead {
                try sink.take { $0.takeAhead(ahead, at: now) }
                if samples.count == 0 { return refused(400, ahead.description(at: now), isJSON: isJSON) }
            }
            // A byte in front says what the rest is, for whoever reads it after a restart.
            let number =
                samples.count > 0 ? try context.store.keep(unsettled: [isJSON ? 1 : 0] + bytes, from: title) : nil
            if let number {
                try take(samples, number: number)
            } else if samples.unsupported > 0 {
                try sink.take { $0.takeUnsupported(samples.unsupported, at: now) }
            }
            otlp = after
        } catch {
            context.log.error("samples could not be stored", ["reason": error.description])
            return refused(503, "not now", isJSON: isJSON)
        }
        guard configuration.kind == .otlp else { return .whole(status: 204, type: "text/plain", body: []) }
        let reasons = [
            ahead?.description(at: now),
            samples.unsupported > 0 ? "found \(samples.unsupported) exponential histograms that cannot be read" : nil,
            samples.unnamed > 0 ? "found \(samples.unnamed) points of metrics without a name or kind" : nil,
        ].compactMap(\.self)
        return OpenTelemetryAnswer.taken(
            isJSON: isJSON, refused: (ahead?.count ?? 0) + samples.unsupported + samples.unnamed,
            reasons.isEmpty ? nil : reasons.joined(separator: "; "))
    }

    private func read(
        _ bytes: [UInt8], isJSON: Bool, _ otlp: inout OpenTelemetryMetrics
    ) throws -> PushedSamples {
        let samples: PushedSamples
        switch configuration.kind {
        case .otlp: samples = try isJSON ? otlp.read(json: bytes) : otlp.read(protobuf: bytes)
        default: samples = try PushedSamples(remoteWrite: bytes)
        }
        if kinds.count < 100_000 { kinds.merge(samples.kinds) { _, new in new } }
        return samples
    }

    private func take(_ samples: PushedSamples, number: Int64) throws(StorageError) {
        let now = context.wallSeconds()
        let newest = samples.series.lazy.flatMap { $0.samples.lazy.map(\.time) }.max() ?? -.infinity
        let kinds = kinds
        try sink.take(makesAll: false, request: (number, newest)) { intake in
            for series in samples.series {
                for sample in series.samples {
                    intake.push(series.series, sample.value, at: sample.time, kinds: kinds, arrival: now)
                }
            }
            intake.takeReadable(at: now)
            if samples.unsupported > 0 { intake.takeUnsupported(samples.unsupported, at: now) }
            intake.settle(arrival: now)
        }
    }
}
