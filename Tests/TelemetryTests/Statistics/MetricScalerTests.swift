import Foundation
import Numerics
import Telemetry
import Testing

struct MetricScalerTests {
    private func scaler(_ values: [Double], _ method: MetricScaler.Method, limit: Double = 8) -> MetricScaler {
        MetricScaler([("m", MetricStatistics(values))], method: method, limit: limit)
    }

    @Test("Normal values get mean 0 and spread 1 by every method that claims it")
    func normal() {
        var generator = CounterBasedGenerator(seed: 1, purpose: "scaler")
        let values = (0..<20_000).map { _ in 7 + 3 * generator.normal() }
        for method in [MetricScaler.Method.winsorised, .robust] {
            let metric = scaler(values, method).metrics[0]
            #expect(abs(metric.centre - 7) < 0.1 && abs(metric.spread - 3) < 0.15)
        }
        let range = scaler(values, .range).metrics[0]
        #expect(abs(range.centre - 7) < 0.3 && abs(range.spread - 3 * 2.576) < 0.5)
    }

    @Test("One wild value hardly moves the winsorised scale")
    func wild() {
        let values = (0..<10_000).map { Double($0 % 10) }
        let calm = scaler(values, .winsorised).metrics[0]
        let wild = scaler(values + [-21_093], .winsorised).metrics[0]
        #expect(abs(wild.centre - calm.centre) < 0.01 && abs(wild.spread - calm.spread) < 0.01)
    }

    @Test("Mostly constant and constant metrics get a positive spread")
    func degenerate() {
        #expect(scaler([5, 5, 5], .robust).metrics[0].spread == 1)
        #expect(scaler([], .winsorised).metrics[0].spread == 1)
        let rare = scaler((0..<10_000).map { $0 == 77 ? 1 : 0 }, .robust).metrics[0]
        #expect(rare.spread > 0 && rare.spread < 1)
    }

    @Test("Beyond the limit the scale goes on as a logarithm: continuous, monotone, finite")
    func softLimit() {
        let scaler = MetricScaler(metrics: [
            .init(name: "m", centre: 10, spread: 2, lowerLimit: -6, upperLimit: 26)
        ])
        #expect(
            scaler.scale(26, metric: 0) == 8 && scaler.scale(-6, metric: 0) == -8 && scaler.scale(10, metric: 0) == 0)
        #expect(abs(scaler.scale(26 + 2e-6, metric: 0) - 8.000001) < 1e-9)
        var last = -Double.infinity
        for value in [-1.7e308, -1e12, -100, -6.1, -6, 0, 10, 26, 26.1, 100, 1e12, 1.7e308] {
            let scaled = scaler.scale(value, metric: 0)
            #expect(scaled.isFinite && scaled > last || abs(value) == 1.7e308)
            last = scaled
        }
        let table = scaler.scale(Tensor<Float>([10, 12, 1e30], shape: [3, 1]))
        #expect(table[0, 0] == 0 && table[1, 0] == 1 && table[2, 0].isFinite && table[2, 0] > 50)
    }

    @Test("A series with other metrics is refused")
    func mismatch() throws {
        let series = CleanSeries(
            site: "s", entity: "e", type: "t", group: .other, metrics: ["x"], times: [0], sourceIndex: [0],
            values: Tensor([1], shape: [1, 1]))
        #expect(throws: TelemetryError.self) { try scaler([1, 2], .range).scale(series) }
        let coded = try JSONDecoder().decode(
            MetricScaler.self, from: JSONEncoder().encode(scaler([1, 2, 9], .winsorised)))
        #expect(coded == scaler([1, 2, 9], .winsorised))
    }

    @Test("A scaler that would divide by zero is refused")
    func badScalers() {
        for bad in [#""spread":0"#, #""spread":-1"#, #""spread":1,"lowerLimit":9"#] {
            var text = #"{"metrics":[{"name":"m","centre":1,"upperLimit":5,"# + bad
            if !bad.contains("lowerLimit") { text += #","lowerLimit":-5"# }
            let data = Data((text + "}]}").utf8)
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(MetricScaler.self, from: data) }
        }
    }

    @Test("Values at the end of what a double holds stay finite, for every method, as doubles and as floats")
    func hugeValues() {
        let values = (0..<400).map { [1e308, -1e308, 1.5, -1.7e308][$0 % 4] }
        for method in MetricScaler.Method.allCases {
            let scaler = scaler(values, method)
            let metric = scaler.metrics[0]
            #expect(metric.lowerLimit.isFinite && metric.upperLimit.isFinite, "\(method)")
            for value in values + [.infinity, -.infinity] {
                #expect(scaler.scale(value, metric: 0).isFinite, "\(method) \(value)")
            }
            let table = scaler.scale(Tensor(values.map { Float($0) }, shape: [400, 1]))
            #expect(table.elements.allSatisfy { $0.isFinite }, "\(method)")
        }
    }
}
