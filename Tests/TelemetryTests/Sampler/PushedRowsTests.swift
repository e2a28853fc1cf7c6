import Telemetry
import Testing

/// Rows of what senders push: in parts, by several ways, late, and again. Time is what the tests say it is.
@Suite struct PushedRowsTests {
    /// A receiver: an intake that is looked at with each request and five times a second, as rows were told.
    private struct Receiver {
        var intake: SourceIntake
        var rows: [(row: SampledRow, madeAt: Double)] = []
        var findings: [DataQualityFinding] = []
        private(set) var now = 0.0

        init(_ adjust: (inout SourceIntake.Settings) -> Void = { _ in }) throws {
            var settings = SourceIntake.Settings(
                source: "s", preset: .fixed(.everything), rules: try GroupRules.builtIn())
            settings.sampler = .pushed
            adjust(&settings)
            intake = SourceIntake(settings)
        }

        /// Nothing comes until a time.
        mutating func wait(until time: Double) {
            while now + 0.2 < time {
                now += 0.2
                look()
            }
            now = max(now, time)
            look()
        }

        /// A request, at a time.
        mutating func take(_ samples: [(String, Double)], at time: Double, value: Double = 1) {
            wait(until: time)
            for (name, time) in samples {
                let series = MetricSeries(name: name, labels: [.init("instance", "i")])
                intake.push(series, value, at: time, kinds: [:], arrival: now)
            }
            look()
        }

        private mutating func look() {
            intake.settle(arrival: now)
            let taken = intake.take()
            rows += taken.rows.map { ($0.row, now) }
            findings += taken.findings
        }

        var times: [Double] { rows.map(\.row.time) }
        /// Values that rows lack, of so many columns.
        func missing(of columns: Int) -> [Int] {
            rows.map { made in columns - made.row.values.count { !$0.isNaN } }
        }
        func delay(_ row: Int) -> Double { rows[row].madeAt - rows[row].row.time }
    }

    private let staleMark = Double(bitPattern: EntitySampler.staleMark)

    private func names(_ count: Int, _ prefix: String = "m") -> [String] { (0..<count).map { "\(prefix)\($0)" } }

    /// As a Prometheus sends: 500 samples a request; what does not fill one waits for its deadline of 5 s, or for more.
    private func requests(
        _ names: [String], _ times: [Double], atOnce: Int = 500, deadline: Double = 5
    ) -> [(samples: [(String, Double)], at: Double)] {
        var result: [(samples: [(String, Double)], at: Double)] = []
        var waiting: [(String, Double)] = []
        var since = 0.0
        for time in times {
            if !waiting.isEmpty, time - since >= deadline {
                result.append((waiting, since + deadline))
                waiting = []
            }
            if waiting.isEmpty { since = time }
            waiting += names.map { ($0, time) }
            while waiting.count >= atOnce {
                result.append((Array(waiting.prefix(atOnce)), time))
                waiting.removeFirst(atOnce)
                since = time
            }
        }
        if !waiting.isEmpty { result.append((waiting, since + deadline)) }
        return result
    }

    @Test(arguments: [1.0, 4, 5, 15, 60])
    func nothingIsMissingWhereTheRestOfAScrapeComesLater(interval: Double) throws {
        var receiver = try Receiver()
        let times = (1...40).map { Double($0) * interval }
        var lastArrival: [Double: Double] = [:]
        for request in requests(names(1_200), times) {
            receiver.take(request.samples, at: request.at)
            for sample in request.samples { lastArrival[sample.1] = request.at }
        }
        receiver.wait(until: 40 * interval + 30)
        #expect(receiver.times == times)
        #expect(receiver.missing(of: 1_200).allSatisfy { $0 == 0 })
        // That nothing comes any more at the end is true.
        #expect(receiver.findings.allSatisfy { $0.kind == .sourceStale })
        // Once it is known what belongs to a row, it waits for that and no longer.
        for made in receiver.rows.dropFirst(14) { #expect(made.madeAt == lastArrival[made.row.time]) }
    }

    @Test func wholeRowsAreMadeAtOnce() throws {
        var receiver = try Receiver()
        for time in 1...100 { receiver.take(names(20).map { ($0, Double(time)) }, at: Double(time)) }
        // Of the first nobody knows whether it is whole.
        #expect(receiver.times == (1...100).map { Double($0) } && receiver.rows[0].madeAt > 12)
        #expect((20..<100).allSatisfy { receiver.delay($0) == 0 })
    }

    /// What does not come is waited for, as long as rows may wait and for a few of them.
    @Test func aSeriesThatEndsWithoutAMarkHoldsUpFewRows() throws {
        var receiver = try Receiver()
        for time in 1...50 { receiver.take(names(20).map { ($0, Double(time)) }, at: Double(time)) }
        for time in 51...100 { receiver.take(names(19).map { ($0, Double(time)) }, at: Double(time)) }
        #expect(receiver.times == (1...100).map { Double($0) })
        #expect(receiver.rows.dropFirst(20).allSatisfy { $0.madeAt - $0.row.time < 12.5 })
        #expect((50..<55).allSatisfy { receiver.delay($0) > 11 } && (70..<100).allSatisfy { receiver.delay($0) == 0 })
        // A marked one holds up none.
        receiver.take(names(19).map { ($0, 101) } + [], at: 101)
        receiver.take(names(18).map { ($0, 102) }, at: 102)
        receiver.take([("m18", 102)], at: 102.5, value: staleMark)
        for time in 103...120 { receiver.take(names(18).map { ($0, Double(time)) }, at: Double(time)) }
        #expect((100..<120).allSatisfy { receiver.delay($0) <= 0.5 })
    }

    /// Pauses, another pace, a target that comes back and series that come: nobody knows how much belongs to the first row.
    @Test func rowsAreWholeAfterChanges() throws {
        var receiver = try Receiver()
        let all = names(30)
        var time = 0.0
        func scrape(_ rows: Int, every seconds: Double, _ all: [String]) {
            for _ in 0..<rows {
                time += seconds
                receiver.take(all.prefix(12).map { ($0, time) }, at: time)
                receiver.take(all.dropFirst(12).map { ($0, time) }, at: time + min(4.5, seconds / 2))
            }
        }
        scrape(20, every: 5, all)
        time += 90
        scrape(20, every: 5, all)
        scrape(40, every: 1, all)
        scrape(10, every: 15, all)
        time += 15
        receiver.take(all.map { ($0, time) }, at: time, value: staleMark)
        time += 60
        scrape(20, every: 5, all)
        scrape(20, every: 5, all + names(10, "n"))
        receiver.wait(until: time + 30)
        let expected = 20 + 20 + 40 + 10 + 1 + 20 + 20
        #expect(receiver.times == receiver.times.sorted() && receiver.times.count == expected)
        let missing = receiver.missing(of: 30)
        #expect(missing[90] == 30 && missing.enumerated().allSatisfy { $0.offset == 90 || $0.element <= 0 })
        #expect(missing.suffix(20).allSatisfy { $0 == -10 })
        #expect(!receiver.findings.contains { $0.kind == .samplesRefused })
    }

    @Test func rarerSeriesAreWaitedForWhenTheyAreDue() throws {
        var receiver = try Receiver()
        for time in 1...200 {
            receiver.take(names(20).map { ($0, Double(time)) }, at: Double(time))
            if time % 10 == 0 { receiver.take(names(5, "rare").map { ($0, Double(time)) }, at: Double(time) + 3.5) }
        }
        receiver.wait(until: 230)
        #expect(receiver.times == (1...200).map { Double($0) })
        // That a series comes again says how often it does.
        for (index, missing) in receiver.missing(of: 25).enumerated().dropFirst(20) {
            #expect(missing == ((index + 1) % 10 == 0 ? 0 : 5))
        }
        // Behind one that waits come the others.
        #expect((60..<199).allSatisfy { receiver.delay($0) <= 3.6 })
        #expect((60..<199).count { receiver.delay($0) == 0 } > 70)
    }

    // MARK: Several ways, several senders

    /// A sender's shards work off what has waited each by itself.
    @Test func shardsThatOvertakeEachOtherMakeWholeRows() throws {
        var receiver = try Receiver()
        let (a, b) = (names(10, "a"), names(10, "b"))
        for time in 0..<100 { receiver.take((a + b).map { ($0, Double(time)) }, at: Double(time)) }
        for (step, shard) in [a, b].enumerated() {
            for start in stride(from: 100, to: 160, by: 20) {
                let samples = (start..<start + 20).flatMap { time in shard.map { ($0, Double(time)) } }
                receiver.take(samples, at: 190 + 4 * Double(step) + Double(start - 100) / 20)
            }
        }
        for time in 160..<220 {
            receiver.take(a.map { ($0, Double(time)) }, at: Double(time) + 40)
            receiver.take(b.map { ($0, Double(time)) }, at: Double(time) + 40.5)
        }
        receiver.wait(until: 300)
        #expect(receiver.times == (0..<220).map { Double($0) })
        #expect(receiver.missing(of: 20).allSatisfy { $0 == 0 })
        #expect(receiver.intake.counters.clockSteps == 0 && receiver.intake.counters.late == 0)
    }

    /// While nothing comes at all the row that was cut in two by it stays open, for some minutes.
    @Test func anOutageTearsNoRow() throws {
        var receiver = try Receiver()
        let all = names(30)
        for time in 1...60 {
            let delay = time < 40 ? 0.0 : 90
            receiver.take(all.prefix(12).map { ($0, Double(time)) }, at: Double(time) + (time == 40 ? 0 : delay))
            receiver.take(all.dropFirst(12).map { ($0, Double(time)) }, at: Double(time) + 0.5 + delay)
        }
        #expect(receiver.times == (1...60).map { Double($0) })
        #expect(receiver.missing(of: 30).allSatisfy { $0 == 0 })
        receiver.take(all.prefix(12).map { ($0, 200) }, at: 200)
        receiver.wait(until: 370)
        #expect(receiver.times.last == 60)
        receiver.wait(until: 381)
        #expect(receiver.times.last == 200)
    }

    /// What comes when its row is closed is left out, and told once.
    @Test func aSecondSenderFarBehindIsLeftOutAndToldOnce() throws {
        var receiver = try Receiver()
        let all = names(20)
        for time in 2_000..<2_200 {
            receiver.take(all.map { ($0, Double(time)) }, at: Double(time))
            guard time >= 2_050, time % 5 == 0 else { continue }
            receiver.take(
                (time - 1_800..<time - 1_795).flatMap { time in all.map { ($0, Double(time)) } }, at: Double(time) + 0.4
            )
        }
        receiver.wait(until: 2_230)
        #expect(receiver.times == (2_000..<2_200).map { Double($0) })
        #expect(receiver.missing(of: 20).allSatisfy { $0 == 0 })
        #expect(receiver.intake.counters.clockSteps == 0 && receiver.intake.counters.late == 30 * 5 * 20)
        #expect(receiver.findings.map(\.kind) == [.samplesRefused, .sourceStale])
    }

    /// Where nothing newer comes for minutes, the clock was set.
    @Test func aClockThatWasSetBackGoesOnAfterMinutes() throws {
        var receiver = try Receiver()
        let all = names(20)
        for time in 5_000..<5_050 { receiver.take(all.map { ($0, Double(time)) }, at: Double(time)) }
        for second in 0..<400 {
            receiver.take(all.prefix(12).map { ($0, Double(4_000 + second)) }, at: 5_050 + Double(second))
            receiver.take(all.dropFirst(12).map { ($0, Double(4_000 + second)) }, at: 5_050.5 + Double(second))
        }
        receiver.wait(until: 5_500)
        #expect(receiver.intake.counters.clockSteps == 1)
        let later = receiver.times.drop { $0 >= 5_000 }
        let quiet = Int(EntitySampler.quietBeforeStepBack)
        #expect(later.first.map { abs($0 - Double(4_000 + quiet)) <= 2 } ?? false)
        #expect(Array(later) == Array(stride(from: later.first ?? 0, through: 4_399, by: 1)))
        // That of which the first was left out may lack what came before it.
        #expect(receiver.missing(of: 20).enumerated().allSatisfy { $0.element == 0 || $0.offset == 50 })
    }

    @Test func moreThanMayWaitWaitsNoLonger() throws {
        var receiver = try Receiver { $0.mostPending = 1_000 }
        for time in 1...30 { receiver.take(names(20).map { ($0, Double(time)) }, at: Double(time)) }
        #expect(receiver.rows.count == 30)
        let many = (31...120).flatMap { time in names(19).map { ($0, Double(time)) } }
        receiver.take(many, at: 120)
        #expect(receiver.times.last == 120)
    }

    @Test func theClockByWhichSamplesComeMayBeSetBack() throws {
        var intake = try Receiver().intake
        func push(_ time: Double, arrival: Double) {
            intake.push(
                MetricSeries(name: "a", labels: [.init("instance", "i")]), 1, at: time, kinds: [:], arrival: arrival)
            intake.settle(arrival: arrival)
        }
        push(1, arrival: 9_000)
        push(2, arrival: 9_001)
        push(3, arrival: 5_000)
        intake.settle(arrival: 5_011)
        #expect(intake.take().rows.isEmpty)
        intake.settle(arrival: 5_012)
        #expect(intake.take().rows.map(\.row.time) == [1, 2, 3])
    }
}
