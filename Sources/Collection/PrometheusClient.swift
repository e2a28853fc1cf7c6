import Foundation
import Platform
import Services
package import Telemetry

/// Asks a Prometheus over its HTTP API, version 1.
package final class PrometheusClient {
    /// What has to be known before history can be asked for.
    package struct Plan: Sendable {
        /// Seconds between two points.
        package var stepSeconds: Double
        /// Points of a series in one query.
        package var points: Int
        /// What the families measure.
        package var kinds: [String: MetricSeries.Kind]
        /// Series that the selector finds.
        package var series: Int
    }

    private let base: String
    private let selector: String
    private let interval: Double?
    private let options: HTTPFetcher.Options
    private let fetcher: HTTPFetcher

    /// Samples that one query brings at most, about.
    private static let samplesInQuery = 400_000
    /// Seconds between two samples of a series that has one only: what most configurations have.
    private static let usualPace = 15.0

    /// A client of the source's `url` and `query`.
    ///
    /// - Throws: ``ServiceError`` where the address is none.
    package init(_ configuration: SourceConfiguration) throws {
        guard let target = ScrapeTarget(configuration.url ?? "", path: "") else {
            throw ServiceError(
                .configuration,
                "'\(configuration.url ?? "")' is no address of a Prometheus, such as http://127.0.0.1:9090")
        }
        var base = target.url
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        selector = configuration.query ?? #"{__name__!=""}"#
        interval = configuration.intervalSeconds
        var options = HTTPFetcher.Options(configuration)
        options.timeoutSeconds = configuration.timeoutSeconds ?? 60
        options.accept = "application/json"
        if configuration.maximumBytes == nil { options.maximumBytes = 1 << 28 }
        self.options = options
        fetcher = try HTTPFetcher()
    }

    /// Finds out how the series are to be asked for: their number, their pace, what they measure.
    ///
    /// - Throws: what the peer answers, or why it does not.
    package func plan() throws -> Plan {
        let series = try PrometheusAnswer.series(try body(instant(selector)))
        guard !series.isEmpty else {
            throw PrometheusAnswer.Refused(description: "no series just now that \(selector) selects")
        }
        return Plan(
            stepSeconds: try interval ?? pace(of: series),
            points: max(20, min(RangeQueries.mostPoints, Self.samplesInQuery / max(1, series.count))),
            kinds: (try? metadata()) ?? [:], series: series.count)
    }

    /// Seconds between two samples of some of the series, the middle of what the last ten minutes have.
    private func pace(of series: [MetricSeries]) throws -> Double {
        var pauses: [Double] = []
        for index in Set([0, series.count / 4, series.count / 2, series.count - 1]).sorted() {
            let answer = try PrometheusAnswer(decoding: try body(instant(Self.selector(of: series[index]) + "[10m]")))
            for found in answer.samples.series {
                pauses += zip(found.samples, found.samples.dropFirst()).map { $1.time - $0.time }
            }
        }
        pauses.sort()
        return pauses.isEmpty ? Self.usualPace : max(1, pauses[pauses.count / 2].rounded())
    }

    private static func selector(of series: MetricSeries) -> String {
        func quoted(_ text: String) -> String {
            text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
        }
        let labels = [MetricSeries.Label("__name__", series.name)] + series.labels
        return "{" + labels.map { "\($0.name)=\"\(quoted($0.value))\"" }.joined(separator: ",") + "}"
    }

    /// The samples of a piece of history.
    ///
    /// - Throws: what the peer answers, or why it does not.
    package func range(_ query: RangeQueries.Query) throws -> PushedSamples {
        let address =
            "\(base)/api/v1/query_range?query=\(Self.escaped(selector))&start=\(query.start)&end=\(query.end)"
            + "&step=\(query.step)"
        return try PrometheusAnswer(decoding: try body(address)).samples
    }

    private func instant(_ expression: String) -> String { "\(base)/api/v1/query?query=\(Self.escaped(expression))" }

    private func metadata() throws -> [String: MetricSeries.Kind] {
        try PrometheusAnswer.kinds(try body("\(base)/api/v1/metadata"))
    }

    private func body(_ address: String) throws -> [UInt8] {
        let answer = try fetcher.get(address, options)
        // Errors of the API come as JSON with their reason.
        guard answer.status == 200 || answer.type.hasPrefix("application/json") else {
            throw PrometheusAnswer.Refused(description: "it answers with status \(answer.status)")
        }
        return answer.body
    }

    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }
}
