import Foundation
import Services
import Synchronization
import TestSupport
import Testing

/// What changes while a federation learns again and again, with real processes: metrics vanish and come, a site joins, a
/// site is away for several loops. Learning goes on.
@Suite(.serialized) struct LiveChangesTests {
    /// An endpoint of one site; a row of the given metrics at each scrape, one second after the last.
    private final class Site: Sendable {
        private struct State {
            var names = ["cpu_user", "mem_used", "net_rx", "disk_io"]
            var row = 0
        }
        private let state = Mutex(State())

        func set(_ names: [String]) { state.withLock { $0.names = names } }

        func text() -> String {
            let (names, row) = state.withLock { state in
                state.row += 1
                return (state.names, state.row)
            }
            return names.enumerated().map { index, name in
                var noise = UInt64(row * 8 + index) &* 0x9E37_79B9_7F4A_7C15
                noise = (noise ^ (noise >> 29)) &* 6_364_136_223_846_793_005
                return "\(name) \(Double(row % 50) / 25 + Double(noise >> 11) * 0x1p-53) \(1_700_000_000 + row)000\n"
            }.joined()
        }
    }

    private static func configuration(_ site: String, _ port: Int) -> String {
        #"""
        {"sources": [{"kind": "prometheus-scrape", "targets": ["127.0.0.1:\#(port)"], "intervalSeconds": 0.01,
          "site": "\#(site)", "entity": "host", "type": "host", "preset": "none"}], "firstRows": 300}
        """#
    }

    /// Training rounds that were committed, with who contributed.
    private static func trained(_ fleet: Fleet) -> [Set<String>] {
        fleet.rounds.filter { $0.committed && $0.kind == "training" }.map { Set($0.contributions.map(\.worker)) }
    }

    @Test func learningGoesOnWhateverChanges() throws {
        let fleet = try Fleet(sites: 1)
        let sites = [Site(), Site()]
        let endpoints = try sites.map { site in
            try HTTPServer(host: "127.0.0.1", port: 0) { _ in .text(200, site.text()) }
        }
        defer { for endpoint in endpoints { endpoint.stop() } }
        func startWorker(_ index: Int) throws {
            let name = ["a", "b"][index]
            let path = try fleet.folder.write(
                "\(name).json", Self.configuration("site\(index)", endpoints[index].port))
            try fleet.start(
                name, "fl-worker",
                ["--name", name, "--data-folder", fleet.folder.path(name), "--log-level", "info", "--config", path]
                    + fleet.endpoints)
        }
        /// Whether so many training rounds follow with exactly these workers.
        func trains(_ count: Int, with workers: Set<String>) -> Bool {
            let before = Self.trained(fleet).count
            return eventually({ Self.trained(fleet).dropFirst(before).count { $0 == workers } >= count })
        }
        try fleet.startServer(workers: 1, rounds: 1, ["--loop-every", "1s", "--loop-samples", "600"])
        try startWorker(0)
        #expect(trains(2, with: ["a"]), "\(fleet.log("server"))\(fleet.log("a"))")

        // A metric vanishes, another one comes.
        sites[0].set(["cpu_user", "mem_used", "net_rx"])
        #expect(eventually({ fleet.log("a").contains("metricsVanished") }), "\(fleet.log("a"))")
        #expect(trains(2, with: ["a"]), "\(fleet.log("server"))")
        sites[0].set(["cpu_user", "mem_used", "net_rx", "gpu_load"])
        #expect(eventually({ fleet.log("a").contains("metricsNew") }), "\(fleet.log("a"))")
        #expect(trains(2, with: ["a"]), "\(fleet.log("server"))")

        // A site joins, is away for three loops, and comes back.
        try startWorker(1)
        #expect(trains(1, with: ["a", "b"]), "\(fleet.log("server"))\(fleet.log("b"))")
        fleet.kill("b")
        #expect(trains(3, with: ["a"]), "\(fleet.log("server"))")
        try startWorker(1)
        #expect(trains(1, with: ["a", "b"]), "\(fleet.log("server"))\(fleet.log("b"))")
        let activities = { fleet.workers.map { "\($0.name) \($0.state) \($0.activity)" } }
        #expect(
            eventually({
                let workers = fleet.workers
                return workers.count == 2 && workers.allSatisfy { $0.state == "active" && $0.scoredSamples > 0 }
            }), "\(activities())")
        #expect(!fleet.log("server").contains("level=error") && !fleet.log("a").contains("level=error"))
    }
}
