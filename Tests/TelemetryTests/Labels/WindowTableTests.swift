import Foundation
import Telemetry
import TestSupport
import Testing

/// Tables of windows as people and tools write them.
struct WindowTableTests {
    private func read(_ text: String, as name: String = "windows.csv") throws -> LabelWindows {
        let folder = try TemporaryFolder()
        return try LabelWindows(contentsOf: folder.write(name, text))
    }

    /// 2025-03-03 08:00:00 UTC.
    private static let start = 1_740_988_800.0

    @Test(
        "The end has many names, and none that is known where its times lie behind the beginning",
        arguments: [
            "start,end (UTC)", "start,recovered_at", "start,recovery_time", "start,clear_time", "start,cleared",
            "start,ended", "start,stopped_at", "start,mitigated_at", "start,last_seen", "Start Time,End Time (local)",
            "inizio,fine", "Start_Time (UTC),End_Time (UTC)", "time,timeEnd", "timestamp,until", "date,end",
            "impact_start,impact_end", "raise_time,clear_time", "first_seen,last_seen",
            "FirstOccurrence,LastOccurrence",
            "start_ts,end_ts", "t_start,t_end", "window_start,window_end", "valid_from,valid_to", "start,gone by",
            "Occurred On (NT),Cleared On (NT)", "Downtime start,Downtime end", "startDateTime,endDateTime",
            "onset,offset", "start,expiry",
        ])
    func ends(_ header: String) throws {
        for rows in [
            "2025-03-03 08:00:00,2025-03-03 08:19:00\n2025-03-04 08:00:00,2025-03-04 08:30:00\n",
            "1740988800,1740989940\n1741075200,1741077000\n",
        ] {
            let windows = try read("\(header)\n\(rows)").windows
            #expect(windows.first?.start == Self.start && windows.first?.end == Self.start + 1140, "\(header)")
        }
    }

    @Test("Times that are not behind the beginning are no end, and are not passed over")
    func noEnd() throws {
        let text = "start,reported\n2025-03-03 08:00:00,2025-03-03 07:00:00\n2025-03-04 08:00:00,2025-03-04 09:00:00\n"
        #expect(#expect(throws: TelemetryError.self) { try read(text) }?.field == "reported")
        // The name of a thing is no time, and what ends is said.
        let windows = try read("start,what,gone\n2025-03-03 08:00:00,12,2025-03-03 08:19:00\n")
        #expect(windows.windows[0].end == Self.start + 1140 && windows.notes.count == 1)
        let numbered = try read("start,incident\n1740988800,2000000001\n1740992400,2000000002\n")
        #expect(numbered.windows.map { $0.end - $0.start } == [300, 300])
        // Rows of samples are no windows, whatever their times are called.
        let folder = try TemporaryFolder()
        let samples = (0..<9).map { "\(60 * $0),\(60 * $0 + 60),1\n" }.joined()
        #expect(!LabelWindows.isWindows(try folder.write("x.csv", "time,end_time,cpu\n" + samples)))
        #expect(!LabelWindows.isWindows(try folder.write("y.csv", "time,opened,closed\n" + samples)))
        #expect(!LabelWindows.isWindows(try folder.write("z.csv", "time,cleared,cpu\n" + samples)))
        try folder.write("s.csv", "start_time,completed,cpu\n" + samples)
        #expect(LabelWindows.files(in: folder.path("")).isEmpty)
    }

    @Test("The zone that the header says")
    func zones() throws {
        let window = try read("Start (UTC+1),End (UTC+1)\n2025-03-03 09:00:00,2025-03-03 09:19:00\n").windows[0]
        #expect(window.start == Self.start && window.end == Self.start + 1140)
        let own = try read("Start (UTC+1),End (UTC+1)\n2025-03-03T08:00:00Z,2025-03-03T08:19:00Z\n").windows[0]
        #expect(own == window)
    }

    @Test(
        "Days, times of day and empty rows",
        arguments: [
            ("start_date,end_date\n2025-03-03,2025-03-03\n", 0.0, 86_399.999), ("start\n2025-03-03\n", 0, 86_399.999),
            ("start,end\n20250303,20250303\n", 0, 86_399.999),
            ("start,end\n20250303080000,202503030819\n", 28_800, 29_940),
            ("start,end\n03/03/2025 8:00 AM,03/03/2025 8:19 AM\n", 28_800, 29_940),
            ("date,start,end\n2025-03-03,08:00,08:19\n", 28_800, 29_940),
            ("date,start,end\n2025-03-03,23:50,00:10\n", 85_800, 87_000),
            ("start_date,start_time,end_date,end_time\n2025-03-03,23:50,2025-03-04,00:10\n", 85_800, 87_000),
            ("start,end\n2025-03-03 08:00:00,2025-03-03 08:19:00\n,\n,\n", 28_800, 29_940),
        ])
    func days(_ text: String, _ start: Double, _ end: Double) throws {
        let midnight = Self.start - 28_800
        #expect(try read(text).windows == [.init(start: midnight + start, end: midnight + end)], "\(text)")
    }

    @Test("What has not ended lasts on", arguments: ["0001-01-01T00:00:00Z", "ongoing", "0"])
    func open(_ end: String) throws {
        let text = #"[{"startsAt":"2025-03-03T08:00:00Z","endsAt":"\#(end)","labels":{"instance":"a"}}]"#
        #expect(try read(text, as: "w.json").windows == [.init(start: Self.start, end: LabelWindows.open, entity: "a")])
    }

    @Test("What has not ended says nothing of how the others are written")
    func openBesideOthers() throws {
        let windows = try read("start,end\n03.03.2025 08:00,03.03.2025 08:19\n03.03.2025 09:00,ongoing\n").windows
        #expect(windows.map(\.end) == [Self.start + 1140, LabelWindows.open])
    }

    @Test("Grafana's annotations, of which a moment has no end")
    func annotations() throws {
        let text = """
            [{"id":1,"time":1740988800000,"timeEnd":1740989940000,"text":"x","tags":["outage","web1"]},
             {"id":2,"time":1740992400000,"timeEnd":0,"text":"y","tags":[]}]
            """
        let windows = try read(text, as: "w.json")
        #expect(windows.windows.map(\.end) == [Self.start + 1140, Self.start + 3600 + LabelWindows.assumedSeconds])
        #expect(windows.about("x/web1", among: ["x/web1", "x/web2"]).count == 2)
        #expect(windows.about("x/web2", among: ["x/web1", "x/web2"]).map(\.start) == [Self.start + 3600])
    }

    @Test(
        "What a window is about is told by which entities there are, where no name says it",
        arguments: [
            "cmdb_ci", "Component", "target", "NE Name", "cell", "site", "system", "sensor", "resource", "entity_id",
            "entity_name", "Affected host", "name", "Alarm Source", "affected_hosts", "Configuration item",
        ])
    func entities(_ name: String) throws {
        let keys = ["x/web1", "x/web2"]
        let windows = try read("start,end,\(name),severity\n1,2,web1,high\n3,4,web2,low\n5,6,\"web1, web2\",low\n")
        let found = windows.assigned(to: keys)
        #expect(found["x/web1"]?.map(\.start) == [1, 5] && found["x/web2"]?.map(\.start) == [3, 5], "\(name)")
    }

    @Test("A name that no entity has is said")
    func strangers() throws {
        let windows = try read("start,end,entity\n1,2,web1\n3,4,wbe3\n")
        let assignment = windows.assignment(to: ["x/web1", "x/web2"])
        #expect(assignment.strangers == ["wbe3"] && assignment.note(of: 2)?.contains("1 of 2") == true)
        #expect(assignment.windows["x/web1"]?.count == 1 && assignment.windows["x/web2"] == nil)
        #expect(windows.assignment(to: ["web1", "wbe3"]).note(of: 2) == nil)
        // A column that names none of them is about none, as long as it is one of entities.
        #expect(try read("start,end,kind\n1,2,web9\n").about("x/web1").count == 1)
    }
}
