import Foundation
import Telemetry
import TestSupport
import Testing

@Suite struct LabelWindowsTests {
    private func read(_ text: String, as name: String = "windows.csv") throws -> LabelWindows {
        let folder = try TemporaryFolder()
        try text.write(toFile: folder.path(name), atomically: true, encoding: .utf8)
        return try LabelWindows(contentsOf: folder.path(name))
    }

    @Test func secondsAndDatesMeanTheSame() throws {
        let seconds = try read("start,end,entity,kind\n1661140434,1661140734,a,leak\n")
        let dates = try read("Start,Stop,Host,Fault\n2022-08-22T03:53:54Z,2022-08-22 03:58:54,a,leak\n")
        #expect(seconds == dates)
        #expect(seconds.windows == [.init(start: 1_661_140_434, end: 1_661_140_734, entity: "a", kind: "leak")])
    }

    @Test func onsetsLastAWhileAndNamesMayBeMissing() throws {
        let onsets = try read("start,pod,service,type\n100,cart-9cdb6588f-554sm,cart,delay\n")
        #expect(onsets.windows[0].end == 100 + LabelWindows.assumedSeconds)
        #expect(onsets.about("day2/cart-9cdb6588f-2x4zz").count == 1 && onsets.about("day2/store").isEmpty)
        #expect(try read("start,end\n1,2\n").about("any/thing").count == 1)
    }

    /// The layout of NAB's labels.
    @Test func filesWithWindows() throws {
        let windows = try read(
            #"{"farm/cpu.csv": [["2014-04-10 07:15:00.000000", "2014-04-11 16:45:00.000000"]], "farm/ok.csv": []}"#,
            as: "combined_windows.json")
        #expect(windows.about("farm/cpu").count == 1 && windows.about("farm/ok").isEmpty)
        #expect(windows.windows[0].start == 1_397_114_100)
    }

    @Test func onsetsInJSONAndDatesOfAnyOrder() throws {
        let onsets = try read(
            #"{"farm/cpu.csv": ["2014-04-10 07:15:00"], "x.csv": [[1397114100000, 1397114400]]}"#, as: "l.json")
        #expect(onsets.windows[0].end == onsets.windows[0].start + LabelWindows.assumedSeconds)
        #expect(onsets.windows[1].start == 1_397_114_100 && onsets.windows[1].end == 1_397_114_400)
        let dates = try read(
            "start_time,end_time,attack\n28/12/2015 10:29:14,28/12/2015 10:44:53,1\n02/01/2016 11:17:02,02/01/2016 11:24:50,2\n"
        )
        #expect(dates.windows.map(\.start) == [1_451_298_554, 1_451_733_422] && dates.windows[1].kind == "2")
        #expect(throws: TelemetryError.self) { try read("start,end\n02/01/2016 11:17,02/01/2016 11:24\n") }
    }

    @Test func aReplacedInstanceIsNotItsSibling() throws {
        let windows = try read("start,end,entity\n1,2,node-7f9c4\n")
        let keys = ["s/node-7f9c4", "s/node-8d5b2"]
        #expect(windows.about("s/node-8d5b2", among: keys).isEmpty && windows.about(keys[0], among: keys).count == 1)
        // Where the instance is gone, those that replaced it are meant.
        #expect(windows.about("s/node-8d5b2", among: ["s/node-8d5b2", "s/other"]).count == 1)
    }

    @Test func namesOfSeveralEntitiesMeanNone() throws {
        let windows = try read("start,end,entity\n1,2,web1\n3,4,siteA/web1\n5,6,old/db.csv\n7,8,a/x\n9,9,b/x\n")
        let keys = ["siteA/web1", "siteB/web1", "copy/db", "copy/x"]
        let found = windows.assigned(to: keys)
        #expect(found["siteA/web1"]?.map(\.start) == [3] && found["siteB/web1"] == nil)
        #expect(found["copy/db"]?.map(\.start) == [5] && found["copy/x"] == nil)
        #expect(windows.assigned(to: ["siteA/web1"])["siteA/web1"]?.map(\.start) == [1, 3])
    }

    @Test func foldersOfWindows() throws {
        let folder = try TemporaryFolder()
        try folder.write("a.csv", "start,end\n1,2\n")
        try folder.write("b.csv", "start,end,entity\n3,4,x\n")
        try folder.write("data.csv", "time,start\n1,2\n")
        try folder.write("combined_labels.json", #"{"x.csv": [100]}"#)
        try folder.write("combined_windows.json", #"{"x.csv": [[100, 200]]}"#)
        try folder.write("samples.json", #"[{"time": 1, "cpu": 2}]"#)
        let files = LabelWindows.preferred(LabelWindows.files(in: folder.path("")))
        #expect(files.map { $0.split(separator: "/").last } == ["a.csv", "b.csv", "combined_windows.json"])
        let all = try LabelWindows(contentsOf: files, options: ReaderOptions())
        #expect(all.windows.map(\.end) == [2, 4, 200])
    }

    @Test(arguments: [(DateOrder.dayMonth, 1_712_102_400.0), (.monthDay, 1_709_510_400)])
    func theOrderOfDatesMayBeGiven(_ order: DateOrder, _ start: Double) throws {
        let folder = try TemporaryFolder()
        var options = ReaderOptions()
        options.dateOrder = order
        let path = try folder.write("w.csv", "start,end\n03/04/2024 00:00,03/04/2024 01:00\n")
        #expect(try LabelWindows(contentsOf: path, options: options).windows.map(\.start) == [start])
    }

    @Test func rowsOfWindows() {
        let times = (0..<10).map { Double($0) * 60 }
        let anomalies = LabelWindows.anomalies(
            [.init(start: 100, end: 200, kind: "x"), .init(start: 1_000, end: 2_000)], at: times)
        #expect(anomalies.map(\.rows) == [2..<4] && anomalies.map(\.type) == ["x"])
    }

    @Test(arguments: ["start,end\n5,4\n", "start,end\nsoon,4\n", "start,end\n,4\n", "somewhen,end\n1,2\n"])
    func mistakes(_ text: String) {
        #expect(throws: TelemetryError.self) { try read(text) }
    }

    /// 2025-03-03 08:00:00 UTC, and half an hour.
    private static let start = 1_740_988_800.0
    private static let half = 1800.0

    @Test(
        "A window as long as its duration says, whatever it is written in",
        arguments: [
            "start,duration\n1740988800,1800\n", "start,duration_min\n1740988800,30\n",
            "start,Duration (ms)\n1740988800,1800000\n", "start,duration\n2025-03-03 08:00:00,00:30:00\n",
            "start,duration\n2025-03-03 08:00:00,0 days 00:30:00\n", "start,duration\n2025-03-03 08:00:00,30min\n",
            "start,duration\n2025-03-03 08:00:00,PT30M\n", "timestamp,duration_seconds\n1740988800,1800\n",
            "Beginn;Dauer\n03.03.2025 08:00;0h 30m\n13.03.2025 08:00;1h\n",
        ])
    func durations(_ text: String) throws {
        let window = try #require(try read(text).windows.first)
        #expect(window.start == Self.start && window.end == Self.start + Self.half, "\(text)")
    }

    @Test("A duration or an end that is not there is no guess, but an error that names line and column")
    func nothingIsGuessed() throws {
        for (text, line, field) in [
            ("start,duration\n1740988800,soon\n", 2, "duration"), ("start,duration\n1740988800,00:30\n", 2, "duration"),
            ("start,end\n1,2\n1740988800,\n", 3, "end"), ("start,length_of_duration\n5,\n", 2, "length_of_duration"),
        ] {
            let error = #expect(throws: TelemetryError.self) { try read(text) }
            #expect(error?.line == line && error?.field == field, "\(text)")
        }
    }

    @Test(
        "The columns of other people's tables",
        arguments: [
            "Beginn;Ende\n03.03.2025 08:00;03.03.2025 08:30\n13.03.2025 08:00;13.03.2025 08:30\n",
            "begin,finish,type\n2025-03-03 08:00:00,2025-03-03 08:30:00,cpu\n",
            "id,created_on,resolved_on,urgency\nP1,2025-03-03T08:00:00Z,2025-03-03T08:30:00Z,high\n",
            "ID,Channel,StartTime,EndTime\nid_1,channel_12,2025-03-03T08:00:00.000Z,2025-03-03T08:30:00.000Z\n",
        ])
    func names(_ text: String) throws {
        let window = try #require(try read(text).windows.first)
        #expect(window.start == Self.start && window.end == Self.start + Self.half, "\(text)")
    }

    @Test("The effect of a fault may outlast its cause, as in Exathlon's ground truth")
    func theLatestEnd() throws {
        let windows = try read(
            """
            app_id,trace_name,anomaly_type,root_cause_start,root_cause_end,extended_effect_start,extended_effect_end,details
            1,1_2_100000_68,stalled_input,1740988800,1740989400,1740989400,1740990600,
            2,2_1_100000_60,cpu_contention,1740988800,1740990600,,,
            """, as: "ground_truth.csv"
        ).windows
        #expect(windows.map(\.end) == [Self.start + Self.half, Self.start + Self.half])
        #expect(windows.map(\.entity) == ["1_2_100000_68", "2_1_100000_60"])
        #expect(windows.map(\.kind) == ["stalled_input", "cpu_contention"])
    }

    @Test(
        "Windows as JSON: a list, objects a line, an answer that wraps them",
        arguments: [
            #"[{"start":"2025-03-03 08:00:00","end":"2025-03-03 08:30:00","host":"web1"}]"#,
            #"{"start":1740988800,"end":1740990600,"host":"web1"}"# + "\n"
                + #"{"start":1740988801,"end":1740990600,"host":"web2"}"# + "\n",
            #"{"status":"ok","alerts":[{"startsAt":"2025-03-03T08:00:00Z","endsAt":"2025-03-03T08:30:00Z","labels":{"instance":"web1"}}]}"#,
        ])
    func json(_ text: String) throws {
        let window = try #require(try read(text, as: "w.json").windows.first)
        #expect(window == .init(start: Self.start, end: Self.start + Self.half, entity: "web1"))
    }

    @Test("Samples and labels of rows are no windows")
    func notWindows() throws {
        let folder = try TemporaryFolder()
        for (name, text) in [
            ("a.csv", "timestamp,duration,anomaly\n1,2,0\n"), ("b.csv", "time,cpu\n1,2\n"),
            ("c.csv", "start,end,label\n1,2,0\n"),
            ("d.json", #"[{"time":1,"label":0}]"#), ("e.json", #"[1,2]"#),
        ] {
            #expect(!LabelWindows.isWindows(try folder.write(name, text)), "\(name)")
        }
    }
}
