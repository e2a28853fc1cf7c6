import Foundation
import TestSupport
import Testing
import Watching

/// What operators call false is learned from: a real server, a worker of a file that grows, and `fl-alerts`.
@Suite(.serialized) struct FalseAlarmProcessTests {
    private static let firstTime = 1_700_000_000
    private static let names = ["cpu_user", "mem_used", "net_rx", "disk_io"]

    /// A row of four metrics; in the given rows one of them is far above normal.
    private static func cells(_ row: Int, _ disturbances: [(rows: Range<Int>, metric: Int)]) -> [String] {
        var state = UInt64(row) &* 0x9E37_79B9_7F4A_7C15
        func noise() -> Double {
            state = (state ^ (state >> 29)) &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53
        }
        let load = noise() + Double(abs(row % 50 - 25)) / 12.5
        var values = [load + 0.1 * noise(), 2 * load + 0.1 * noise(), noise(), 3 * noise()]
        for one in disturbances where one.rows.contains(row) { values[one.metric] += 9 }
        return values.map { "\($0)" }
    }

    private final class Setting {
        let fleet: Fleet
        private let path: String
        private let configuration: String
        private var rows = 0

        init(rows: Int) throws {
            fleet = try Fleet(sites: 1)
            path = try fleet.folder.write("grows.csv", "time,\(FalseAlarmProcessTests.names.joined(separator: ","))\n")
            configuration = try fleet.folder.write(
                "worker.json",
                #"{"sources": [{"kind": "follow", "path": "\#(path)", "entity": "file1"}], "firstRows": \#(rows)}"#)
            try append(to: rows)
            try fleet.startServer(workers: 1, rounds: 1)
            try start()
            #expect(
                eventually({ self.fleet.log("worker").contains("watching with a version") }), "\(fleet.log("worker"))")
        }

        func start() throws { try fleet.startLiveWorker(["--config", configuration]) }

        /// Appends rows, one of them disturbed by a metric, and waits until they are scored.
        func append(to end: Int, _ metric: Int? = nil, in disturbed: Range<Int> = 0..<0) throws {
            let lines = (rows..<end).map { row in
                let cells = FalseAlarmProcessTests.cells(row, metric.map { [(disturbed, $0)] } ?? [])
                return "\(firstTime + row),\(cells.joined(separator: ","))\n"
            }
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.seekToEnd()
            try file.write(contentsOf: Data(lines.joined().utf8))
            try file.close()
            rows = end
        }

        /// The last event of the alarm that began in some rows; waits for one in a state.
        func alarm(in rows: Range<Int>, _ state: AlarmEvent.State) -> AlarmEvent? {
            var found: AlarmEvent?
            _ = eventually {
                found = self.fleet.alarms.last {
                    $0.quality == nil && $0.state == state && rows.contains(Int($0.onset.time) - firstTime)
                }
                return found != nil
            }
            return found
        }

        func alerts(_ words: String...) throws -> ToolProcess.Result {
            try ToolProcess.run("fl-alerts", words + ["--server", "127.0.0.1:\(fleet.http)"])
        }

        func heeds(_ count: Int) -> Bool {
            eventually {
                self.fleet.log("worker").split(separator: "\n").last { $0.contains("called false are heeded") }?
                    .contains("alarms=\(count)") ?? false
            }
        }
    }

    @Test func theSameAgainIsNoAlarmUntilThatIsTakenBack() throws {
        let setting = try Setting(rows: 700)
        let fleet = setting.fleet
        try setting.append(to: 900, 1, in: 800..<840)
        let first = try #require(setting.alarm(in: 795..<815, .cleared), "\(fleet.log("worker"))")
        #expect(first.groupScores?.isEmpty == false)
        let number = "\(try #require(first.sequence))"
        let said = try setting.alerts("false", number)
        #expect(said.status == 0 && said.errors.contains("the same again is no alarm"), "\(said.errors)")
        #expect(setting.heeds(1), "\(fleet.log("worker"))")
        #expect(
            eventually({ fleet.alarms.last { $0.id == first.id }?.handling?.learnedAt != nil }),
            "\(fleet.log("server"))")
        #expect(fleet.alarms.last { $0.id == first.id }?.handling?.isFalse == true)
        #expect(try setting.alerts("audit").output.contains("worker live"))
        // Said once more, of what is learned already, it is learned all the same.
        #expect(try setting.alerts("false", number).status == 0)
        #expect(
            eventually({ fleet.alarms.last { $0.id == first.id }?.handling?.learnedAt != nil }),
            "\(fleet.log("server"))")

        // The same again is none; what comes after it is.
        try setting.append(to: 1_040, 1, in: 950..<990)
        try setting.append(to: 1_180, 0, in: 1_100..<1_140)
        #expect(setting.alarm(in: 1_095..<1_115, .cleared) != nil, "another one: \(fleet.log("worker"))")
        #expect(!fleet.alarms.contains { (940..<1_090).contains(Int($0.onset.time) - Self.firstTime) })

        // Taken back, it is an alarm again.
        #expect(try setting.alerts("false", number, "--undo").status == 0)
        #expect(setting.heeds(0), "\(fleet.log("worker"))")
        try setting.append(to: 1_380, 1, in: 1_300..<1_340)
        #expect(setting.alarm(in: 1_295..<1_315, .raised) != nil, "\(fleet.log("worker"))")
        #expect(fleet.alarms.last { $0.id == first.id }?.handling == nil)
    }

    /// An alarm that stands and is called false is over, and does not come back.
    @Test func anAlarmThatStandsEnds() throws {
        let setting = try Setting(rows: 700)
        let fleet = setting.fleet
        try setting.append(to: 830, 1, in: 800..<830)
        let open = try #require(setting.alarm(in: 795..<815, .raised), "\(fleet.log("worker"))")
        let incident = try #require(fleet.alarms.last { $0.id == open.id }?.incident)
        #expect(try setting.alerts("false", "--incident", incident).status == 0)
        let cleared = setting.alarm(in: 795..<815, .cleared)
        #expect(cleared?.id == open.id, "\(fleet.log("worker"))")
        #expect(
            eventually({ fleet.alarms.last { $0.id == open.id }?.handling?.learnedAt != nil }),
            "\(fleet.log("server"))")
        // What it reached in the end is more than when it was called false.
        #expect(
            eventually({ fleet.log("worker").components(separatedBy: "called false are heeded").count == 3 }),
            "\(fleet.log("worker"))")
        try setting.append(to: 1_000, 1, in: 830..<860)
        // A worker that was killed goes on with what it knew.
        fleet.kill("worker")
        try setting.start()
        try setting.append(to: 1_040, 1, in: 1_010..<1_020)
        try setting.append(to: 1_100, 0, in: 1_050..<1_080)
        #expect(setting.alarm(in: 1_045..<1_065, .raised) != nil, "\(fleet.log("worker"))")
        #expect(
            !fleet.alarms.contains {
                $0.id != open.id && (700..<1_040).contains(Int($0.onset.time) - Self.firstTime)
            })
    }
}
