import CommandLine
import Foundation
import Numerics
import Platform
package import Services
import Synchronization
import Watching

/// One real `fl-server` and real `fl-worker` processes on this machine, each of which scrapes an endpoint once a second. The
/// endpoints break now and then; measured is the time from a sample to the alarm event on the server's feed, and what it
/// costs.
package struct LiveBench: Sendable {
    /// What was measured.
    package struct Result: Encodable, Sendable {
        /// Workers.
        package var workers: Int
        /// Metrics of each.
        package var metrics: Int
        /// Seconds measured.
        package var seconds: Double
        /// Rows of all workers in them.
        package var rows: Int
        /// Alarm events that came in them.
        package var events: Int
        /// Milliseconds from when the endpoint gave a sample to when the event that it made was read from the feed: the
        /// median; `nil` without an event.
        package var latencyP50Milliseconds: Double?
        /// The 99 % quantile.
        package var latencyP99Milliseconds: Double?
        /// The longest.
        package var latencyMaximumMilliseconds: Double?
        /// Processor time over wall time, of all workers.
        package var workerCores: Double
        /// The same of the server.
        package var serverCores: Double
        /// Resident size of the largest worker at the end.
        package var workerResidentBytes: Int
        /// The server's.
        package var serverResidentBytes: Int
        /// Bytes of `samples.db` for each sample in it, over all workers.
        package var bytesPerSample: Double
    }

    private let workers: Int
    private let metrics: Int
    private let learning: Int
    private let seconds: Int

    /// A measurement.
    ///
    /// - Parameters:
    ///   - metrics: that each worker watches.
    ///   - learning: seconds for which samples come before a fault.
    ///   - seconds: that are measured after those.
    package init(workers: Int, metrics: Int, learning: Int, seconds: Int) {
        self.workers = workers
        self.metrics = metrics
        self.learning = learning
        self.seconds = seconds
    }

    /// Runs it to the end.
    ///
    /// - Parameters:
    ///   - progress: hears how it goes, in a line.
    ///   - stop: ends it before.
    /// - Throws: ``CommandLineError`` when a process ends by itself; ``ExitStatus`` when it was stopped.
    package func run(stop: StopSignal, progress: (String) -> Void) throws -> Result {
        let endpoints = try (0..<workers).map { try BreakingEndpoint(metrics: metrics, number: $0) }
        let server = try LoopbackFederation()
        defer { server.end() }
        try server.start(["--minimum-workers", "\(workers)", "--rounds", "1", "--epochs", "1", "--hidden", "8,4"])
        for (number, endpoint) in endpoints.enumerated() {
            try startWorker(number, on: endpoint, server)
        }
        func pass(_ count: Int, of what: String) throws {
            for second in 0..<count {
                Thread.sleep(forTimeInterval: 1)
                if stop.isSet { throw ExitStatus(code: 130) }
                progress("\(what): \(second + 1) of \(count) s")
                try server.requireLife()
            }
        }
        try pass(learning, of: "learning")
        let feed = AlarmFeed(port: server.httpPort)
        defer { feed.end() }
        for endpoint in endpoints { endpoint.breakNowAndThen() }
        let (began, rows) = (ContinuousClock.now, endpoints.map(\.rows).reduce(0, +))
        func figures() throws -> (server: ProcessFigures, workers: [ProcessFigures]) {
            (try server.figures(), server.workers.compactMap { ProcessFigures(of: $0.identifier) })
        }
        let before = try figures()
        try pass(seconds, of: "measuring")
        let (wall, after) = ((ContinuousClock.now - began).seconds, try figures())
        let measured = endpoints.map(\.rows).reduce(0, +) - rows
        let latencies = feed.events.compactMap { event -> Double? in
            guard event.arrived >= began,
                let given = endpoints.first(where: { $0.site == event.site })?.moment(event.time)
            else { return nil }
            return (event.arrived - given).seconds * 1_000
        }.sorted()
        // What is written at the end counts.
        server.endWorkers()
        let stored = (0..<workers).reduce(0) { sum, number in
            let path = server.work.appending(path: "worker-\(number)/samples.db").path
            return sum + ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
        }
        func processor(_ figures: [ProcessFigures]) -> Double { figures.reduce(0) { $0 + $1.processorSeconds } }
        return Result(
            workers: workers, metrics: metrics, seconds: wall, rows: measured, events: latencies.count,
            latencyP50Milliseconds: latencies.isEmpty ? nil : latencies.quantile(0.5),
            latencyP99Milliseconds: latencies.isEmpty ? nil : latencies.quantile(0.99),
            latencyMaximumMilliseconds: latencies.last,
            workerCores: (processor(after.workers) - processor(before.workers)) / wall,
            serverCores: (after.server.processorSeconds - before.server.processorSeconds) / wall,
            workerResidentBytes: after.workers.map(\.residentBytes).max() ?? 0,
            serverResidentBytes: after.server.residentBytes,
            bytesPerSample: Double(stored) / Double(max(1, endpoints.map(\.rows).reduce(0, +) * metrics)))
    }

    private func startWorker(
        _ number: Int, on endpoint: BreakingEndpoint, _ server: LoopbackFederation
    ) throws {
        let configuration = """
            {"sources": [{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\(endpoint.port)"], "preset": "none",
              "intervalSeconds": 1, "site": "\(endpoint.site)", "entity": "host", "type": "host"}]}
            """
        let name = "worker-\(number)"
        let file = server.work.appending(path: "\(name).json").path
        try FileContents.writeAtomically(Array(configuration.utf8), to: file)
        try server.startWorker(name, ["--config", file])
    }
}

/// An endpoint that a worker scrapes: what it gave when, and now and then a fault. It goes away with this.
private final class BreakingEndpoint: Sendable {
    private struct State {
        var row = 0
        var faultBegins = Int.max
        var given: [Int64: ContinuousClock.Instant] = [:]
    }
    /// Rows from one fault to the next, and rows of one.
    private static let (period, faultRows) = (30, 6)
    /// Samples whose moments are remembered.
    private static let mostGiven = 4_096

    let site: String
    private let server: HTTPServer
    private let state: Box

    /// State that the answering thread shares.
    private final class Box: Sendable {
        let value = Mutex(State())
    }

    init(metrics: Int, number: Int) throws {
        site = "bench\(number)"
        let box = Box()
        state = box
        server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            .text(200, Self.next(metrics: metrics, number: number, box))
        }
    }

    deinit { server.stop() }

    var port: Int { server.port }
    var rows: Int { state.value.withLock { $0.row } }

    /// From the next row on there are faults.
    func breakNowAndThen() { state.value.withLock { $0.faultBegins = $0.row } }

    /// When the sample of a time, in seconds since 1970, was given.
    func moment(_ time: Double) -> ContinuousClock.Instant? {
        state.value.withLock { $0.given[Int64((time * 1_000).rounded())] }
    }

    private static func next(metrics: Int, number: Int, _ box: Box) -> String {
        let now = Int64(Date.now.timeIntervalSince1970 * 1_000)
        let (row, isBroken) = box.value.withLock { state -> (Int, Bool) in
            defer { state.row += 1 }
            let since = state.row - state.faultBegins
            return (state.row, since >= 0 && since % period < faultRows)
        }
        var generator = CounterBasedGenerator(seed: UInt64(number), purpose: "live bench", row)
        let load = generator.uniform() + Double(row % period) / 15
        var text = ""
        text.reserveCapacity(metrics * 48)
        for metric in 0..<metrics {
            let fault = isBroken && metric % 4 == 0 ? 25.0 : 0
            text += "bench_m\(metric) \(load * Double(metric % 7) + generator.uniform() + fault) \(now)\n"
        }
        box.value.withLock { state in
            state.given[now] = .now
            if state.given.count > mostGiven { state.given = state.given.filter { $0.key > now - 600_000 } }
        }
        return text
    }
}

/// The server's feed of alarms, with when each event was read.
private final class AlarmFeed {
    struct Event: Sendable {
        var site: String
        /// Seconds since 1970.
        var time: Double
        var arrived: ContinuousClock.Instant
    }

    private final class Taken: Sendable {
        let events = Mutex<[Event]>([])
    }

    private let taken: Taken
    private let reader: BackgroundThread

    init(port: Int) {
        let taken = Taken()
        self.taken = taken
        reader = BackgroundThread(name: "feed") { isCancelled in
            var parser = EventStreamParser()
            _ = HTTPClient.get(host: "127.0.0.1", port: port, path: "/v1/alarms/stream", silence: nil) { bytes in
                for message in parser.append(bytes) {
                    let now = ContinuousClock.now
                    guard let event = try? AlarmEvent(decoding: Array(message.data.utf8)), event.quality == nil else {
                        continue
                    }
                    taken.events.withLock { $0.append(Event(site: event.site, time: event.at.time, arrived: now)) }
                }
                return !isCancelled()
            }
        }
    }

    var events: [Event] { taken.events.withLock { $0 } }

    func end() {
        reader.cancel()
        reader.join(upTo: .seconds(5))
    }
}
