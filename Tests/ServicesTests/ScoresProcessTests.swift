import Foundation
import Services
import TestSupport
import Testing

/// Scores come from a worker's streams to the server, which shows them as JSON, as pictures, and to whoever listens.
@Suite(.serialized) struct ScoresProcessTests {
    private struct Entities: Decodable {
        struct Entity: Decodable {
            var site: String
            var entity: String
            var type: String?
            var worker: String?
            var watched: Bool
            var peak: Double?
            var lastTime: Double?
        }
        var entities: [Entity]
        var more: Bool
    }
    private struct Strips: Decodable { var entities: [Strip] }
    private struct Strip: Decodable {
        struct Group: Decodable {
            var group: String
            var scores: [Double?]
        }
        struct Span: Decodable {
            var from: Double
            var to: Double
        }
        var site: String
        var entity: String
        var times: [Double]
        var scores: [Double?]
        var silentSeconds: Double
        var alarms: [Span]
        var groups: [Group]?
    }
    private struct Sites: Decodable {
        struct Site: Decodable {
            var site: String
            var entities: Int
            var unwatched: Int
            var workers: [Worker]
        }
        struct Worker: Decodable { var name: String }
        var sites: [Site]
    }
    private struct Loops: Decodable {
        struct Loop: Decodable {
            var loop: Int
            var open: Bool
            var version: Int
            var committed: Int
            var loss: Double?
            var rounds: [Round]
        }
        struct Round: Decodable { var kind: String }
        var loops: [Loop]
    }

    private func decoded<Value: Decodable>(_ fleet: Fleet, _ path: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(try #require(fleet.get(path), "\(path)").utf8))
    }

    @Test func scoresReachTheServer() throws {
        let fleet = try Fleet(sites: 2)
        try fleet.startServer(workers: 2)
        try fleet.startWorker(1)
        try fleet.startWorker(2)
        #expect(
            eventually { fleet.hasEnded(workers: 2) && fleet.get("/v1/entities/scores")?.contains("site2") ?? false },
            "\(fleet.log("worker1"))\(fleet.log("server"))")

        let all: Entities = try decoded(fleet, "/v1/entities")
        #expect(all.entities.map(\.site) == ["site1", "site2"] && !all.more)
        for entity in all.entities {
            #expect(entity.watched && entity.type == "enb" && entity.worker == "worker\(entity.site.suffix(1))")
            #expect(entity.peak ?? 0 > 1 && entity.lastTime != nil, "both streams have faults")
        }
        let page: Entities = try decoded(fleet, "/v1/entities?limit=1")
        #expect(page.entities.map(\.site) == ["site1"] && page.more)
        let name = "\(page.entities[0].site)/\(page.entities[0].entity)"
        let rest: Entities = try decoded(fleet, "/v1/entities?after=\(name)")
        #expect(rest.entities.map(\.site) == ["site2"])
        let sites: Sites = try decoded(fleet, "/v1/sites")
        #expect(sites.sites.map(\.entities) == [1, 1] && sites.sites.allSatisfy { $0.unwatched == 0 })
        #expect(sites.sites.map { $0.workers.map(\.name) } == [["worker1"], ["worker2"]])

        let strips: Strips = try decoded(fleet, "/v1/entities/scores?entity=\(name)%0Asite9/none")
        let strip = try #require(strips.entities.first)
        #expect(strips.entities.count == 1 && strip.times == strip.times.sorted() && !strip.times.isEmpty)
        #expect(strip.scores.count == strip.times.count && strip.groups == nil)
        let radiography: Strip = try decoded(fleet, "/v1/entities/radiography?entity=\(name)")
        let groups = try #require(radiography.groups)
        // What has ended is silent for longer and longer, by the server's clock.
        #expect(
            eventually {
                let now: Strip? = try? decoded(fleet, "/v1/entities/radiography?entity=\(name)")
                return now?.silentSeconds ?? 0 > 1
            })
        #expect(groups.count > 1 && groups.allSatisfy { $0.scores.count == radiography.times.count })
        // Where the whole raised an alarm some group was loud.
        #expect(groups.contains { $0.scores.contains { $0 ?? 0 > 1 } } && !radiography.alarms.isEmpty)
        for (path, type, begin) in [
            ("scores?form=svg", "image/svg+xml", "<svg"), ("radiography?form=svg", "image/svg+xml", "<svg"),
            ("scores?form=png", "image/png", "PNG"), ("radiography?form=png", "image/png", "PNG"),
        ] {
            let answer = fleet.raw("GET /v1/entities/\(path)&entity=\(name) HTTP/1.0\r\nHost: localhost\r\n\r\n")
            #expect(
                answer.contains("Content-Type: \(type)") && answer.contains(begin), "\(path): \(answer.prefix(400))")
        }
        func status(_ path: String) -> Int { RawHTTP.exchange(fleet.http, "GET", path).status }
        #expect(status("/v1/entities/radiography") == 400 && status("/v1/entities/radiography?entity=a/b") == 404)
        #expect(status("/v1/entities/scores?form=svg") == 400 && status("/v1/entities?limit=0") == 400)
        #expect(status("/v1/entities/scores?entity=" + String(repeating: "a%0A", count: 65)) == 400)

        if BrowserPage.browser != nil { try thePageShowsThem(fleet, name) }

        let loops: Loops = try decoded(fleet, "/v1/loops")
        let loop = try #require(loops.loops.first)
        #expect(loops.loops.count == 1 && loop.loop == 1 && !loop.open && loop.loss != nil)
        #expect(loop.rounds.filter { $0.kind == "training" }.count == 2 && loop.committed >= 3)
        #expect(loop.version == Int(fleet.version))
    }

    /// A strip for each entity, and the radiography of the one that is chosen.
    private func thePageShowsThem(_ fleet: Fleet, _ name: String) throws {
        let page = try BrowserPage("http://127.0.0.1:\(fleet.http)/")
        #expect(page.wait(until: "document.querySelectorAll('#strips canvas').length == 2"), "\(page.console)")
        #expect(page.wait(until: "document.querySelectorAll('#topology .place').length == 2"))
        try page.call(
            "Runtime.evaluate",
            [
                "expression":
                    "[...document.querySelectorAll('#strips .strip')].find((e) => e.innerText.includes('\(name)')).click()"
            ])
        #expect(page.wait(until: "document.querySelector('#radiography h3')?.textContent == '\(name)'"))
        // Not one colour alone: something is drawn.
        let colours = try page.value(
            """
            (() => {
              const canvas = document.querySelector("#radiography canvas");
              const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
              return new Set(pixels).size;
            })()
            """)
        #expect(Int(colours) ?? 0 > 2, "\(colours)")
        #expect(page.console.isEmpty, "\(page.console)")
    }
}
