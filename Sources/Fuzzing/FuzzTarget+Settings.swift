import CommandLine
import Federation
import Forwarding
import Foundation
import Platform
import Services
import Telemetry
import Watching

extension FuzzTarget {
    /// What people write.
    static let settings: [FuzzTarget] = [
        FuzzTarget(
            "configuration",
            texts: [
                #"{"http":"127.0.0.1:1","rounds":3,"ratio":0.5,"evaluate":true,"seed":18446744073709551615,"sizes":[64,32],"level":"notice","forwarders":[{"kind":"webhook","url":"https://h.example/a","headers":{"A":"b"}}]}"#
            ]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "configuration.json") { path in
                let arguments = try ArgumentParser(tool: "fuzz", manual: Manual.manual).parse(["--config", path])
                _ = (arguments[Manual.rounds], arguments[Manual.sizes], arguments[Manual.seed])
                _ = try arguments[Manual.forwarders].forwarders()
            }
        },
        FuzzTarget(
            "command-line",
            texts: [
                "--rounds 3 --sizes 64,32 --evaluate --level debug", "--no-evaluate --http a:1 -h",
                "--sizes 64 --sizes 32",
            ]
        ) { bytes in
            let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
            guard !words.contains(where: { $0.hasPrefix("--config") }) else { throw Refused() }
            let arguments = try ArgumentParser(tool: "fuzz", manual: Manual.manual).parse(words)
            _ = (arguments[Manual.rounds], arguments[Manual.ratio], arguments[Manual.level])
        },
        FuzzTarget("forwarders", texts: [forwarders]) { bytes in
            guard let list = ForwarderList.parse([String(decoding: bytes, as: UTF8.self)]) else { throw Refused() }
            _ = try list.forwarders().map(\.name)
        },
        FuzzTarget(
            "headers", longest: 600,
            texts: ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Sun, 06 Nov 1994 08:49:37 GMT", "120"]
        ) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let (trace, wait) = (TraceContext(parsing: text), RetryAfter.wait(text, now: 784_111_777))
            guard trace != nil || wait != nil else { throw Refused() }
            if let trace { try require(TraceContext(parsing: trace.header) == trace, "\(trace) is read as another") }
            if let wait { try require(wait >= .zero, "a wait of \(wait)") }
        },
        FuzzTarget("annotations", texts: [#"[{"id":1124,"alertId":0,"time":1507266395000,"tags":["a"],"data":{}}]"#]) {
            guard GrafanaAnnotation.numbers(in: $0) != nil else { throw Refused() }
        },
        FuzzTarget(
            "calendars",
            texts: [
                #"[{"name":"works","url":"https://c.example/a.ics","matcher":{"site":"a*"},"every":"1h","within":"7d","headers":{"A":"b"}}]"#
            ]
        ) { bytes in
            guard let list = CalendarList.parse([String(decoding: bytes, as: UTF8.self)]) else { throw Refused() }
            _ = try list.calendars().map(\.name)
        },
        FuzzTarget(
            "source",
            texts: [
                #"{"kind":"prometheus-scrape","targets":["http://127.0.0.1:9100/metrics"],"intervalSeconds":1,"site":"a","bearerTokenFile":"t"}"#,
                #"{"kind":"prometheus-query","url":"http://p:9090","query":"up","last":"1h30m","goesOn":true}"#,
                #"{"kind":"otlp","listen":"127.0.0.1:4318","maximumBytes":1000}"#, #"{"kind":"follow","path":"a.csv"}"#,
            ]
        ) { bytes in
            let json = try DeterministicJSON.decode(JSONValue.self, from: bytes)
            let source = try SourceConfiguration(json: json, index: 0)
            _ = (source.title, source.files)
        },
        FuzzTarget(
            "preset",
            texts: [
                #"{"name":"x","recognisedBy":["node_*"],"entities":[{"type":"pod","labels":["pod"],"families":["c_*"]}],"families":[{"families":["node_cpu*"],"kind":"counter","keep":["mode"],"fold":"sum"}],"leaveOut":[{"label":"a","values":["b*"]}]}"#
            ]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "preset.json") { path in
                let catalog = try PresetCatalog(file: path)
                let exposition = Exposition(parsing: Array("node_cpu{mode=\"a\",pod=\"p\"} 1\nc_x{a=\"b\"} 2\n".utf8))
                for preset in catalog.presets.prefix(3) {
                    var intake = SourceIntake(.init(source: "fuzz", preset: .fixed(preset), rules: Examples.rules))
                    intake.take(exposition, on: SeriesResolver.Target(entity: "a"), at: 1)
                    intake.closeAll(kinds: [:], arrival: 2)
                    _ = intake.take()
                }
                _ = try PresetCatalog.builtIn().extended(by: catalog).recognise(["node_cpu"])
            }
        },
        FuzzTarget(
            "group-rules",
            texts: [#"{"rules":[{"group":"physical.cpu","metrics":["cpu*"]}],"counters":["*_total"],"leaveOut":["x"]}"#]
        ) { bytes in
            try Scratch.shared.with(bytes, named: "groups.json") { path in
                let rules = try GroupRules.load(extending: path)
                for name in ["cpu_a", "node_cpu_seconds_total", "x"] {
                    _ = (rules.group(for: name), rules.isCounter(name), rules.leavesOut(name))
                }
            }
        },
        FuzzTarget("entity-pattern", longest: 600, texts: ["\"a/*b*\"", "\"*\""]) { bytes in
            let pattern = try JSONDecoder().decode(EntityPattern.self, from: Data(bytes))
            _ = pattern.matches(String(repeating: "a/b", count: 60))
        },
    ]

    private static let forwarders = #"""
        [{"kind":"webhook","url":"https://h.example/x","headers":{"A":"b"},"template":{"t":"{summary}"}},
        {"kind":"alertmanager","url":"http://127.0.0.1:9093","resendSeconds":60},{"kind":"syslog","url":"tcp://l.example:601"},
        {"kind":"ves","url":"https://c.example:8443/e","reporter":"r"},{"kind":"fault-mns","url":"https://m.example/n"},
        {"kind":"zeromq","url":"tcp://127.0.0.1:5","topic":"a"},{"kind":"mail","url":"smtp://127.0.0.1:25","from":"a@b.example",
        "to":["c@d.example"]},{"kind":"mqtt","url":"mqtt://127.0.0.1:1883","topic":"a/b","severity":"major","since":3}]
        """#

    /// Options of each kind of value.
    private enum Manual {
        static let http = Option<String>("http", "HOST:PORT", default: "", "an address")
        static let rounds = Option<Int>("rounds", "N", default: 1, "a number", valid: { $0 > 0 })
        static let ratio = Option<Double>("ratio", "X", default: 1, "a number", valid: { $0 > 0 })
        static let seed = Option<UInt64>("seed", "N", default: 0, "a number")
        static let evaluate = Option<Bool>("evaluate", default: true, "a flag")
        static let sizes = Option<[Int]>("sizes", "N", default: [1], "numbers")
        static let level = Option<LogLevelOption>("level", "LEVEL", default: .notice, "a word")
        static let forwarders = Option<ForwarderList>("forwarders", "JSON", default: .none, "forwarders")
        static let config = Option<String>.optional("config", "FILE", "a file")
        static let manual = CommandManual(
            name: "", summary: "", discussion: "", examples: [],
            options: [http, rounds, ratio, seed, evaluate, sizes, level, forwarders, config])
    }
}
