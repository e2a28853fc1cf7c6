import Foundation
import Telemetry
import Testing

/// Writes protobuf fields, for requests as senders make them.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(varint value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }
    mutating func put(_ field: Int, _ text: String) { put(field, Array(text.utf8)) }
    mutating func put(_ field: Int, _ part: [UInt8]) {
        put(varint: UInt64(field) << 3 | 2)
        put(varint: UInt64(part.count))
        bytes += part
    }
    mutating func put(_ field: Int, number: Int64) {
        put(varint: UInt64(field) << 3)
        put(varint: UInt64(bitPattern: number))
    }
    mutating func put(_ field: Int, fixed: UInt64) {
        put(varint: UInt64(field) << 3 | 1)
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: fixed >> UInt64(shift)))
        }
    }
    mutating func put(_ field: Int, double: Double) { put(field, fixed: double.bitPattern) }

    mutating func appendRaw(_ byte: UInt8) { bytes.append(byte) }

    static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }
}

@Suite struct WireFormatTests {
    private let write = ProtobufWriter.message { request in
        request.put(
            1,
            ProtobufWriter.message { series in
                for (name, value) in [("__name__", "node_load1"), ("instance", "h:9100"), ("job", "node")] {
                    series.put(
                        1,
                        ProtobufWriter.message {
                            $0.put(1, name); $0.put(2, value)
                        })
                }
                series.put(
                    2,
                    ProtobufWriter.message {
                        $0.put(1, double: 1.5); $0.put(2, number: 1_700_000_000_250)
                    })
                series.put(
                    2,
                    ProtobufWriter.message {
                        $0.put(1, double: 2); $0.put(2, number: 1_700_000_015_250)
                    })
            })
        request.put(
            3,
            ProtobufWriter.message {
                $0.put(1, number: 2); $0.put(2, "node_load1")
            })
    }

    @Test func remoteWrite() throws {
        let samples = try PushedSamples(remoteWrite: write)
        #expect(samples.kinds == ["node_load1": .gauge])
        let series = try #require(samples.series.first)
        #expect(series.series.text == "node_load1{instance=\"h:9100\",job=\"node\"}")
        #expect(series.samples.map(\.time) == [1_700_000_000.25, 1_700_000_015.25])
        #expect(series.samples.map(\.value) == [1.5, 2])
    }

    @Test func everyCutIsRefusedOrReadNeverTrapped() {
        for count in write.indices { _ = try? PushedSamples(remoteWrite: Array(write[..<count])) }
        for index in write.indices {
            for bit in 0..<8 {
                var damaged = write
                damaged[index] ^= 1 << UInt8(bit)
                _ = try? PushedSamples(remoteWrite: damaged)
                var metrics = OpenTelemetryMetrics()
                _ = try? metrics.read(protobuf: damaged)
            }
        }
    }

    @Test func openTelemetryInBothForms() throws {
        let json = """
            {"resourceMetrics":[{"resource":{"attributes":[
              {"key":"service.name","value":{"stringValue":"upf"}},
              {"key":"service.instance.id","value":{"stringValue":"upf-1"}}]},
             "scopeMetrics":[{"metrics":[
              {"name":"system.memory.usage","gauge":{"dataPoints":[
                {"timeUnixNano":"1700000000000000000","asInt":"42",
                 "attributes":[{"key":"state","value":{"stringValue":"used"}}]}]}},
              {"name":"packets","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[
                {"timeUnixNano":"1700000000000000000","asDouble":2.5}]}},
              {"name":"delay","histogram":{"aggregationTemporality":2,"dataPoints":[
                {"timeUnixNano":"1700000000000000000","count":"3","sum":0.7,"bucketCounts":["1","2","0"],
                 "explicitBounds":[0.1,0.5]}]}}]}]}]}
            """
        let attribute = { (key: String, value: String) in
            ProtobufWriter.message { pair in
                pair.put(1, key)
                pair.put(2, ProtobufWriter.message { $0.put(1, value) })
            }
        }
        let time: UInt64 = 1_700_000_000_000_000_000
        let binary = ProtobufWriter.message { request in
            request.put(
                1,
                ProtobufWriter.message { resource in
                    resource.put(
                        1,
                        ProtobufWriter.message {
                            $0.put(1, attribute("service.name", "upf"))
                            $0.put(1, attribute("service.instance.id", "upf-1"))
                        })
                    resource.put(
                        2,
                        ProtobufWriter.message { scope in
                            scope.put(
                                2,
                                ProtobufWriter.message { metric in
                                    metric.put(1, "system.memory.usage")
                                    metric.put(
                                        5,
                                        ProtobufWriter.message { gauge in
                                            gauge.put(
                                                1,
                                                ProtobufWriter.message {
                                                    $0.put(7, attribute("state", "used"))
                                                    $0.put(3, fixed: time)
                                                    $0.put(6, fixed: 42)
                                                })
                                        })
                                })
                            scope.put(
                                2,
                                ProtobufWriter.message { metric in
                                    metric.put(1, "packets")
                                    metric.put(
                                        7,
                                        ProtobufWriter.message { sum in
                                            sum.put(
                                                1,
                                                ProtobufWriter.message {
                                                    $0.put(3, fixed: time)
                                                    $0.put(4, double: 2.5)
                                                })
                                            sum.put(2, number: 1)
                                            sum.put(3, number: 1)
                                        })
                                })
                            scope.put(
                                2,
                                ProtobufWriter.message { metric in
                                    metric.put(1, "delay")
                                    metric.put(
                                        9,
                                        ProtobufWriter.message { histogram in
                                            histogram.put(
                                                1,
                                                ProtobufWriter.message { point in
                                                    point.put(3, fixed: time)
                                                    point.put(4, fixed: 3)
                                                    point.put(5, double: 0.7)
                                                    point.put(
                                                        6,
                                                        ProtobufWriter.message { packed in
                                                            for count: UInt64 in [1, 2, 0] { packed.putRaw(count) }
                                                        })
                                                    point.put(
                                                        7,
                                                        ProtobufWriter.message { packed in
                                                            for bound in [0.1, 0.5] {
                                                                packed.putRaw(bound.bitPattern)
                                                            }
                                                        })
                                                })
                                            histogram.put(2, number: 2)
                                        })
                                })
                        })
                })
        }
        var (first, second) = (OpenTelemetryMetrics(), OpenTelemetryMetrics())
        let fromJSON = try first.read(json: Array(json.utf8))
        let fromProtobuf = try second.read(protobuf: binary)
        for samples in [fromJSON, fromProtobuf] {
            #expect(samples.kinds == ["system_memory_usage": .gauge, "packets": .counter, "delay": .histogram])
            #expect(
                samples.series.map(\.series.text) == [
                    #"system_memory_usage{instance="upf-1",job="upf",state="used"}"#,
                    #"packets{instance="upf-1",job="upf"}"#, #"delay_count{instance="upf-1",job="upf"}"#,
                    #"delay_sum{instance="upf-1",job="upf"}"#,
                    #"delay_bucket{instance="upf-1",job="upf",le="0.1"}"#,
                    #"delay_bucket{instance="upf-1",job="upf",le="0.5"}"#,
                    #"delay_bucket{instance="upf-1",job="upf",le="+Inf"}"#,
                ])
            #expect(samples.series.map { $0.samples[0].value } == [42, 2.5, 3, 0.7, 1, 3, 3])
            #expect(samples.series.allSatisfy { $0.samples[0].time == 1_700_000_000 })
        }
        // What is told as a difference is added up.
        #expect(try first.read(json: Array(json.utf8)).series[1].samples[0].value == 5)
    }

    /// Buckets of 2^(1/4) from 2 on, 5 observations in 2…4 and 3 in 4…4.76, one at 0: the bounds become powers of two.
    @Test func exponentialHistogramsInBothForms() throws {
        let json = #"""
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"delay","exponentialHistogram":{
            "aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1700000000000000000","count":"9","sum":30.5,
            "scale":2,"zeroCount":"1","positive":{"offset":4,"bucketCounts":["2","0","1","2","3"]}}]}}]}]}]}
            """#
        let binary = ProtobufWriter.message { request in
            let point = ProtobufWriter.message { point in
                point.put(3, fixed: 1_700_000_000_000_000_000)
                point.put(4, fixed: 9)
                point.put(5, double: 30.5)
                point.put(6, number: 4)
                point.put(7, fixed: 1)
                point.put(
                    8,
                    ProtobufWriter.message { buckets in
                        buckets.put(1, number: 8)
                        buckets.put(2, [2, 0, 1, 2, 3])
                    })
            }
            let metric = ProtobufWriter.message { metric in
                metric.put(1, "delay")
                metric.put(
                    10,
                    ProtobufWriter.message {
                        $0.put(1, point); $0.put(2, number: 2)
                    })
            }
            let scope = ProtobufWriter.message { $0.put(2, metric) }
            request.put(1, ProtobufWriter.message { $0.put(2, scope) })
        }
        var (first, second) = (OpenTelemetryMetrics(), OpenTelemetryMetrics())
        for samples in [try first.read(json: Array(json.utf8)), try second.read(protobuf: binary)] {
            #expect(samples.kinds == ["delay": .histogram] && samples.unsupported == 0)
            let values = Dictionary(uniqueKeysWithValues: samples.series.map { ($0.series.text, $0.samples[0].value) })
            #expect(values["delay_count"] == 9 && values["delay_sum"] == 30.5 && values.count == 54)
            for (bound, count) in [("1.0", 1.0), ("2.0", 1), ("4.0", 6), ("8.0", 9), ("+Inf", 9)] {
                #expect(values["delay_bucket{le=\"\(bound)\"}"] == count, "\(bound)")
            }
        }
        // A scale that there is not costs the buckets, and is counted.
        let odd = try first.read(json: Array(json.replacing("\"scale\":2", with: "\"scale\":1e300").utf8))
        #expect(odd.unsupported == 1 && odd.series.count == 2)
    }

    @Test func rangeQueriesCoverOnceAndFallOnTheSamePoints() {
        let whole = RangeQueries.cover(from: 1_000.5, to: 1_100.2, step: 5, points: 7)
        #expect(whole.first?.start == 1_005 && whole.last?.end == 1_100)
        for (one, next) in zip(whole, whole.dropFirst()) { #expect(next.start == one.end + 5) }
        #expect(whole.allSatisfy { ($0.end - $0.start) / 5 <= 6 })
        #expect(RangeQueries.cover(from: 1_101, to: 1_104, step: 5).isEmpty)
        #expect(
            RangeQueries.cover(from: 0, to: 1e6, step: 1, points: 1 << 20)
                .allSatisfy { $0.end - $0.start <= Double(RangeQueries.mostPoints - 1) })
    }

    @Test func prometheusAnswers() throws {
        let matrix = #"""
            {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},
            "values":[[1435781430.781,"1"],[1435781445.781,"NaN"],[1435781460.781,"+Inf"]]}]}}
            """#
        let samples = try PrometheusAnswer(decoding: Array(matrix.utf8)).samples
        #expect(
            samples.series.first?.samples.map(\.time) == [1_435_781_430.781, 1_435_781_445.781, 1_435_781_460.781])
        #expect(samples.series.first?.samples[1].value.isNaN ?? false)
        let refused =
            #"{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points"}"#
        #expect(throws: PrometheusAnswer.Refused.self) { try PrometheusAnswer(decoding: Array(refused.utf8)) }
        #expect(throws: PrometheusAnswer.Refused.self) { try PrometheusAnswer(decoding: Array("<html>".utf8)) }
    }

    @Test func targetsOfAFile() throws {
        let text = #"[{"targets": ["a:9100", "b:9100"], "labels": {"job": "node", "__metrics_path__": "/m"}}]"#
        let targets = try ScrapeTarget.list(fileContents: Array(text.utf8), path: "t.json")
        #expect(targets.map(\.url) == ["http://a:9100/m", "http://b:9100/m"])
        #expect(targets[0].labels == [.init("job", "node")])
        #expect(throws: TelemetryError.self) {
            try ScrapeTarget.list(fileContents: Array("{}".utf8), path: "t.json")
        }
        #expect(ScrapeTarget("http://user:pass@a/") == nil)
        #expect(ScrapeTarget("ftp://a/") == nil)
        #expect(ScrapeTarget("a:99999") == nil)
        #expect(ScrapeTarget("[::1]:9100")?.instance == "[::1]:9100")
        #expect(ScrapeTarget("https://a.example/x")?.instance == "a.example:443")
    }

    @Test("A point that says it has no value ends its series, whatever else stands in it")
    func noRecordedValue() throws {
        func request(_ point: String, _ bin: String) -> [UInt8] {
            let time = #""timeUnixNano":"1700000000000000000""#
            let gauge = #"{"name":"g","gauge":{"dataPoints":[{\#(time),\#(point)}]}}"#
            let bins = #"{"aggregationTemporality":2,"dataPoints":[{\#(time),\#(bin)}]}"#
            let metrics = #"[\#(gauge),{"name":"h","histogram":\#(bins)}]"#
            return Array(#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":\#(metrics)}]}]}"#.utf8)
        }
        var metrics = OpenTelemetryMetrics()
        let told = try metrics.read(
            json: request(
                #""asDouble":5"#, #""count":"3","sum":0.5,"bucketCounts":["1","2"],"explicitBounds":[0.1]"#))
        #expect(told.series.count == 5)
        let ended = try metrics.read(
            json: request(#""asDouble":5,"flags":1"#, #""count":"0","flags":1"#))
        #expect(ended.series.map(\.series) == told.series.map(\.series))
        #expect(ended.series.allSatisfy { $0.samples[0].value.bitPattern == EntitySampler.staleMark })
        var fresh = OpenTelemetryMetrics()
        let point = ProtobufWriter.message {
            $0.put(3, fixed: 1_700_000_000_000_000_000)
            $0.put(4, double: 5)
            $0.put(8, number: 1)
        }
        let gauge = ProtobufWriter.message { $0.put(1, point) }
        let metric = ProtobufWriter.message {
            $0.put(1, "g")
            $0.put(5, gauge)
        }
        let scope = ProtobufWriter.message { $0.put(2, metric) }
        let resource = ProtobufWriter.message { $0.put(2, scope) }
        let binary = try fresh.read(protobuf: ProtobufWriter.message { $0.put(1, resource) })
        #expect(binary.series.map { $0.samples[0].value.bitPattern } == [EntitySampler.staleMark])
    }
}

extension ProtobufWriter {
    mutating func putRaw(_ value: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { appendRaw(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }
}
