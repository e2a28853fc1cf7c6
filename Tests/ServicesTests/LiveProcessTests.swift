import Foundation
import Platform
import Services
import Synchronization
import TestSupport
import Testing
import Watching

/// A worker of a file that grows and of an endpoint, and its server, as real processes.
@Suite(.serialized) struct LiveProcessTests {
    private static let firstTime = 1_700_000_000
    private static let names = ["cpu_user", "mem_used", "net_rx", "disk_io"]

    /// A row of four metrics; in the given rows there is a fault.
    private static func cells(_ row: Int, faults: [Range<Int>]) -> [String] {
        var state = UInt64(row) &* 0x9E37_79B9_7F4A_7C15
        func noise() -> Double {
            state = (state ^ (state >> 29)) &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53
        }
        let load = noise() + Double(row % 50) / 25
        let fault = faults.contains { $0.contains(row) } ? 9.0 : 0
        return [load + 0.1 * noise(), 2 * load + 0.1 * noise() + fault, noise(), 3 * noise()].map { "\($0)" }
    }

    private static func append(_ rows: Range<Int>, faults: [Range<Int>] = [], to path: String) throws {
        let lines = rows.map { "\(firstTime + $0),\(cells($0, faults: faults).joined(separator: ","))\n" }
        let file = try #require(FileHandle(forWritingAtPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(lines.joined().utf8))
        try file.close()
    }

    /// An endpoint that gives a row of a recording at each scrape, with its time, up to one after which it stands still.
    private final class Recording: Sendable {
        let last = Atomic(300)
        private let next = Atomic(0)

        func text(faults: [Range<Int>]) -> String {
            let row = min(next.load(ordering: .relaxed), last.load(ordering: .relaxed))
            next.store(row + 1, ordering: .relaxed)
            let cells = LiveProcessTests.cells(row, faults: faults)
            return zip(names, cells).map { "\($0) \($1) \(firstTime + row)000\n" }.joined()
        }
    }

    private static func raised(_ fleet: Fleet, _ entity: String, in rows: Range<Int>) -> AlarmEvent? {
        fleet.alarms.first {
            $0.entity == entity && $0.state == .raised
                && rows.contains(Int($0.onset.time) - firstTime) && $0.fingerprint.first?.metric == "mem_used"
        }
    }

    /// Rows that are appended, and those of a scraped endpoint, raise alarms as they come; learning begins again and again,
    /// and the worker goes on with each version; after kill -9 it goes on where it was.
    @Test func appendedAndScrapedRowsAreScoredAndLearnedFrom() throws {
        let fleet = try Fleet(sites: 1)
        let grows = try fleet.folder.write("grows.csv", "time,\(Self.names.joined(separator: ","))\n")
        try Self.append(0..<300, to: grows)
        let recording = Recording()
        let endpoint = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            .text(200, recording.text(faults: [400..<470]))
        }
        defer { endpoint.stop() }
        let configuration = try fleet.folder.write(
            "worker.json",
            #"""
            {"sources": [{"kind": "follow", "path": "\#(grows)", "entity": "file1"},
             {"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(endpoint.port)"], "intervalSeconds": 0.01,
              "entity": "host1", "type": "host", "preset": "none"}], "firstRows": 250}
            """#)
        try fleet.startServer(workers: 1, rounds: 1, ["--loop-every", "2s", "--loop-samples", "400"])
        let worker = ["--config", configuration]
        try fleet.startLiveWorker(worker)
        #expect(
            eventually({ fleet.log("worker").contains("watching with a version") }), "\(fleet.log("worker"))")

        // Both are watched before their faults begin: what came earlier would be learned from.
        #expect(eventually({ fleet.log("worker").contains("entities=2 rows=") }), "\(fleet.log("worker"))")
        try Self.append(300..<600, faults: [400..<470], to: grows)
        recording.last.store(600, ordering: .relaxed)
        #expect(eventually({ Self.raised(fleet, "file1", in: 400..<410) != nil }), "\(fleet.log("worker"))")
        #expect(eventually({ Self.raised(fleet, "host1", in: 400..<410) != nil }), "\(fleet.log("worker"))")
        let version = fleet.version
        #expect(version >= 2)
        #expect(eventually({ fleet.version >= version + 4 }), "another loop: \(fleet.log("server"))")
        #expect(
            eventually({ fleet.workers.first?.activity == "scoring" && fleet.workers.first?.version ?? 0 > 3 }))

        fleet.kill("worker")
        try Self.append(600..<900, faults: [700..<770], to: grows)
        try fleet.startLiveWorker(worker)
        #expect(eventually({ Self.raised(fleet, "file1", in: 700..<710) != nil }), "\(fleet.log("worker"))")
        let events = fleet.alarms
        #expect(Set(events.map { "\($0.id) \($0.revision)" }).count == events.count, "nothing is told twice")
        #expect(events.allSatisfy { $0.quality != nil || $0.modelVersion > 0 })
        let (status, duration) = fleet.terminate("worker")
        #expect(status == 0 && duration < .seconds(3))
    }
}
