import CommandLine
import Forwarding
import Foundation
import Platform
import Services
import TestSupport
import Testing
import Watching

@Suite struct GrafanaForwarderTests {
    private func forwarder(_ grafana: FakeGrafana, _ more: String = "") throws -> any AlarmForwarder {
        try ForwarderTests.forwarder(#"{"kind":"grafana","url":"\#(grafana.peer.url)/","token":"glsa_x"\#(more)}"#)
    }

    private let onset: Int64 = 1_767_225_600_000

    @Test func anAlarmIsARegionFromItsOnsetToItsEnd() throws {
        let grafana = try FakeGrafana()
        let forwarder = try forwarder(grafana, #","dashboardUID":"faultline","panelId":4,"tags":["prod"]"#)
        #expect(forwarder.send(ForwarderTests.letters(ForwarderTests.event()), isReminder: false) == .taken)
        let begun = try #require(grafana.annotations.first)
        #expect(begun.time == onset && begun.timeEnd == onset && begun.dashboard == "faultline" && begun.panel == 4)
        #expect(begun.tags.contains("prod") && begun.tags.contains("major") && begun.tags.contains("entity:enb0"))
        #expect(begun.text.hasPrefix("site1/enb0: major, cpu_user"))
        let worse = ForwarderTests.event(.changed, severity: .critical)
        let cleared = ForwarderTests.event(.cleared, severity: .critical)
        #expect(forwarder.send(ForwarderTests.letters(worse, cleared), isReminder: false) == .taken)
        let ended = try #require(grafana.annotations.first)
        #expect(grafana.annotations.count == 1 && ended.time == onset && ended.timeEnd == onset + 20_250)
        #expect(ended.tags.contains("critical") && !ended.tags.contains("major") && ended.text.contains(": over"))
        // The end of one that Grafana never heard of is the whole region.
        let other = ForwarderTests.event(.cleared, entity: "ue1")
        #expect(forwarder.send(ForwarderTests.letters(other), isReminder: false) == .taken)
        #expect(grafana.annotations.map(\.timeEnd) == [onset + 20_250, onset + 20_250])
        #expect(grafana.annotations.map(\.time) == [onset, onset])
        // What one that is over looks like makes no mark, but a mark that is there says it.
        var settled = ForwarderTests.event(.settled, entity: "ue2")
        settled.isOver = true
        #expect(forwarder.send(ForwarderTests.letters(settled), isReminder: false) == .taken)
        #expect(grafana.annotations.count == 2)
    }

    /// What Grafana took without saying so is found again, by another start of the server too.
    @Test func nothingIsMarkedTwice() throws {
        let grafana = try FakeGrafana()
        grafana.loses { $0.method == "POST" ? 504 : nil }
        let letters = ForwarderTests.letters(ForwarderTests.event())
        guard case .failed = try forwarder(grafana).send(letters, isReminder: false) else {
            Issue.record("504 is not a failure")
            return
        }
        #expect(grafana.annotations.count == 1)
        grafana.loses { _ in nil }
        #expect(try forwarder(grafana).send(letters, isReminder: false) == .taken)
        #expect(grafana.annotations.count == 1)
        // An alarm of the same name in another federation is another one.
        var other = ForwarderTests.event()
        other.federation = "11ee"
        #expect(try forwarder(grafana).send(ForwarderTests.letters(other), isReminder: false) == .taken)
        #expect(grafana.annotations.count == 2)
        // One that somebody removed between the search and the change is made anew with the next try.
        grafana.loses { request in
            guard request.method == "GET" else { return nil }
            grafana.removeAll()
            return nil
        }
        let end = ForwarderTests.letters(ForwarderTests.event(.cleared))
        guard case .failed = try forwarder(grafana).send(end, isReminder: false) else {
            Issue.record("what is not there was changed")
            return
        }
        grafana.loses { _ in nil }
        #expect(try forwarder(grafana).send(end, isReminder: false) == .taken)
        #expect(grafana.annotations.map(\.timeEnd) == [onset + 20_250])
    }

    /// Grafana refuses annotations whose tags have more than 500 characters together.
    @Test func tagsStayShort() throws {
        var event = ForwarderTests.event(entity: String(repeating: "\u{1F525}\u{7}", count: 250), onset: 12)
        event.site = String(repeating: "é", count: 255)
        let place = GrafanaAnnotation.Place(
            dashboard: nil, panel: nil, tags: Array(repeating: String(repeating: "t", count: 40), count: 4))
        let annotation = GrafanaAnnotation(event, at: place, now: 1_767_226_000)
        let json = try DeterministicJSON.decode(JSONValue.self, from: annotation.whole)
        #expect((json["tags"]?.description.utf8.count ?? .max) < 500)
        // A clock that does not count from 1970 says nothing here.
        #expect(json["time"]?.whole == 1_767_226_000_000 && annotation.lookup.utf8.count < 200)
    }

    @Test func whatIsWrongIsNamed() throws {
        func flaw(_ more: String) -> String {
            do throws(CommandLineError) {
                _ = try ForwarderList.parse([#"[{"kind":"grafana","url":"http://g"\#(more)}]"#])?.forwarders()
                return "nothing"
            } catch { return error.description }
        }
        #expect(flaw("") == "nothing")
        #expect(flaw(#","panelId":3"#).contains("forwarders[0].panelId: found it without dashboardUID"))
        #expect(flaw(#","token":"a","headers":{"Authorization":"b"}"#).contains("token: found it beside headers"))
        #expect(flaw(#","tags":["a",3]"#).contains("tags: found 3, expected a list of at most 4 texts"))
    }
}
