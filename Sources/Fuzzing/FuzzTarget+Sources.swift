import Collection
import Platform
import Telemetry

extension FuzzTarget {
    /// What endpoints and collectors say, and what is stored of it.
    static let sources: [FuzzTarget] = [
        FuzzTarget("exposition", texts: expositions) { bytes in
            for isOpenMetrics in [false, true] {
                let exposition = Exposition(parsing: bytes, isOpenMetrics: isOpenMetrics)
                try require(exposition.samples.count <= bytes.count, "more samples than bytes")
                for sample in exposition.samples.prefix(64) {
                    guard let series = MetricSeries(parsing: sample.series) else { continue }
                    try require(
                        MetricSeries(parsing: series.text) == series, "a series is written as another: \(series)")
                }
            }
        },
        // From what is said to rows, over three readings.
        FuzzTarget("intake", texts: expositions.map { $0 + "\u{0}" + $0 }) { bytes in
            let target = SeriesResolver.Target(entity: "a:9100")
            let exposition = bytes.split(separator: 0).prefix(8).map { Exposition(parsing: Array($0)) }
            guard !exposition.isEmpty else { throw Refused() }
            for interval in [nil, 1.0] {
                var settings = SourceIntake.Settings(
                    source: "fuzz", preset: .recognise(try presets.get()), rules: Examples.rules)
                settings.sampler.intervalSeconds = interval
                var intake = SourceIntake(settings)
                for (index, answer) in exposition.enumerated() {
                    intake.take(answer, on: target, at: 1_700_000_000 + Double(index))
                }
                take(&intake)
            }
        },
        FuzzTarget("remote-write", examples: { Pushed.remoteWrite }) { bytes in
            try push(try PushedSamples(remoteWrite: bytes))
        },
        FuzzTarget("snappy", examples: { [[9, 8 << 2] + Array("abcabcabc".utf8)] }) { bytes in
            guard let plain = Snappy.decompressed(bytes, limit: 1 << 16) else { throw Refused() }
            try push(try PushedSamples(remoteWrite: plain))
        },
        FuzzTarget("gzip-body", examples: { Packed.gzip }) { bytes in
            guard let plain = Gzip.decompressed(bytes, limit: 1 << 16) else { throw Refused() }
            try require(plain.count <= 1 << 16, "more bytes than may be")
        },
        FuzzTarget("otlp", examples: { Pushed.otlp }) { bytes in
            var metrics = OpenTelemetryMetrics()
            try push(try metrics.read(protobuf: bytes))
            _ = try metrics.read(protobuf: bytes)
        },
        FuzzTarget("otlp-json", texts: [Pushed.otlpJSON]) { bytes in
            var metrics = OpenTelemetryMetrics()
            try push(try metrics.read(json: bytes))
        },
        FuzzTarget(
            "prometheus-answer",
            texts: [
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"a"},"values":[[1700000000,"1"],[1700000001.5,"NaN"]]}]}}"#,
                #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up"},"value":[1,"1"]}]}}"#,
                #"{"status":"success","data":{"up":[{"type":"gauge","help":"","unit":""}]}}"#,
                #"{"status":"error","errorType":"bad","error":"no"}"#,
            ]
        ) { bytes in
            _ = try? PrometheusAnswer.series(bytes)
            _ = try? PrometheusAnswer.kinds(bytes)
            try push(try PrometheusAnswer(decoding: bytes).samples)
        },
        FuzzTarget("followed-lines", texts: ["time,a\n1,2\r\n3,4\ntime,a\n\n5,6\ntime,b\n7,8"]) { bytes in
            // However a file grows, the same lines come of it.
            func lines(of pieces: [[UInt8]]) -> [UInt8] {
                var lines = FollowedLines()
                return pieces.flatMap { piece in
                    var taken = lines.take(piece)
                    var all = taken.lines
                    while taken.hasMore {
                        taken = lines.take([])
                        all += taken.lines
                    }
                    return all
                }
            }
            try require(lines(of: [bytes]) == lines(of: bytes.map { [$0] }), "lines depend on how a file grows")
        },
        FuzzTarget("followed-state", texts: [#"{"header":[97],"inode":3,"offset":9,"repeatedHeaders":0}"#]) { bytes in
            var lines = try DeterministicJSON.decode(FollowedLines.self, from: bytes)
            _ = lines.observe(inodeAtPath: 3, openInode: 3, openSize: 100)
            _ = lines.take(Array("a\nb\n".utf8))
        },
        FuzzTarget("sample-block", examples: { Pushed.blocks }) { bytes in
            guard let block = SampleBlock(decoding: bytes) else { throw Refused() }
            // Every column of every row costs something; what little stands for much is bounded beside.
            try require(SampleBlock(decoding: block.encoded()) == block, "a block is written as another")
        },
        FuzzTarget(
            "scrape-targets",
            texts: [#"[{"targets":["host:9100","https://b/m"],"labels":{"job":"node","__scheme__":"https"}}]"#]
        ) { _ = try ScrapeTarget.list(fileContents: $0, path: "targets.json") },
    ]

    private static let expositions = [
        """
        # HELP node_cpu_seconds_total CPU
        # TYPE node_cpu_seconds_total counter
        node_cpu_seconds_total{cpu="0",mode="idle"} 12.5
        node_cpu_seconds_total{cpu="1",mode="user"} 3e2 1700000000000
        # TYPE node_load1 gauge
        node_load1 0.5
        h_bucket{le="+Inf"} 3

        """,
        """
        # TYPE a counter
        # UNIT a seconds
        a_total{b="c\\n\\"d"} 1 1700000000.5 # {trace="x"} 0.5
        # EOF

        """, "up 1\nup NaN\n",
    ]

    private static let presets = Result { try PresetCatalog.builtIn() }

    private static func take(_ intake: inout SourceIntake) {
        intake.settle(arrival: 1_700_000_100)
        intake.closeAll(kinds: [:], arrival: 1_700_000_200)
        _ = intake.take()
        _ = (intake.counters, intake.earliestPending)
    }

    private static func push(_ samples: PushedSamples) throws {
        var settings = SourceIntake.Settings(
            source: "fuzz", preset: .recognise(try presets.get()), rules: Examples.rules)
        settings.sampler = .pushed
        settings.sampler.intervalSeconds = 1
        settings.maximumSeries = 1_000
        var intake = SourceIntake(settings)
        for series in samples.series {
            for sample in series.samples {
                intake.push(
                    series.series, sample.value, at: sample.time, kinds: samples.kinds, arrival: 1_700_000_000)
            }
        }
        take(&intake)
    }

    private enum Pushed {
        private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            var all: [UInt8] = [number << 3 | 2]
            all += varint(bytes.count)
            return all + bytes
        }
        private static func varint(_ value: Int) -> [UInt8] {
            value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
        }
        private static func double(_ number: UInt8, _ value: Double) -> [UInt8] {
            var all: [UInt8] = [number << 3 | 1]
            withUnsafeBytes(of: value.bitPattern.littleEndian) { all += $0 }
            return all
        }
        private static func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

        static let remoteWrite: [[UInt8]] = {
            let name = field(1, text(1, "__name__") + text(2, "up"))
            let job = field(1, text(1, "job") + text(2, "a"))
            let sample = field(2, double(1, 1) + [2 << 3] + varint(1_700_000_000_000))
            return [field(1, name + job + sample)]
        }()

        static let otlp: [[UInt8]] = {
            let resource = field(1, field(1, text(1, "service.name") + field(2, text(1, "a"))))
            let core = field(7, text(1, "core") + field(2, [3 << 3, 4]))
            let time: [UInt8] = [3 << 3 | 1, 0, 0, 0x9a, 0xfa, 0x8d, 0x9c, 0x97, 0x17]
            let gauge = field(5, field(1, time + double(4, 0.5) + core))
            let metric = field(2, text(1, "load") + text(3, "1") + gauge)
            return [field(1, resource + field(2, metric))]
        }()

        static let otlpJSON =
            #"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},"scopeMetrics":[{"metrics":[{"name":"load","gauge":{"dataPoints":[{"timeUnixNano":"1700000000000000000","asDouble":0.5,"attributes":[{"key":"c","value":{"intValue":"3"}}]}]}},{"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"1700000000000000000","count":"3","sum":2,"bucketCounts":["1","2"],"explicitBounds":[1]}]}},{"name":"s","sum":{"isMonotonic":true,"aggregationTemporality":1,"dataPoints":[{"timeUnixNano":"1700000000000000000","asInt":"5"}]}}]}]}]}"#

        static var blocks: [[UInt8]] {
            var block = SampleBlock(columnCount: 3)
            for row in 0..<20 {
                block.append(
                    SampledRow(
                        time: 1_700_000_000 + Double(row),
                        values: [Double(row) * 0.1, row % 3 == 0 ? .nan : 7, Double(row).squareRoot()]))
            }
            return [block.encoded(), SampleBlock(columnCount: 0).encoded()]
        }
    }
}
