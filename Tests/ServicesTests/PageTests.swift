import Foundation
import Services
import TestSupport
import Testing

/// The page for operators, from the real server, in a real browser where there is one.
@Suite(.serialized) struct PageTests {
    static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

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
        #expect(seen.count == 12 && weight < 150_000, "\(seen.sorted()), \(weight) bytes")
    }

    /// Names that would be markup, 4 kB of text and text that runs from right to left are shown as what they are.
    @Test(.enabled(if: browser != nil, "no chromium here")) func hostileNamesAreText() throws {
        let hostile = [
            "<img src=x onerror=\"document.title='owned'\">",
            "'\"`${1+1}</script><script>document.title='owned'</script>",
            "שלום-العربية", "🔥👩‍👩‍👧", String(repeating: "é", count: 120), "__proto__",
        ]
        let server = try SeededServer(hostile)
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(filePath: try #require(Self.browser))
        process.arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1300,2400", "--timeout=15000",
            "--user-data-dir=\(folder.path("profile"))", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=4000", "--dump-dom", "http://127.0.0.1:\(server.fleet.http)/",
        ]
        let (output, errors) = (folder.path("dom"), folder.path("errors"))
        for path in [output, errors] { try Data().write(to: URL(filePath: path)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: output))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
        try process.run()
        let hasEnded = Fleet.wait(40) { !process.isRunning }
        if !hasEnded { process.terminate() }
        let page = try String(contentsOfFile: output, encoding: .utf8)
        let said = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(hasEnded && page.contains("1 incident open"), "\(page.suffix(3_000)) \(said.suffix(2_000))")
        #expect(page.contains("site1/&lt;img src=x onerror=") && !page.contains("<img src=\"x\""))
        #expect(!page.contains("owned</title>") && page.contains("<title>(1) Faultline</title>"))
        for name in hostile.dropFirst(2).prefix(2) { #expect(page.contains("site1/" + name), "\(name)") }
        let console = said.split(separator: "\n").filter { $0.contains(":CONSOLE") }
        #expect(console.isEmpty, "\(console)")
    }
}
