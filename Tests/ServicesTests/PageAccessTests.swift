import Foundation
import TestSupport
import Testing

/// The page for everybody: contrast, names of controls, the way of the keyboard (WCAG 2.2, AA), measured in the browser with
/// all of the page on show.
@Suite(.serialized, .enabled(if: BrowserPage.browser != nil, "no chromium here")) struct PageAccessTests {
    /// What has less contrast than text must have: 4.5 : 1, large text 3 : 1 (WCAG 1.4.3); colours mixed as they are painted.
    private static let dim = """
        (() => {
          const parse = (text) => {
            const canvas = parse.canvas ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = text;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            return [r, g, b, a / 255];
          };
          const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
          const light = (c) => {
            const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = (element) => {
            const layers = [];
            for (let at = element; at; at = at.parentElement) {
              const style = getComputedStyle(at);
              // Hatching carries a letter nowhere.
              layers.push(parse(style.backgroundColor));
              if (layers.at(-1)[3] === 1) break;
            }
            return layers.reverse().reduce((under, top) => over(top, under), parse(getComputedStyle(document.body).backgroundColor));
          };
          const found = new Set();
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let node = walker.nextNode(); node; node = walker.nextNode()) {
            const element = node.parentElement;
            if (!node.textContent.trim() || !element.checkVisibility() || element.closest("noscript, [aria-hidden], :disabled")) continue;
            const style = getComputedStyle(element);
            const under = ground(element);
            const ink = over(parse(element instanceof SVGElement ? style.fill : style.color), under);
            const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
            const size = parseFloat(style.fontSize);
            const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
            const ratio = (a + 0.05) / (b + 0.05);
            if (ratio < (isLarge ? 3 : 4.5)) {
              found.add(`${element.tagName}.${element.className.baseVal ?? element.className} '${node.textContent.trim().slice(0, 30)}' ${ratio.toFixed(2)}`);
            }
          }
          return [...found].slice(0, 12).join("; ");
        })()
        """

    /// Controls without a name that a reader of screens could say.
    private static let nameless = """
        [...document.querySelectorAll("button, input, select, textarea, a[href], [tabindex='0'], [role='listbox'], [role='img'], canvas, img")]
          .filter((e) => e.checkVisibility() && e.getAttribute("alt") !== "")
          .filter((e) => !(e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join("").trim()
            || e.closest("label")?.textContent.trim() || e.textContent.trim() || e.title || e.alt))
          .map((e) => e.outerHTML.slice(0, 90)).join("; ")
        """

    private func flaws(_ page: BrowserPage) throws -> String { try page.value(Self.dim) + page.value(Self.nameless) }

    @Test(arguments: ["light", "dark"]) func textAndControls(_ scheme: String) throws {
        let server = try SeededServer(["enb0", "enb1", "a very long name of an entity that goes on and on", "gnb<b>"])
        let page = try BrowserPage(
            try server.alerts("page").output.trimmingCharacters(in: .whitespacesAndNewlines))
        try page.call(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
        #expect(page.wait(until: "document.getElementById('link').textContent == 'live'"))
        #expect(page.wait(until: "document.querySelectorAll('#list .alarm').length == 4"))
        #expect(page.wait(until: "document.querySelectorAll('#panels h3').length > 0"))
        #expect(try flaws(page) == "", "\(scheme)")
        // With an alarm chosen, and with a dialog open.
        try page.call("Runtime.evaluate", ["expression": "document.querySelector('#list .alarm').click()"])
        #expect(page.wait(until: "document.querySelectorAll('#detail button').length > 2"))
        #expect(try flaws(page) == "", "\(scheme), an alarm")
        try page.call("Runtime.evaluate", ["expression": "document.getElementById('help').click()"])
        #expect(page.wait(until: "document.getElementById('dialog').open"))
        #expect(try flaws(page) == "", "\(scheme), the keys")
        #expect(page.console.isEmpty, "\(page.console)")
    }

    /// axe-core finds nothing, in both schemes, on a telephone and on a wall. FAULTLINE_AXE names its axe.min.js.
    @Test(.enabled(if: axe != nil, "no axe-core here"), arguments: ["light", "dark"])
    func anIndependentCheckerFindsNothing(_ scheme: String) throws {
        let checker = try String(contentsOfFile: try #require(Self.axe), encoding: .utf8)
        let server = try SeededServer(
            ["enb0", "enb1"], options: ["--forwarders", #"[{"kind":"webhook","url":"http://127.0.0.1:1/"}]"#])
        let page = try BrowserPage(
            try server.alerts("page").output.trimmingCharacters(in: .whitespacesAndNewlines))
        try page.call(
            "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": scheme]]])
        #expect(page.wait(until: "document.querySelectorAll('#list .alarm').length == 2"))
        #expect(page.wait(until: "document.querySelectorAll('#panels table').length > 0"))
        try page.call("Runtime.evaluate", ["expression": checker + "; 0"])
        for width in [400, 1_280, 2_560] {
            try page.call(
                "Emulation.setDeviceMetricsOverride",
                ["width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false])
            try page.call(
                "Runtime.evaluate",
                [
                    "expression":
                        "window.found = undefined; axe.run().then((r) => { window.found = r.violations.map((v) => v.id + ': ' + v.nodes[0].html.slice(0, 120)).join('; '); }); 0"
                ])
            #expect(page.wait(60, until: "window.found !== undefined"))
            #expect(try page.value("window.found") == "", "\(scheme), \(width)")
        }
    }

    private static let axe = ProcessInfo.processInfo.environment["FAULTLINE_AXE"]

    /// Tab goes through everything in the order of the page, every stop shows that it has the focus, and none holds it.
    @Test func theKeyboardReachesEverything() throws {
        let server = try SeededServer(["enb0", "enb1"])
        let page = try BrowserPage(
            try server.alerts("page").output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(page.wait(until: "document.querySelectorAll('#list .alarm').length == 2"))
        #expect(page.wait(until: "document.querySelectorAll('#detail button').length > 0"))
        let stops = try page.value(
            "[...document.querySelectorAll('a[href], button, input, select, [tabindex=\"0\"]')].filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0).length"
        )
        let count = try #require(Int(stops))
        var seen: [Int] = []
        for _ in 0..<count {
            for type in ["rawKeyDown", "keyUp"] {
                try page.call(
                    "Input.dispatchKeyEvent", ["type": type, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9])
            }
            let found = try page.value(
                """
                (() => {
                  const e = document.activeElement, style = getComputedStyle(e);
                  const shows = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                  return [...document.querySelectorAll("*")].indexOf(e) + (shows ? "" : " " + e.outerHTML.slice(0, 120));
                })()
                """)
            let place = try #require(Int(found), "no visible focus: \(found)")
            seen.append(place)
        }
        #expect(seen == seen.sorted(), "the order of the page: \(seen)")
        #expect(Set(seen).count >= count - 2, "\(count) stops, \(seen)")
    }
}
