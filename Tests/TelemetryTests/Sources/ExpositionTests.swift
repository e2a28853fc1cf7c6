import Telemetry
import Testing

@Suite struct ExpositionTests {
    private func read(_ text: String, openMetrics: Bool = false) -> Exposition {
        Exposition(parsing: Array(text.utf8), isOpenMetrics: openMetrics)
    }

    @Test func textFormat() throws {
        let exposition = read(
            """
            # HELP http_requests_total The total number of HTTP requests.
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027 1395066363000
            http_requests_total{method="post",code="400"}    3 1395066363000

            # Escaping in label values:
            msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
            metric_without_timestamp_and_labels 12.47
            something_weird{problem="division by zero"} +Inf -3982045
            nothing NaN\r
            \ttabs\t{a = "b" , }\t1
            """)
        #expect(exposition.badLines == 0)
        #expect(exposition.kinds == ["http_requests_total": .counter])
        #expect(exposition.samples.map(\.value).prefix(5) == [1027, 3, 1.458255915e9, 12.47, .infinity])
        #expect(exposition.samples[0].time == 1_395_066_363)
        #expect(exposition.samples[2].time == nil)
        #expect(exposition.samples[4].time == -3_982.045)
        #expect(exposition.samples[5].value.isNaN)
        let escaped = try #require(MetricSeries(parsing: exposition.samples[2].series))
        #expect(escaped["path"] == #"C:\DIR\FILE.TXT"#)
        #expect(escaped["error"] == "Cannot find file:\n\"FILE.TXT\"")
        let tabbed = try #require(MetricSeries(parsing: exposition.samples[6].series))
        #expect(tabbed == MetricSeries(name: "tabs", labels: [.init("a", "b")]))
    }

    @Test func openMetrics() {
        let exposition = read(
            """
            # TYPE acme_http_router_request_seconds summary
            # UNIT acme_http_router_request_seconds seconds
            acme_http_router_request_seconds_sum{path="/api/v1"} 9036.32 1395066363.5
            # TYPE foo counter
            foo_total 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
            foo_bucket{le="+Inf"} 17 # {trace_id="x # y"} 0.67 1520879607.789
            # EOF
            after 1
            """, openMetrics: true)
        #expect(exposition.badLines == 0)
        #expect(exposition.hasEnd)
        #expect(exposition.samples.count == 3)
        #expect(exposition.samples[0].time == 1_395_066_363.5)
        #expect(exposition.samples[1].time == 1_520_879_607.789)
        #expect(exposition.samples[2].time == nil)
    }

    @Test func aBadLineCostsItselfAndIsTold() {
        let exposition = read("good 1\nbad{a=\"b\nworse one\nno_value\n9lives 3\nalso_good 2\n")
        #expect(exposition.samples.map(\.series) == ["good", "9lives", "also_good"])
        #expect(exposition.badLines == 3)
        #expect(exposition.firstBad?.line == 2 && exposition.firstBad?.what == "labels without an end")
        #expect(MetricSeries(parsing: "9lives") == nil)
    }

    @Test func hostileTextIsBounded() {
        var limits = Exposition.Limits()
        limits.samples = 3
        limits.lineBytes = 40
        let long = "x{a=\"" + String(repeating: "y", count: 100) + "\"} 1\n"
        let exposition = Exposition(
            parsing: Array((long + "a 1\nb 2\nc 3\nd 4\ne 5\n").utf8) + [0x66, 0xFF, 0x20, 0x31, 0x0A],
            limits: limits)
        #expect(exposition.samples.count == 3)
        #expect(exposition.leftOut == 3)
        #expect(exposition.badLines == 1)
        let invalid = Exposition(parsing: [0x66, 0xFF, 0x20, 0x31, 0x0A])
        #expect(invalid.firstBad?.what == "invalid UTF-8")
    }

    @Test(arguments: 0..<200) func noBytesTrap(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let alphabet = Array("ab{}\"=,\\\n #1. \tTYPEcounter+Inf-".utf8) + [0xFF, 0x00]
        let bytes = (0..<400).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }
        let exposition = Exposition(parsing: bytes)
        for sample in exposition.samples { _ = MetricSeries(parsing: sample.series) }
    }

    @Test func labelsAreOneSeriesInAnyOrder() {
        #expect(MetricSeries(parsing: "a{b=\"1\",c=\"2\"}") == MetricSeries(parsing: "a{c=\"2\", b=\"1\",}"))
        #expect(MetricSeries(parsing: "a{b=\"\"}") == MetricSeries(parsing: "a"))
        #expect(MetricSeries(parsing: "a{b=\"1\",b=\"2\"}") == nil)
        #expect(MetricSeries(parsing: "{\"my.metric\",b=\"1\"}")?.name == "my.metric")
        for text in ["a{b=\"x\\\\y\\\"z\\n\"}", "a", "a{b=\"1\",c=\"2\"}"] {
            #expect(MetricSeries(parsing: text)?.text == text)
        }
    }
}
