import Foundation
package import Platform
import Synchronization
package import Telemetry

/// A source that feeds the store on threads of its own until it is stopped.
protocol LiveSource: Sendable {
    /// Begins.
    func start()
    /// Ends, within a second.
    func stop()
}

/// What sources have in common.
struct SourceContext: Sendable {
    /// Seconds between two scrapes where nobody says.
    static let scrapeSeconds = 1.0
    /// Values that are in memory as rows at the same time, of one source.
    static let cellsAtOnce = 1 << 20

    /// The site of entities whose source names none.
    var site: String
    /// Which columns count.
    var rules: GroupRules
    /// The presets there are.
    var presets: PresetCatalog
    /// Where the rows go.
    var store: SampleStore
    /// The log.
    var log: Logger
    /// Hears what is wrong with the watching, and of which site.
    var report: @Sendable (_ site: String, DataQualityFinding) -> Void
    /// Hears what makes going on impossible, such as a disk that takes nothing more.
    var fail: @Sendable (any Error) -> Void
    /// Seconds since 1970.
    var wallSeconds: @Sendable () -> Double = { Date().timeIntervalSince1970 }
}

/// A worker's live sources. Those that end, histories, come first: what is new begins when they are read.
package final class LiveSources: Sendable {
    private struct Running {
        var sources: [any LiveSource] = []
        var isStopped = false
    }

    private let configurations: [SourceConfiguration]
    private let histories: [SourceConfiguration]
    private let context: SourceContext
    private let running = Mutex<Running>(Running())

    /// Makes the sources; none has begun.
    ///
    /// - Parameters:
    ///   - site: of entities whose source names none.
    ///   - report: hears what is wrong with the watching, from any thread.
    ///   - fail: hears what makes going on impossible.
    /// - Throws: `TelemetryError`, `StorageError` or ``ServiceError`` where a configuration cannot be carried out.
    package init(
        _ configurations: [SourceConfiguration], site: String, rules: GroupRules, store: SampleStore, log: Logger,
        report: @escaping @Sendable (_ site: String, DataQualityFinding) -> Void,
        fail: @escaping @Sendable (any Error) -> Void
    ) throws {
        context = SourceContext(
            site: site, rules: rules, presets: try PresetCatalog.builtIn(), store: store, log: log, report: report,
            fail: fail)
        store.tellFindings(to: report)
        histories = configurations.filter { $0.kind == .query && $0.goesOn == false }
        self.configurations = configurations.filter { !($0.kind == .query && $0.goesOn == false) }
        try Self.check(configurations, site: site, context.presets)
        PieceFolder(of: store).clear()
        if histories.isEmpty {
            let made = try self.configurations.compactMap { try Self.make($0, context) }
            running.withLock { $0.sources = made }
        }
    }

    /// Looks whether configurations can be used together, without opening anything.
    ///
    /// - Throws: `TelemetryError` that says what cannot.
    package static func check(_ configurations: [SourceConfiguration], site: String) throws {
        try check(configurations, site: site, try PresetCatalog.builtIn())
    }

    private static func check(
        _ configurations: [SourceConfiguration], site: String, _ presets: PresetCatalog
    ) throws {
        for configuration in configurations {
            _ = try preset(configuration, presets)
            let files = [configuration.bearerTokenFile, configuration.basicAuthFile, configuration.caFile]
            for file in files.compactMap({ $0 }) { _ = try CredentialFile.resolved(file) }
        }
        var followed: [String: String] = [:]
        for configuration in configurations where [.follow, .standardInput].contains(configuration.kind) {
            let key = "\(configuration.site ?? site)/\(FollowSource.entity(of: configuration))"
            guard let other = followed.updateValue(configuration.title, forKey: key) else { continue }
            throw TelemetryError(
                .malformed, field: "sources", found: "\(other) and \(configuration.title), both of entity \(key)",
                expected: "another \"entity\" or \"site\" for one of them")
        }
    }

    /// Begins.
    package func start() {
        guard !histories.isEmpty else {
            let made = running.withLock { $0.sources }
            for source in made { source.start() }
            return
        }
        let left = Mutex(histories.count)
        for configuration in histories {
            do {
                let source = try Self.makeQuery(configuration, context) { [weak self] in
                    let isLast = left.withLock { count in
                        count -= 1
                        return count == 0
                    }
                    if isLast { self?.startTheRest() }
                }
                running.withLock { $0.sources.append(source) }
                source.start()
            } catch {
                context.fail(error)
            }
        }
    }

    private func startTheRest() {
        do {
            for configuration in configurations {
                guard let source = try Self.make(configuration, context) else { continue }
                let isWanted = running.withLock { running in
                    if !running.isStopped { running.sources.append(source) }
                    return !running.isStopped
                }
                if isWanted { source.start() }
            }
        } catch {
            context.fail(error)
        }
    }

    /// Ends.
    package func stop() {
        let sources = running.withLock { running in
            running.isStopped = true
            return running.sources
        }
        for source in sources { source.stop() }
    }

    private static func sink(
        _ configuration: SourceConfiguration, _ context: SourceContext,
        _ adjust: (inout SourceIntake.Settings) -> Void = { _ in }
    ) throws -> SourceSink {
        var settings = SourceIntake.Settings(
            source: configuration.title, preset: try preset(configuration, context.presets), rules: context.rules)
        settings.sampler.intervalSeconds = configuration.intervalSeconds
        adjust(&settings)
        if let seconds = configuration.latenessSeconds { settings.sampler.latenessSeconds = seconds }
        if let seconds = configuration.stalenessSeconds { settings.sampler.stalenessSeconds = seconds }
        if let series = configuration.maximumSeries { settings.maximumSeries = series }
        settings.maximumMetrics = configuration.maximumMetrics
        (settings.entity, settings.type) = (configuration.entity, configuration.type)
        settings.honoursTimes = configuration.honourTimestamps ?? true
        settings.cellsAtOnce = SourceContext.cellsAtOnce
        let site = configuration.site ?? context.site
        return SourceSink(
            settings: settings, site: site, store: context.store, arrival: context.wallSeconds
        ) { context.report(site, $0) }
    }

    private static func makeQuery(
        _ configuration: SourceConfiguration, _ context: SourceContext, whenDone: @escaping @Sendable () -> Void = {}
    ) throws -> any LiveSource {
        try QuerySource(
            configuration, sink: try sink(configuration, context), context: context, whenDone: whenDone)
    }

    private static func make(
        _ configuration: SourceConfiguration, _ context: SourceContext
    ) throws -> (any LiveSource)? {
        switch configuration.kind {
        case .files: return nil
        case .follow, .standardInput: return try FollowSource(configuration, context: context)
        case .scrape:
            // Times in an exposition make rows of their own; nothing is measured of a pace that is ours.
            return try ScrapeSource(
                configuration, sink: try sink(configuration, context) { $0.sampler.intervalSeconds = nil },
                context: context)
        case .query: return try makeQuery(configuration, context)
        case .remoteWrite, .otlp:
            return try PushReceiver(
                configuration,
                sink: try sink(configuration, context) { settings in
                    settings.sampler = .pushed
                    settings.sampler.intervalSeconds = configuration.intervalSeconds
                }, context: context)
        }
    }

    static func preset(
        _ configuration: SourceConfiguration, _ catalog: PresetCatalog
    ) throws -> SourceIntake.PresetChoice {
        guard let name = configuration.preset else { return .recognise(catalog) }
        if let preset = catalog.preset(named: name) { return .fixed(preset) }
        guard name.contains("/") || name.hasSuffix(".json") else {
            let known = (catalog.presets.map(\.name) + ["none"]).joined(separator: ", ")
            throw TelemetryError(
                .malformed, field: "preset", found: "'\(name)'", expected: "one of \(known), or the path of a JSON file"
            )
        }
        let own = try PresetCatalog(file: name)
        if own.presets.count == 1, let only = own.presets.first { return .fixed(only) }
        return .recognise(catalog.extended(by: own))
    }
}
