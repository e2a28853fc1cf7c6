import CommandLine
import Forwarding
import Foundation
import Platform
import Services
import TestSupport
import Testing
import Watching

@Suite struct VESTests {
    /// Figures of a server with two sites, one of them with names that need care.
    static func figures(samples: UInt64 = 1_000, events: Int64 = 17) -> WatchFigures {
        var (first, second) = (WatchFigures.Site(name: "site1"), WatchFigures.Site(name: "<é\"\u{1F525}"))
        (first.activeWorkers, first.entities, first.scoredSamples, first.modelLag) = (2, 5, samples, 1)
        first.roundTripSeconds = 0.004
        second.lostWorkers = 1
        var worse = ForwarderTests.event(.changed, severity: .critical)
        worse.score = 9
        return WatchFigures(
            federation: "00ff", modelVersion: 4, alarmEvents: events, openIncidents: 1, findings: 2,
            waitingFor: "waiting for 2 workers", sites: [second, first],
            standing: [ForwarderTests.event(), worse, ForwarderTests.event(entity: "ue1", severity: .warning)])
    }

    @Test func whatStandsIsCounted() {
        let figures = Self.figures()
        #expect(figures.sites.map(\.name) == ["<é\"\u{1F525}", "site1"])
        #expect(
            figures.sites[1].standing == [.major: 1, .critical: 1, .warning: 1] && figures.sites[0].standing.isEmpty)
        // The worst first.
        #expect(figures.entities.map(\.name) == ["enb0", "ue1"] && figures.entities[0].alarms == 2)
        #expect(figures.entities[0].severity == .critical && figures.entities[0].score == 9)
        let many = (0..<500).map { ForwarderTests.event(entity: "e\($0)") }
        let bounded = WatchFigures(
            federation: "", modelVersion: 0, alarmEvents: 0, openIncidents: 0, findings: 0, waitingFor: nil, sites: [],
            standing: many)
        #expect(bounded.entities.count == WatchFigures.mostEntities && bounded.sites[0].standing == [.major: 500])
    }

    @Test func aCollectorGetsTheDomainsThatAreWanted() throws {
        let peer = try Peer()
        func domains(_ more: String) throws -> [String] {
            let before = peer.requests.count
            let forwarder = try ForwarderTests.forwarder(#"{"kind":"ves","url":"\#(peer.url)"\#(more)}"#)
            #expect(forwarder.send(ForwarderTests.letters(ForwarderTests.event()), isReminder: false) == .taken)
            for beat in forwarder.beats {
                #expect(forwarder.send(beat, number: 3, Self.figures(), before: nil) == .taken)
            }
            return peer.requests.dropFirst(before).compactMap { $0.json["event", "commonEventHeader", "domain"]?.text }
        }
        #expect(try domains("") == ["fault", "heartbeat"])
        #expect(
            try domains(#","domains":["measurement","thresholdCrossingAlert"]"#) == [
                "thresholdCrossingAlert", "measurement",
            ])
        #expect(try domains(#","domains":["fault","thresholdCrossingAlert"]"#) == ["fault", "thresholdCrossingAlert"])
        let crossing = try #require(peer.requests.last).json
        let fields = crossing["event", "thresholdCrossingAlertFields"]
        #expect(
            fields?["alertAction"]?.text == "SET" && fields?["associatedAlertIdList"]?.elements == [.string("00ff-17")])
        #expect(fields?["eventStartTimestamp"]?.text == "Thu, 01 Jan 2026 00:00:00 +0000")
        #expect(fields?["additionalParameters"]?.elements.first?["hashMap", "score"]?.text == "2.5")
        #expect(crossing["event", "commonEventHeader", "eventId"]?.text == "00ff-17-tca")
        func flaw(_ more: String) -> String {
            do throws(CommandLineError) {
                _ = try ForwarderList.parse([#"[{"kind":"ves","url":"http://x"\#(more)}]"#])?.forwarders()
                return "nothing"
            } catch { return error.description }
        }
        #expect(
            flaw(#","domains":["fault","syslog"]"#).contains(#"domains: found "syslog", expected a list of some of"#))
        #expect(
            flaw(#","domains":["fault","fault"]"#).contains("each once") && flaw(#","domains":[]"#).contains("found []")
        )
        #expect(flaw(#","heartbeatSeconds":0"#).contains("heartbeatSeconds: found 0, expected a whole number from 1"))
    }

    @Test func beatsSayHowTheWatchingGoes() {
        let beat = Beat(.measurement, everySeconds: 300)
        func measured(_ before: WatchFigures?) -> JSONValue {
            VESEvent.measurement(
                beat, number: 8, Self.figures(samples: 5_000, events: 20), before: before, reporter: "r",
                now: 1_767_226_000)
        }
        func named(_ name: String, in document: JSONValue) -> JSONValue? {
            document["event", "measurementFields", "additionalMeasurements"]?.elements
                .first { $0["name"]?.text == name }?["hashMap"]
        }
        let first = measured(nil)
        #expect(named("site/site1", in: first)?["scoredSamples"]?.text == "5000")
        #expect(named("site/site1", in: first)?["scoredSamplesInInterval"] == nil)
        #expect(first["event", "measurementFields", "configuredEntities"] == .number(5))
        #expect(first["event", "commonEventHeader", "startEpochMicrosec"] == .number(1_767_225_700e6))
        #expect(named("entity/site1/enb0", in: first)?["score"]?.text == "9.0")
        let second = measured(Self.figures())
        #expect(named("site/site1", in: second)?["scoredSamplesInInterval"]?.text == "4000")
        #expect(named("server", in: second)?["alarmEventsInInterval"]?.text == "3")
        // A worker that began anew, or a log that is an older one.
        let anew = measured(Self.figures(samples: 9_000, events: 50))
        #expect(named("site/site1", in: anew)?["scoredSamplesInInterval"] == nil)
        #expect(named("server", in: anew)?["alarmEventsInInterval"]?.text == "0")
        let heartbeat = VESEvent.heartbeat(
            Beat(.heartbeat, everySeconds: 60), number: 9, Self.figures(), reporter: "r", now: 1_767_226_000)
        #expect(heartbeat["event", "commonEventHeader", "sequence"] == .number(9))
        #expect(heartbeat["event", "heartbeatFields", "heartbeatInterval"] == .number(60))
        #expect(heartbeat["event", "heartbeatFields", "additionalFields", "lostWorkers"]?.text == "1")
    }
}
