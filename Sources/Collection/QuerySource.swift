import Foundation
import Platform
import Telemetry

/// Asks a Prometheus, or whatever speaks its API, by range queries: first the history, in pieces, then what is new.
///
/// Unchecked: the client is used by its thread only; the thread itself by whoever starts and stops it.
final class QuerySource: LiveSource, @unchecked Sendable {
    private let configuration: SourceConfiguration
    private let sink: SourceSink
    private let context: SourceContext
    private let client: PrometheusClient
    private let title: String
    private let pause = SteadyCondition()
    private var thread: BackgroundThread?

    private let whenDone: @Sendable () -> Void
    /// Failures after which a history is given up, so that what is new is not lost over it.
    private static let mostFailures = 5

    init(
        _ configuration: SourceConfiguration, sink: SourceSink, context: SourceContext,
        whenDone: @escaping @Sendable () -> Void
    ) throws {
        self.whenDone = whenDone
        self.configuration = configuration
        self.sink = sink
        self.context = context
        title = "query \(configuration.url ?? "") \(configuration.query ?? "")"
        client = try PrometheusClient(configuration)
    }

    func start() {
        thread = BackgroundThread(name: "query") { [self] isCancelled in work(isCancelled) }
    }

    func stop() {
        sink.stop()
        thread?.cancel()
        pause.lock()
        pause.broadcast()
        pause.unlock()
        thread?.join(upTo: .milliseconds(300))
    }

    private func sleep(_ seconds: Double) {
        pause.lock()
        pause.wait(seconds: seconds)
        pause.unlock()
    }

    private func work(_ isCancelled: () -> Bool) {
        let target = SeriesResolver.Target(entity: configuration.url ?? "")
        do throws(StorageError) {
            var next = try context.store.position(of: title).flatMap { Double(String(decoding: $0, as: UTF8.self)) }
            var plan: PrometheusClient.Plan?
            var failures = 0
            // What was asked when the last process ended is asked again.
            try sink.take { $0.takesStepsBack = next == nil }
            while !isCancelled() {
                let now = context.wallSeconds()
                let answer: Result<Void, any Error>
                do {
                    let known = try plan ?? client.plan()
                    plan = known
                    let from = next ?? now - (DurationText.seconds(configuration.last ?? "") ?? 3_600)
                    let queries = RangeQueries.cover(
                        from: from, to: now - known.stepSeconds / 2, step: known.stepSeconds, points: known.points)
                    for query in queries where !isCancelled() {
                        let samples = try client.range(query)
                        next = query.end + query.step
                        try take(samples, of: query, kinds: known.kinds, arrival: now)
                        try sink.take { $0.takesStepsBack = true }
                    }
                    answer = .success(())
                } catch let error as StorageError {
                    throw error
                } catch {
                    answer = .failure(error)
                }
                switch answer {
                case .success:
                    try sink.take { $0.takeSuccess(on: target, at: now) }
                    failures = 0
                    if configuration.goesOn == false { return whenDone() }
                case .failure(let error):
                    try sink.take { $0.takeFailure("\(error)", on: target, at: now) }
                    failures += 1
                    if configuration.goesOn == false, failures >= Self.mostFailures {
                        context.log.warning("no history", ["source": title, "reason": "\(error)"])
                        // It is asked for once: nothing is down from here on that anybody waits for.
                        try sink.take { $0.takeSuccess(on: target, at: now) }
                        return whenDone()
                    }
                }
                sleep(plan?.stepSeconds ?? 2)
            }
        } catch {
            context.fail(error)
        }
    }

    private func take(
        _ samples: PushedSamples, of query: RangeQueries.Query, kinds: [String: MetricSeries.Kind], arrival: Double
    ) throws(StorageError) {
        let (begun, position) = (Array("\(query.start)".utf8), Array("\(query.end + query.step)".utf8))
        try sink.take(begun: (title, begun), position: (title, position)) { intake in
            for series in samples.series {
                for sample in series.samples {
                    intake.push(series.series, sample.value, at: sample.time, kinds: kinds, arrival: arrival)
                }
            }
            intake.closeAll(kinds: kinds, arrival: arrival)
        }
    }
}
