import Foundation
import Platform
import Services
import Telemetry

/// Scrapes endpoints at an interval, each at its own moment within it, by a few threads.
///
/// Unchecked: the schedule is used under its lock.
final class ScrapeSource: LiveSource, @unchecked Sendable {
    private struct Slot {
        var target: ScrapeTarget
        var due: ContinuousClock.Instant
        var isBusy = false
    }

    /// Threads that fetch at the same time.
    private static let mostThreads = 16
    /// Seconds between two looks at the file with targets.
    private static let fileSeconds = 5.0

    private let configuration: SourceConfiguration
    private let sink: SourceSink
    private let context: SourceContext
    private let interval: Duration
    private let schedule = SteadyCondition()
    private var slots: [Slot] = []
    private var fileState: (modified: Date?, size: Int)?
    private var nextFileLook = ContinuousClock.now
    private var threads: [BackgroundThread] = []

    init(_ configuration: SourceConfiguration, sink: SourceSink, context: SourceContext) throws {
        self.configuration = configuration
        self.sink = sink
        self.context = context
        interval = .seconds(configuration.intervalSeconds ?? SourceContext.scrapeSeconds)
        if let file = configuration.targetFile {
            // A first reading that fails is the user's mistake, a later one is the moment's.
            set(try Self.targets(of: file) + named())
            fileState = Self.state(of: file)
        } else {
            set(named())
        }
    }

    private func named() -> [ScrapeTarget] {
        let texts = configuration.targets ?? []
        return texts.compactMap { text in
            let only = texts.count == 1 ? configuration.entity : nil
            return ScrapeTarget(text, labels: only.map { [MetricSeries.Label("instance", $0)] } ?? [])
        }
    }

    private static func targets(of path: String) throws -> [ScrapeTarget] {
        try ScrapeTarget.list(fileContents: try FileContents.read(path, limit: 1 << 26), path: path)
    }

    private static func state(of path: String) -> (modified: Date?, size: Int) {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.modificationDate] as? Date, attributes?[.size] as? Int ?? -1)
    }

    /// Takes a list of targets; those that stay keep their moments.
    private func set(_ targets: [ScrapeTarget]) {
        let now = ContinuousClock.now
        let known = Dictionary(slots.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<ScrapeTarget> = []
        let distinct = targets.filter { seen.insert($0).inserted }
        slots = distinct.enumerated().map { index, target in
            known[target]
                ?? Slot(target: target, due: now + interval * (Double(index) / Double(max(1, distinct.count))))
        }
        schedule.broadcast()
    }

    func start() {
        schedule.lock()
        let count = configuration.targetFile == nil ? min(Self.mostThreads, max(1, slots.count)) : Self.mostThreads
        schedule.unlock()
        threads = (0..<count).map { number in
            BackgroundThread(name: "scrape-\(number)") { [self] isCancelled in work(isCancelled) }
        }
    }

    func stop() {
        sink.stop()
        for thread in threads { thread.cancel() }
        schedule.lock()
        schedule.broadcast()
        schedule.unlock()
        for thread in threads { thread.join(upTo: .milliseconds(300)) }
    }

    private func work(_ isCancelled: () -> Bool) {
        guard let fetcher = try? HTTPFetcher() else {
            context.fail(ServiceError(.unavailable, "libcurl cannot be used"))
            return
        }
        var options = HTTPFetcher.Options(configuration)
        options.timeoutSeconds = configuration.timeoutSeconds ?? min(10, max(1, interval / .seconds(1)))
        options.accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        while !isCancelled() {
            guard let target = nextTarget(isCancelled) else { continue }
            do throws(StorageError) {
                try scrape(target, fetcher, options)
            } catch {
                context.fail(error)
            }
            finished(target)
        }
    }

    /// The next target that is due; waits for it.
    private func nextTarget(_ isCancelled: () -> Bool) -> ScrapeTarget? {
        schedule.lock()
        defer { schedule.unlock() }
        while !isCancelled() {
            let now = ContinuousClock.now
            if configuration.targetFile != nil, now >= nextFileLook { lookAtFile(now) }
            let waiting = slots.indices.filter { !slots[$0].isBusy }
            let next = waiting.min { slots[$0].due < slots[$1].due }
            if let next, slots[next].due <= now {
                slots[next].isBusy = true
                // A target that was too slow misses its turns; it does not catch up.
                slots[next].due += interval * (((now - slots[next].due) / interval).rounded(.down) + 1)
                return slots[next].target
            }
            let pause = next.map { (slots[$0].due - now) / .seconds(1) } ?? 1
            schedule.wait(seconds: max(0.000_5, min(pause, 1)))
        }
        return nil
    }

    private func finished(_ target: ScrapeTarget) {
        schedule.lock()
        defer { schedule.unlock() }
        if let slot = slots.firstIndex(where: { $0.target == target }) { slots[slot].isBusy = false }
        schedule.signal()
    }

    private func lookAtFile(_ now: ContinuousClock.Instant) {
        nextFileLook = now + .seconds(Self.fileSeconds)
        guard let file = configuration.targetFile else { return }
        let state = Self.state(of: file)
        guard fileState.map({ $0 != state }) ?? true else { return }
        fileState = state
        do {
            set(try Self.targets(of: file) + named())
            context.log.info("targets read again", ["file": file, "targets": "\(slots.count)"])
        } catch {
            // What was known stays; a file that is being written is read again when it has changed.
            context.log.warning("targets cannot be read", ["reason": "\(error)"])
        }
    }

    private static func isPage(_ answer: HTTPFetcher.Answer) -> Bool {
        answer.type.hasPrefix("text/html") || answer.body.first { $0 > 0x20 } == 0x3C
    }

    private func scrape(
        _ target: ScrapeTarget, _ fetcher: HTTPFetcher, _ options: HTTPFetcher.Options
    ) throws(StorageError) {
        let place = SeriesResolver.Target(
            entity: target.instance, type: configuration.type,
            labels: target.labels
                + (configuration.job.map { [MetricSeries.Label("job", $0)] } ?? [])
                .filter { label in !target.labels.contains { $0.name == label.name } })
        let time = context.wallSeconds()
        let answer: Result<HTTPFetcher.Answer, any Error> = Result { try fetcher.get(target.url, options) }
        switch answer {
        case .success(let answer) where answer.status == 200 && Self.isPage(answer):
            try sink.take {
                $0.takeFailure(
                    "it answers with a page of HTML, not with metrics: is the path right?", on: place, at: time)
            }
        case .success(let answer) where answer.status == 200:
            let exposition = Exposition(
                parsing: answer.body, isOpenMetrics: answer.type.hasPrefix("application/openmetrics-text"))
            try sink.take { $0.take(exposition, on: place, at: time) }
        case .success(let answer):
            try sink.take { $0.takeFailure("it answers with status \(answer.status)", on: place, at: time) }
        case .failure(let failure as HTTPFetcher.Failure) where failure.kind == .tooLarge:
            try sink.take { $0.takeOversized(failure.description, on: place, at: time) }
        case .failure(let error):
            try sink.take { $0.takeFailure("\(error)", on: place, at: time) }
        }
    }
}
