import Foundation
import Telemetry
import Testing

/// The way from answers and pushed samples to rows, each rule by itself.
@Suite struct SourceIntakeTests {
    private let target = SeriesResolver.Target(entity: "h:1")

    private func intake(
        preset: Preset = .everything, _ adjust: (inout SourceIntake.Settings) -> Void = { _ in }
    ) throws -> SourceIntake {
        var settings = SourceIntake.Settings(source: "s", preset: .fixed(preset), rules: try GroupRules.builtIn())
        adjust(&settings)
        return SourceIntake(settings)
    }

    private func scrape(_ text: String) -> Exposition { Exposition(parsing: Array(text.utf8)) }

    private func rows(_ intake: inout SourceIntake) -> [SampledRow] { intake.take().rows.map(\.row) }

    private func kinds(_ findings: [DataQualityFinding]) -> [String] {
        findings.map { "\($0.kind.rawValue) \($0.isRaised ? "raised" : "cleared")" }
    }

    @Test func anAnswerIsARowAndTimesInItCount() throws {
        var intake = try intake()
        intake.take(scrape("a 1\nb{x=\"1\"} 2\nb{x=\"2\"} 3\n"), on: target, at: 10)
        intake.take(scrape("a 4 20500\nb{x=\"1\"} 5 20500\n"), on: target, at: 99)
        #expect(intake.entities[0].columns == ["a", #"b{x="1"}"#, #"b{x="2"}"#])
        #expect(
            rows(&intake) == [
                SampledRow(time: 10, values: [1, 2, 3]), SampledRow(time: 20.5, values: [4, 5, .nan]),
            ])
    }

    @Test func timesAreIgnoredWhenToldSo() throws {
        var intake = try intake { $0.honoursTimes = false }
        intake.take(scrape("a 1 5000\n"), on: target, at: 10)
        #expect(rows(&intake) == [SampledRow(time: 10, values: [1])])
    }

    @Test func aRecordingOfSeveralRowsInOneAnswer() throws {
        var intake = try intake()
        intake.take(scrape("a 1 1000\na 2 2000\na 3 3000\nb 5 1000\nb 6 2000\nb 7 3000\n"), on: target, at: 10)
        #expect(
            rows(&intake) == [
                SampledRow(time: 1, values: [1, 5]), SampledRow(time: 2, values: [2, 6]),
                SampledRow(time: 3, values: [3, 7]),
            ])
    }

    @Test func countersThatAreKnownPassAndOthersBecomeRates() throws {
        var intake = try intake()
        for (step, value) in [10.0, 16, 4, 5].enumerated() {
            intake.take(
                scrape("# TYPE odd counter\nodd \(value)\nx_total \(value)\n"), on: target, at: Double(step) * 2)
        }
        #expect(intake.entities[0].columns == ["odd:rate", "x_total"])
        // 16 after 10 in two seconds; 4 after a reset is all new.
        let made = rows(&intake)
        #expect(made[0].values[0].isNaN && made.dropFirst().map { $0.values[0] } == [3, 2, 0.5])
        #expect(made.map { $0.values[1] } == [10, 16, 4, 5])
        #expect(intake.counters.resets == 2)
    }

    /// What an endpoint or a preset says of a family holds, also where its name is that of a counter.
    @Test func declaredLevelsStayLevels() throws {
        var preset = Preset.everything
        let rule = #"{"families": ["threads_total"], "kind": "gauge"}"#
        preset.families = [try JSONDecoder().decode(Preset.FamilyRule.self, from: Data(rule.utf8))]
        var intake = try intake(preset: preset)
        for step in 0..<80 {
            intake.take(
                scrape(
                    "# TYPE cpu_total gauge\ncpu_total{core=\"0\"} \(step)\n# TYPE threads_total counter\n"
                        + "threads_total \(step)\n# TYPE done_total counter\ndone_total \(step)\n# TYPE depth gauge\ndepth \(step % 3)\n"
                ),
                on: target, at: Double(step))
        }
        let columns = [#"cpu_total:level{core="0"}"#, "threads_total:level", "done_total", "depth"]
        #expect(intake.entities[0].columns == columns)
        let rows = rows(&intake)
        let rules = try GroupRules.builtIn()
        var statistics = TelemetryStatistics()
        statistics.add(
            MetricFrame(schema: columns, firstRow: 0, times: rows.map(\.time), values: rows.flatMap(\.values)),
            site: "s", entity: "e", type: "t", rules: rules)
        // They only rose, and still are what was said of them.
        let found = CleaningPipeline(fitting: statistics, rules: rules).types["t"]?.columns.map(\.transform)
        #expect(found == [.level, .level, .rate, .level])
    }

    @Test func foldedCountersAddWhatEachHasAdded() throws {
        var preset = Preset.everything
        let rule = #"{"families": ["cpu_total"], "keep": ["mode"], "fold": "sum"}"#
        preset.families = [try JSONDecoder().decode(Preset.FamilyRule.self, from: Data(rule.utf8))]
        var intake = try intake(preset: preset)
        func answer(_ a: Double, _ b: Double) -> Exposition {
            scrape("cpu_total{cpu=\"0\",mode=\"u\"} \(a)\ncpu_total{cpu=\"1\",mode=\"u\"} \(b)\n")
        }
        intake.take(answer(100, 50), on: target, at: 1)
        intake.take(answer(101, 52), on: target, at: 2)
        // One of them begins anew: the sum does not fall.
        intake.take(answer(102, 1), on: target, at: 3)
        #expect(intake.entities[0].columns == [#"cpu_total{mode="u"}"#])
        #expect(rows(&intake).map(\.values) == [[150], [153], [155]])
    }

    @Test func histogramsBecomeRateMeanAndQuantiles() throws {
        var intake = try intake()
        func answer(_ counts: [Double], _ sum: Double) -> Exposition {
            scrape(
                "# TYPE d histogram\nd_bucket{le=\"1\"} \(counts[0])\nd_bucket{le=\"2\"} \(counts[1])\n"
                    + "d_bucket{le=\"+Inf\"} \(counts[2])\nd_sum \(sum)\nd_count \(counts[2])\n")
        }
        intake.take(answer([1, 1, 1], 0.5), on: target, at: 0)
        intake.take(answer([3, 5, 5], 6.5), on: target, at: 2)
        intake.take(answer([3, 5, 5], 6.5), on: target, at: 4)
        #expect(intake.entities[0].columns == ["d:rate", "d:mean", "d:p50", "d:p99"])
        let made = rows(&intake)
        #expect(made[1].values[0] == 2 && made[1].values[1] == 1.5)
        // Two of four lie up to 1: the median is the bucket's end.
        #expect(made[1].values[2] == 1)
        #expect(abs(made[1].values[3] - 1.98) < 1e-12)
        // Nothing was observed: the rate says so, and the rest stays what it was.
        #expect(made[2].values == [0, 1.5, made[1].values[2], made[1].values[3]])
    }

    /// A command that nobody calls for a while is there: mean and quantiles are missing only where its series are.
    /// What is in the buckets of a gauge histogram now may become less, and nothing has begun anew.
    @Test func gaugeHistogramsAreLevels() throws {
        var intake = try intake()
        for (step, count) in [6.0, 3, 5, 1, 4].enumerated() {
            intake.take(
                scrape(
                    "# TYPE gh gaugehistogram\ngh_bucket{le=\"1\"} \(count / 2)\ngh_bucket{le=\"+Inf\"} \(count)\n"
                        + "gh_gcount \(count)\ngh_gsum \(2 * count)\n"), on: target, at: Double(step) * 2)
        }
        #expect(intake.entities[0].columns.contains("gh_gcount"))
        let taken = intake.take()
        #expect(kinds(taken.findings).isEmpty)
        let column = try #require(intake.entities[0].columns.firstIndex(of: "gh_gcount"))
        #expect(taken.rows.map { $0.row.values[column] } == [6, 3, 5, 1, 4])
    }

    @Test func silentHistogramsAndSummariesAreNotGone() throws {
        var intake = try intake()
        func answer(_ count: Int, _ sum: Double, _ quantile: String) -> Exposition {
            scrape(
                "# TYPE d summary\nd{quantile=\"0.5\"} \(quantile)\nd_sum \(sum)\nd_count \(count)\n"
                    + "# TYPE never summary\nnever_sum 0\nnever_count 0\n# TYPE g gauge\ng 1\n")
        }
        intake.take(answer(0, 0, "NaN"), on: target, at: 0)
        intake.take(answer(4, 6, "1.25"), on: target, at: 1)
        for time in 2..<30 { intake.take(answer(4, 6, "NaN"), on: target, at: Double(time)) }
        for time in 30..<40 { intake.take(scrape("# TYPE g gauge\ng 1\n"), on: target, at: Double(time)) }
        let (made, findings) = intake.take()
        let columns = intake.entities[0].columns
        func value(_ column: String, _ row: Int) throws -> Double {
            made[row].row.values[try #require(columns.firstIndex(of: column))]
        }
        #expect(try value("d:mean", 0).isNaN && value(#"d{quantile="0.5"}"#, 0).isNaN)
        for row in 1..<30 {
            #expect(try value("d:rate", row) == (row == 1 ? 4 : 0) && value("d:mean", row) == 1.5)
            #expect(try value(#"d{quantile="0.5"}"#, row) == 1.25)
            #expect(try value("never:rate", row) == 0 && value("never:mean", row).isNaN)
        }
        // The series themselves are gone.
        #expect(try value("d:mean", 30).isNaN && value("d:rate", 30).isNaN && value(#"d{quantile="0.5"}"#, 30).isNaN)
        let gone = findings.filter { $0.kind == .metricsVanished }
        #expect(gone.count == 1 && gone.first?.at == 34 && gone.first?.subjects.contains("d:mean") ?? false)

        // Over a restart, too.
        var again = try self.intake()
        again.resume(entity: "h:1", columns: columns, lastTime: 29, row: made[29].row.values)
        for time in 40..<50 { again.take(answer(4, 6, "NaN"), on: target, at: Double(time)) }
        for row in rows(&again) {
            #expect(row.values[try #require(columns.firstIndex(of: "d:mean"))] == 1.5)
            #expect(row.values[try #require(columns.firstIndex(of: #"d{quantile="0.5"}"#))] == 1.25)
        }
    }

    @Test func duplicatesAndStragglersAreLeftOutAndCounted() throws {
        var intake = try intake()
        for time in [1.0, 2, 3, 3, 2, 4, 5] {
            intake.take(scrape("a \(time) \(Int(time * 1_000))\n"), on: target, at: 100)
        }
        let (made, findings) = intake.take()
        #expect(made.map(\.row.time) == [1, 2, 3, 4, 5])
        #expect(intake.counters.duplicates == 1 && intake.counters.late == 1)
        #expect(kinds(findings) == ["samplesRefused raised"])
    }

    @Test func aClockThatWasSetBackGoesOn() throws {
        var intake = try intake()
        for time in [1_000.0, 1_001, 1_002, 200, 201, 202, 203] {
            intake.take(scrape("a 1 \(Int(time * 1_000))\n"), on: target, at: 5)
        }
        let (made, findings) = intake.take()
        #expect(made.map(\.row.time) == [1_000, 1_001, 1_002, 202, 203])
        #expect(made[3].row.quality.contains(.disconnected))
        #expect(intake.counters.clockSteps == 1)
        #expect(findings.contains { $0.kind == .clockStep && $0.detail == "the clock was set by -800 s" })
    }

    @Test func anotherPaceIsNoticed() throws {
        var intake = try intake()
        var time = 0.0
        for step in [Double](repeating: 1, count: 12) + [Double](repeating: 5, count: 12) {
            time += step
            intake.take(scrape("a 1\n"), on: target, at: time)
        }
        let findings = intake.take().findings
        #expect(kinds(findings) == ["intervalChanged raised", "intervalChanged cleared"])
        #expect(findings.first?.detail == "a sample every 5 s now")
    }

    @Test func metricsThatVanishAreNamedOnceAndWhenTheyReturn() throws {
        var intake = try intake()
        func feed(_ text: String, _ times: ClosedRange<Int>) {
            for time in times { intake.take(scrape(text), on: target, at: Double(time)) }
        }
        feed("a 1\nb 2\nc 3\n", 0...9)
        #expect(intake.take().findings.isEmpty)
        feed("a 1\nc 3\nnew 4\n", 10...19)
        let gone = intake.take()
        #expect(kinds(gone.findings) == ["metricsNew raised", "metricsNew cleared", "metricsVanished raised"])
        #expect(gone.findings[0].subjects == ["new"] && gone.findings[2].subjects == ["b"])
        #expect(gone.rows.allSatisfy { $0.row.values[1].isNaN })
        feed("a 1\nb 2\nc 3\nnew 4\n", 20...21)
        #expect(kinds(intake.take().findings) == ["metricsVanished cleared"])
    }

    @Test func halfEmptyAnswersAreMarkedAndTold() throws {
        var intake = try intake()
        for time in 0..<5 { intake.take(scrape("a 1\nb 2\nc 3\nd 4\n"), on: target, at: Double(time)) }
        for time in 5..<9 { intake.take(scrape("a 1\n"), on: target, at: Double(time)) }
        let (made, findings) = intake.take()
        #expect(made[6].row.quality == .incomplete && !made[6].row.quality.isClean)
        #expect(findings.contains { $0.kind == .halfEmpty && $0.isRaised })
    }

    @Test func aTargetThatStartsAgainIsTold() throws {
        var intake = try intake()
        func answer(_ value: Int) -> Exposition { scrape("a_total \(value)\nb_total \(value)\nc 1\n") }
        for (time, value) in [100, 110, 120, 3, 13].enumerated() {
            intake.take(answer(value), on: target, at: Double(time))
        }
        let (made, findings) = intake.take()
        #expect(made[3].row.quality.contains(.restarted))
        #expect(kinds(findings) == ["restarted raised", "restarted cleared"])
        #expect(made.map(\.row.values[0]) == [100, 110, 120, 3, 13])
    }

    @Test func aTargetThatFailsIsDownAfterThreeAndOnceOnly() throws {
        var intake = try intake()
        intake.take(scrape("a 1\n"), on: target, at: 0)
        for time in 1...6 { intake.takeFailure("refused", on: target, at: Double(time)) }
        #expect(kinds(intake.take().findings) == ["sourceDown raised"])
        intake.take(scrape("a 1\n"), on: target, at: 7)
        #expect(kinds(intake.take().findings) == ["sourceDown cleared"])
    }

    @Test func timesThatStandStillAreStale() throws {
        var intake = try intake()
        for _ in 0..<8 { intake.take(scrape("a 1 5000\n"), on: target, at: 9) }
        let (made, findings) = intake.take()
        #expect(made.count == 1)
        #expect(findings.contains { $0.kind == .sourceStale && $0.isRaised })
    }

    @Test func aMillionSeriesAreBoundedAndTold() throws {
        var intake = try intake {
            $0.maximumSeries = 50
            $0.maximumMetrics = 20
        }
        let text = (0..<1_000).map { "m{n=\"\($0)\"} 1\n" }.joined()
        for time in 0..<3 { intake.take(scrape(text), on: target, at: Double(time)) }
        let (made, findings) = intake.take()
        #expect(made.allSatisfy { $0.row.values.count == 20 })
        #expect(findings.filter { $0.kind == .overBound && $0.isRaised }.count == 1)
        #expect(findings.first { $0.kind == .overBound }?.count == 980)
    }

    @Test func valuesThatCannotBeAreMissing() throws {
        var intake = try intake()
        for (time, value) in ["5", "-3", "NaN", "7"].enumerated() {
            intake.take(scrape("a_total \(value)\nb 1\n"), on: target, at: Double(time))
        }
        let made = rows(&intake)
        #expect(made[1].values[0].isNaN && made[2].values[0].isNaN && made[3].values[0] == 7)
        #expect(intake.counters.badValues == 2)
        #expect(intake.counters.resets == 0)
    }

    // MARK: Pushed samples

    private func series(_ name: String, _ labels: [(String, String)] = []) -> MetricSeries {
        MetricSeries(name: name, labels: labels.map { .init($0.0, $0.1) })
    }

    @Test func pushedSamplesInAnyOrderMakeTheSameRows() throws {
        var samples: [(MetricSeries, Double, Double)] = []
        for time in 0..<30 {
            for name in ["a", "b", "c"] {
                samples.append(
                    (series(name, [("instance", "h:1"), ("job", "n")]), Double(time), Double(time) * 15))
            }
        }
        var expected: [SampledRow]?
        for seed in 0..<20 {
            var intake = try intake { $0.sampler.latenessSeconds = 40 }
            // Each sample up to two intervals late.
            let shuffled = samples.enumerated().sorted { a, b in
                func key(_ entry: (offset: Int, element: (MetricSeries, Double, Double))) -> Double {
                    entry.element.2 + Double((entry.offset &* 7_919 &+ seed &* 104_729) % 29)
                }
                return key(a) < key(b)
            }
            for (_, sample) in shuffled {
                intake.push(sample.0, sample.1, at: sample.2, kinds: [:], arrival: 0)
            }
            intake.closeAll(kinds: [:], arrival: 0)
            #expect(intake.entities.map(\.name) == ["h:1"] && intake.entities[0].type == "n")
            // Columns stand in the order in which they came.
            let order = ["a", "b", "c"].map { intake.entities[0].columns.firstIndex(of: $0) ?? 0 }
            let made = rows(&intake).map { row in
                SampledRow(time: row.time, values: order.map { row.values[$0] })
            }
            #expect(made.count == 30, "seed \(seed)")
            expected = expected ?? made
            #expect(made == expected, "seed \(seed)")
        }
    }

    @Test func theStaleMarkEndsASeriesAtOnce() throws {
        var intake = try intake { $0.sampler.stalenessSeconds = 300 }
        let (a, b) = (series("a", [("instance", "i")]), series("b", [("instance", "i")]))
        for time in 0..<4 {
            intake.push(a, 1, at: Double(time), kinds: [:], arrival: 0)
            // What comes rarely stands until it is old, or marked.
            if time == 0 { intake.push(b, 2, at: 0, kinds: [:], arrival: 0) }
            if time == 2 {
                intake.push(b, Double(bitPattern: EntitySampler.staleMark), at: 2, kinds: [:], arrival: 0)
            }
        }
        intake.closeAll(kinds: [:], arrival: 0)
        let made = rows(&intake)
        #expect(made[1].values == [1, 2])
        #expect(made[2].values[1].isNaN && made[3].values[1].isNaN)
    }

    @Test func upOfACollectorIsTheSourcesHealth() throws {
        var intake = try intake()
        let up = series("up", [("instance", "i"), ("job", "n")])
        for (time, value) in [1.0, 0, 0, 1].enumerated() {
            intake.push(up, value, at: Double(time), kinds: [:], arrival: 0)
        }
        intake.closeAll(kinds: [:], arrival: 0)
        #expect(kinds(intake.take().findings) == ["sourceDown raised", "sourceDown cleared"])
        #expect(intake.entities.isEmpty)
    }

    /// Names that nobody can read, or that no message takes, are left out with their series, and that is told once.
    @Test func namesThatCannotBeUsedAreLeftOut() throws {
        var intake = try intake()
        let long = String(repeating: "n", count: 5_000)
        for time in 0..<20 {
            for (name, instance) in [
                ("good", "h:1"), ("bad\u{202E}name", "h:1"), (long, "h:1"), ("good", "build\u{200B}7"), ("good", long),
            ] {
                intake.push(
                    series(name, [("instance", instance), ("job", "n")]), 1, at: Double(time), kinds: [:],
                    arrival: Double(time))
            }
        }
        intake.closeAll(kinds: [:], arrival: 20)
        intake.settle(arrival: 21)
        #expect(intake.entities.map(\.name) == ["h:1"] && intake.entities[0].columns == ["good"])
        let findings = intake.take().findings
        #expect(kinds(findings) == ["samplesRefused raised"], "\(findings)")
        #expect(findings.first?.detail.contains("names cannot be used") ?? false, "\(findings)")
        #expect(findings.allSatisfy { $0.detail.utf8.count < 1_000 })
    }

    /// A clock that is ahead would put the entity's next rows into the past.
    @Test func timesFarAheadOfTheClockAreRefusedAndToldOnce() throws {
        var intake = try intake()
        for time in 1_000..<1_004 {
            intake.take(
                scrape("a 1 \(time)000\nb 2 \(time)000\na 7 9223372036854775807\n"), on: target, at: Double(time))
        }
        let (made, findings) = intake.take()
        #expect(made.map(\.row) == (1_000..<1_004).map { SampledRow(time: Double($0), values: [1, 2]) })
        #expect(kinds(findings) == ["samplesRefused raised"])
        #expect(findings.first?.detail.contains("first of a by 9223372036853") ?? false, "\(findings)")
        intake.settle(arrival: 1_062)
        #expect(intake.take().findings.isEmpty)
        intake.settle(arrival: 1_063)
        #expect(kinds(intake.take().findings) == ["samplesRefused cleared"])
    }

    @Test func whatIsAheadIsTakenOutOfWhatWasPushed() {
        var samples = PushedSamples()
        samples.series = [
            .init(series: series("a"), samples: [(10, 1), (9_223_372_036_854_775.807, 2), (20, 3)]),
            .init(series: series("b"), samples: [(3_701, 4)]), .init(series: series("c"), samples: [(3_700, 5)]),
        ]
        let ahead = samples.removeAhead(of: 100)
        #expect(ahead?.count == 2 && ahead?.series == "a")
        #expect(samples.series.map(\.series.name) == ["a", "c"])
        #expect(samples.series.first?.samples.map(\.value) == [1, 3])
        #expect(samples.removeAhead(of: 100) == nil)
    }

    @Test func pushedSeriesBeyondTheBoundsAreToldOnceEach() throws {
        var intake = try intake {
            $0.maximumSeries = 50
            $0.maximumMetrics = 20
        }
        func push(_ numbers: Range<Int>, _ instance: String, at time: Double) {
            for number in numbers {
                intake.push(
                    series("m", [("n", "\(number)"), ("instance", instance)]), 1, at: time, kinds: [:], arrival: time)
            }
            intake.settle(arrival: time)
        }
        push(0..<10, "i", at: 0)
        for time in 1..<5 { push(0..<1_000, "i", at: Double(time)) }
        for time in 5..<9 { push(time * 1_000..<(time + 1) * 1_000, "i", at: Double(time)) }
        let told = intake.take().findings.filter { $0.kind == .overBound }
        #expect(told.map(\.entity) == ["i"] && told.first?.count == 980 && told.first?.subjects.count == 12)
        #expect(told.first?.detail.hasPrefix(#"980 series beyond the bound are left out, such as m{"#) ?? false)
        // What is not remembered of each is counted again.
        #expect(intake.refusedSeries == 980 + 3 * 800 + 4_000)
        // The source's own bound, over all its entities.
        for number in 0..<40 { push(0..<1, "j\(number)", at: 10) }
        let more = intake.take().findings.filter { $0.kind == .overBound }
        #expect(more.map(\.entity) == [nil] && more.first?.isRaised ?? false)
    }

    /// Rows have all columns of their entity: of few samples many of them can be made.
    @Test func rowsAreMadeInPortionsOfSoManyCells() throws {
        func feed(_ intake: inout SourceIntake) {
            for number in 0..<200 {
                intake.push(
                    series("m", [("n", "\(number)"), ("instance", "i")]), 1, at: 0, kinds: [:], arrival: 0)
            }
            for time in 0..<5_000 {
                intake.push(series("m", [("n", "0"), ("instance", "i")]), 2, at: Double(time), kinds: [:], arrival: 0)
                intake.push(series("a", [("instance", "j")]), 2, at: Double(time), kinds: [:], arrival: 0)
            }
            intake.settle(arrival: 2)
        }
        var whole = try intake {
            $0.sampler.isPushed = true
            $0.sampler.latenessSeconds = 2
        }
        feed(&whole)
        #expect(!whole.hasMore)
        let expected = whole.take().rows
        #expect(expected.count == 2 * 5_000)
        var bounded = try intake {
            $0.sampler.isPushed = true
            $0.sampler.latenessSeconds = 2
            $0.cellsAtOnce = 10_000
        }
        feed(&bounded)
        var made = bounded.take().rows
        #expect(made.count <= 10_000 / 216 + 1)
        while bounded.hasMore {
            #expect(bounded.earliestPending ?? .infinity < 5_000)
            bounded.makeMore(arrival: 2)
            let rows = bounded.take().rows
            #expect(!rows.isEmpty && rows.reduce(0) { $0 + $1.row.values.count + 16 } < 10_000 + 216)
            made += rows
        }
        #expect(bounded.earliestPending == nil && whole.earliestPending == nil)
        for entity in 0..<2 {
            #expect(
                made.filter { $0.entity == entity }.map(\.row) == expected.filter { $0.entity == entity }.map(\.row))
        }
    }

    @Test func samplesThatComeBetweenPortionsFindTheirRows() throws {
        var intake = try intake { $0.cellsAtOnce = 200 }
        let (a, b) = (series("a", [("instance", "i")]), series("b", [("instance", "i")]))
        for time in 0..<100 {
            intake.push(a, Double(time), at: Double(time), kinds: [:], arrival: 0)
            if time == 0 { intake.push(b, 0, at: 0, kinds: [:], arrival: 0) }
        }
        intake.closeAll(kinds: [:], arrival: 0)
        #expect(intake.waitingCount > 80)
        for time in 50..<120 { intake.push(b, Double(time), at: Double(time), kinds: [:], arrival: 0) }
        intake.closeAll(kinds: [:], arrival: 0)
        while intake.hasMore { intake.makeMore(arrival: 0) }
        let made = rows(&intake)
        #expect(made.map(\.time) == (0..<120).map { Double($0) })
        #expect(made.map { $0.values[0].isNaN } == (0..<120).map { $0 >= 100 })
        #expect(made.map { $0.values[1].isNaN } == (0..<120).map { $0 > 0 && $0 < 50 })
    }

    /// Requests that were not settled are read again at the next start: what is in rows already is no clock set back.
    @Test func whatIsToldAgainIsNoStepBack() throws {
        for isAgain in [true, false] {
            var intake = try intake()
            intake.resume(entity: "i", columns: ["a"], lastTime: 50)
            intake.takesStepsBack = !isAgain
            for time in stride(from: 10.0, through: 90, by: 10) {
                intake.push(series("a", [("instance", "i")]), time, at: time, kinds: [:], arrival: 100)
            }
            intake.closeAll(kinds: [:], arrival: 100)
            #expect(rows(&intake).map(\.time) == (isAgain ? [60, 70, 80, 90] : [30, 40, 50, 60, 70, 80, 90]))
        }
    }

    @Test func anIntakeGoesOnWhereTheStoreEnds() throws {
        var intake = try intake()
        intake.resume(entity: "h:1", columns: ["b", "a"], lastTime: 10)
        intake.take(scrape("a 1\nb 2\nc 3\n"), on: target, at: 10)
        intake.take(scrape("a 1\nb 2\nc 3\n"), on: target, at: 11)
        #expect(intake.entities[0].columns == ["b", "a", "c"])
        #expect(rows(&intake) == [SampledRow(time: 11, values: [2, 1, 3])])
    }

    /// An exporter's own process is not the thing that it tells of; a program that tells of itself is.
    @Test func anExporterSaysNothingOfItself() throws {
        let own = "go_goroutines 9\nprocess_open_fds 7\nhttpd_requests_total 5\n"
        var exporter = try intake()
        exporter.take(scrape(own + "httpd_exporter_build_info{v=\"1\"} 1\n"), on: target, at: 0)
        #expect(exporter.entities[0].columns == ["httpd_requests_total"])
        var program = try intake()
        program.take(scrape(own), on: target, at: 0)
        #expect(program.entities[0].columns.count == 3)
    }

    /// Two kinds of endpoints are two types, and do not lack each other's metrics; two of one kind are one.
    @Test func whatAnEndpointIsItsFamiliesSay() throws {
        var intake = try intake()
        func answer(_ kind: String) -> Exposition {
            scrape((0..<8).map { "\(kind)_m\($0) 1\n" }.joined() + "go_goroutines 9\nup 1\n")
        }
        for (name, kind) in [("a:1", "mysql"), ("b:1", "etcd"), ("c:1", "mysql")] {
            intake.take(answer(kind), on: .init(entity: name), at: 0)
        }
        intake.take(scrape("a_x 1\nb_x 1\nc_x 1\nd_x 1\ne_x 1\n"), on: .init(entity: "d:1"), at: 0)
        #expect(intake.entities.map(\.type) == ["mysql", "etcd", "mysql", "target"])
    }

    // MARK: What says nothing any more

    /// Pods come and go: those that are gone take no room from those that come.
    @Test func whatIsGoneMakesRoom() throws {
        var intake = try intake {
            $0.maximumSeries = 50
            $0.sampler.isPushed = true
        }
        var taken: Set<String> = []
        var findings: [DataQualityFinding] = []
        for pod in 0..<100 {
            for minute in 0..<30 {
                let time = Double(pod * 1_800 + minute * 60)
                for number in 0..<5 {
                    intake.push(
                        series("m_total", [("n", "\(number)"), ("instance", "pod\(pod)")]), Double(minute), at: time,
                        kinds: [:], arrival: time)
                }
                intake.settle(arrival: time)
                let made = intake.take()
                for row in made.rows { taken.insert(intake.entities[row.entity].name) }
                findings += made.findings
            }
        }
        #expect(taken.count == 100)
        #expect(intake.refusedSeries == 0 || findings.contains { $0.kind == .overBound && !$0.isRaised })
        #expect(intake.entities.count < 30, "places are used again")
        // Those that find no room wait for some minutes until it is looked whether others are gone.
        #expect((14_000...15_000).contains(intake.counters.samples))
        // Each was told once that it fell silent, and once that this is over.
        let stale = findings.filter { $0.kind == .sourceStale && $0.entity == "pod0" }
        #expect(stale.map(\.isRaised) == [true, false])
    }

    /// A day without a word, and twenty of its intervals: what comes rarely is not forgotten.
    @Test func whatComesRarelyStays() throws {
        var intake = try intake()
        for hour in 0..<100 {
            intake.take(scrape("a_total \(hour)\n"), on: target, at: Double(hour) * 10_800)
        }
        #expect(rows(&intake).allSatisfy { !$0.values[0].isNaN })
        #expect(intake.counters.resets == 0)
    }

    /// Series of an entity that goes on give their room to others, and are taken when they come again.
    @Test func seriesThatAreGoneMakeRoom() throws {
        var folding = Preset.everything
        folding.families = try JSONDecoder().decode(
            [Preset.FamilyRule].self,
            from: Data(#"[{"families": ["c_total"], "kind": "counter", "fold": "sum", "keep": []}]"#.utf8))
        var intake = try intake(preset: folding) { $0.maximumSeries = 20 }
        var text = ""
        for second in 0..<40_000 {
            // Each connection lives for an hour; of two at a time one ends each half hour.
            let number = second / 1_800
            text = "c_total{n=\"\(number)\"} \(second)\nc_total{n=\"\(number + 1)\"} \(second)\n"
            intake.take(scrape(text), on: target, at: Double(second))
        }
        let made = intake.take()
        #expect(made.rows.count == 40_000)
        #expect(made.rows.allSatisfy { !$0.row.values[0].isNaN })
        let rates = zip(made.rows.dropFirst(), made.rows).map { $0.row.values[0] - $1.row.values[0] }
        #expect(rates.allSatisfy { $0 >= 0 }, "a sum does not fall when one of many is forgotten")
        #expect(made.findings.filter { $0.kind == .overBound }.map(\.isRaised).last != true)
        // The first connection again.
        intake.take(scrape("c_total{n=\"0\"} 5\n"), on: target, at: 40_000)
        #expect(rows(&intake).last?.values[0].isNaN == false)
    }

    /// Many entities that fall silent at once are one finding, of the source.
    @Test func manyThatFallSilentAreToldAsOne() throws {
        var intake = try intake { $0.sampler.isPushed = true }
        func push(_ entities: Range<Int>, at time: Double) {
            for number in entities {
                intake.push(series("m", [("instance", "i\(number)")]), 1, at: time, kinds: [:], arrival: time)
            }
            intake.settle(arrival: time)
        }
        for second in 0..<30 { push(0..<200, at: Double(second)) }
        _ = intake.take()
        for second in 30..<60 { push(0..<0, at: Double(second)) }
        let silent = intake.take().findings
        #expect(kinds(silent) == ["sourceStale raised"])
        #expect(silent.first?.entity == nil && silent.first?.count == 200)
        push(0..<100, at: 60)
        push(0..<100, at: 61)
        #expect(intake.take().findings.filter { $0.kind == .sourceStale }.isEmpty, "a hundred are still silent")
        for second in 62..<90 { push(0..<200, at: Double(second)) }
        #expect(intake.take().findings.filter { $0.kind == .sourceStale }.map(\.isRaised) == [false])
    }
}
