import Foundation
import Services
import TestSupport
import Testing

/// The page for operators, from the real server, in a real browser where there is one.
@Suite(.serialized) struct PageTests {
    @Test func thePageIsLightAndAsksNobodyElse() throws {
        let server = try SeededServer([])
        let fleet = server.fleet
        let head = fleet.raw("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(head.contains("Content-Type: text/html"), "\(head)")
        #expect(head.contains("Content-Security-Policy: default-src 'none'; script-src 'self';"), "\(head)")
        // Every file that a file names is there, and all together are light.
        var waiting = [""]
        var seen: Set<String> = []
        var weight = 0
        while let name = waiting.popLast() {
            guard seen.insert(name).inserted else { continue }
            let text = try #require(fleet.get("/" + name), "\(name)")
            weight += text.utf8.count
            for match in text.matches(of: /(?:src=|href=|from )"(?:\.\/)?([a-z]+\.(?:js|css|svg))"/) {
                waiting.append(String(match.1))
            }
            #expect(!text.contains(/innerHTML\s*=[^=]|insertAdjacentHTML|document\.write/), "\(name)")
            let outside = text.matches(of: /https?:\/\/[^"' )]*/).map { String($0.0) }
            #expect(outside.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(name): \(outside)")
        }
        #expect(seen.count == 15 && weight < 150_000, "\(seen.sorted()), \(weight) bytes")
    }

    /// Names that would be markup, long ones and those that run from right to left are shown as what they are; the page goes on
    /// when the server comes back, with what came meanwhile.
    @Test(.enabled(if: BrowserPage.browser != nil, "no chromium here")) func aBrowserShowsWhatIsWrong() throws {
        let hostile = [
            "<img src=x onerror=\"document.title='owned'\">", "'\"`${1+1}<\u{2f}script><script>document.title='owned'",
            "שלום-العربية", "🔥👩‍👩‍👧", String(repeating: "é", count: 120), "__proto__",
        ]
        let server = try SeededServer(hostile)
        // Without a token it may look and nothing else.
        let link = try server.alerts("page").output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(link.hasPrefix("http://127.0.0.1:\(server.fleet.http)/#token="))
        let page = try BrowserPage(link)
        #expect(page.wait(until: "document.title.endsWith(') Faultline')"), "\(page.console)")
        #expect(page.wait(until: "document.getElementById('link').textContent == 'live'"))
        let names = "[...document.querySelectorAll('#list .alarm bdi')].map((b) => b.textContent).join('|')"
        let listed = try page.value(names)
        for name in hostile { #expect(listed.contains("site1/" + name.prefix(190)), "\(name): \(listed)") }
        #expect(try page.value("document.querySelectorAll('main img, main script').length") == "0")
        // A key does what its button does, and what was said is heard of.
        try page.call("Input.dispatchKeyEvent", ["type": "keyDown", "key": "a", "text": "a"])
        #expect(page.wait(until: "document.getElementById('detail').innerText.includes('local acknowledged it')"))
        // While the server is away the page says so; then it goes on.
        server.fleet.kill("server")
        #expect(page.wait(until: "document.getElementById('link').textContent == 'server away'"))
        #expect(page.wait(until: "document.getElementById('headline').textContent == 'The server does not answer.'"))
        let away = page.console.filter { !$0.contains("net::ERR") }
        try server.start()
        #expect(page.wait(until: "document.getElementById('link').textContent == 'live'"))
        #expect(away.isEmpty, "\(away)")
        // No width is too small or too large.
        for width in [400, 1_000, 2_560] {
            try page.call(
                "Emulation.setDeviceMetricsOverride",
                ["width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false])
            #expect(try page.value("document.documentElement.scrollWidth <= \(width)") == "true", "\(width)")
        }
    }

    /// What the first line says is never better than what is known: alarms that cannot be sent, a server that hangs with its
    /// connections open, and an incident that nobody has looked at before one that somebody has.
    @Test(.enabled(if: BrowserPage.browser != nil, "no chromium here")) func theFirstLineIsTrue() throws {
        let server = try SeededServer(
            ["enb0"], options: ["--forwarders", #"[{"kind":"webhook","url":"http://127.0.0.1:1/","since":0}]"#])
        let page = try BrowserPage("http://127.0.0.1:\(server.fleet.http)/")
        #expect(page.wait(until: "document.getElementById('link').textContent == 'live'"))
        let line = "document.getElementById('subline').textContent"
        #expect(
            page.wait(until: "\(line).includes('1 forwarder cannot send, 1 event waiting')"), "\(page.console)")
        // A link that is opened where the page is open already.
        try page.call("Runtime.evaluate", ["expression": "location.hash = '#token=fl-http-1'"])
        #expect(page.wait(until: "sessionStorage.getItem('token') == 'fl-http-1' && location.hash == ''"))
        server.fleet.signal("server", SIGSTOP)
        let headline = "document.getElementById('headline').textContent"
        #expect(page.wait(40, until: "\(headline) == 'The server does not answer.'"), "\(page.console)")
        server.fleet.signal("server", SIGCONT)
        #expect(page.wait(40, until: "\(headline).startsWith('1 incident open')"), "\(page.console)")
    }
}
