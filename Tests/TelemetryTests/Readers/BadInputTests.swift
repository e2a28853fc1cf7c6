import Foundation
import Numerics
import Telemetry
import Testing

/// Whatever is wrong with a file, there is one clear line that says what and where, and never a crash.
struct BadInputTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func failure(
        _ text: String, name: String = "bad.csv", options: ReaderOptions = ReaderOptions()
    ) throws -> TelemetryError {
        let path = try scratch.write(name, text)
        let error = #expect(throws: TelemetryError.self) { try Scratch.source([path]).read(options: options) }
        let found = try #require(error)
        #expect(found.path == path)
        #expect(!found.description.contains("\n"))
        #expect(found.description.contains("expected"))
        return found
    }

    @Test(
        "What is wrong and where",
        arguments: [
            ("", "empty", nil, nil), ("\n\n\n", "empty", nil, nil), ("a,b\n", "empty", nil, nil),
            ("a,b", "empty", nil, nil), ("a,b\n1,2\n3\n", "raggedRow", 3, nil), ("a,b\n1,2,3\n", "raggedRow", 2, nil),
            ("a,b\n1,2\n\n3,4,\n", "raggedRow", 4, nil), ("time,a,time\n1,2,3\n", "badHeader", 1, "time"),
            ("a,,b\n1,2,3\n", "badHeader", 1, nil), ("1,2\n3,4\n", "badHeader", 1, nil),
            ("a,b\nx,y\nz,w\n", "noNumericColumn", nil, nil), ("time\n1\n2\n", "noNumericColumn", nil, nil),
            ("a,b\n1,2\n3,oops\n4,5\n", "notANumber", 3, "b"), ("a,b\n1,2\n3,1.2.3\n4,5\n", "notANumber", 3, "b"),
            ("a,b\n1,2\n3,0x10\n4,5\n", "notANumber", 3, "b"), ("a,b\n1,2\n3,1\02\n4,5\n", "notANumber", 3, "b"),
            ("a\0,b\n1,2\n", "malformed", 1, nil),
            ("a,b\n1,\"2\n3,4\n", "malformed", 2, nil), ("\"a,b\n1,2\n", "malformed", 1, nil),
            ("time,a\n1,2\nx,3\n4,5\n", "badTime", 3, "time"), ("time,a\n1,2\n,3\n", "badTime", 3, "time"),
            ("time,a\n2025-01-01 00:00,2\n2025-13-01 00:00,3\n", "badTime", 3, "time"),
            ("a,label\n1,0\n2,yes\n3,1\n", "notANumber", 3, "label"),
        ] as [(String, String, Int?, String?)])
    func oneLine(_ text: String, _ code: String, _ line: Int?, _ field: String?) throws {
        let error = try failure(text)
        #expect(error.code.rawValue == code)
        #expect(error.line == line)
        #expect(error.field == field)
    }

    @Test("A wrong separator is named, and the right one with it")
    func wrongSeparator() throws {
        var options = ReaderOptions()
        options.separator = ","
        let error = try failure("a;b;c\n1;2;3\n", options: options)
        #expect(error.code == .wrongSeparator)
        #expect(error.description.contains("';'"))
        options.separator = "é"
        #expect(try failure("a;b\n1;2\n", options: options).code == .wrongSeparator)
    }

    @Test("Columns asked for must be there; the error lists some that are")
    func missingColumns() throws {
        var options = ReaderOptions()
        options.timeColumn = "clock"
        let error = try failure("time,a\n1,2\n", options: options)
        #expect(error.code == .missingColumn)
        #expect(error.description.contains("clock") && error.description.contains("time, a"))
        options = ReaderOptions()
        options.labelColumn = "truth"
        #expect(try failure("time,a\n1,2\n", options: options).code == .missingColumn)
    }

    @Test("Text in a number column can be taken as missing")
    func textIsMissing() throws {
        var options = ReaderOptions()
        options.textIsMissing = true
        let frame = try scratch.read("a,b\n1,2\n3,oops\n4,5\n", options: options)
        #expect(frame[1, 1].isNaN && frame[2, 1] == 5)
    }

    @Test("Lines and headers beyond the limit are refused, and the limit is stated")
    func limits() throws {
        var options = ReaderOptions()
        options.maximumLineBytes = 200_000
        options.bufferBytes = 4096
        let long = String(repeating: "7", count: 300_000)
        #expect(try failure("a,b\n1,2\n3,\(long)", options: options).code == .limitExceeded)
        #expect(try failure("a,b\n1,\"\(long)\n\(long)\n", options: options).code == .limitExceeded)
        #expect(try failure(long, options: options).description.contains("200000"))
        options.maximumColumns = 10
        let wide = (0..<11).map { "c\($0)" }.joined(separator: ",")
        #expect(try failure(wide + "\n", options: options).description.contains("at most 10"))
    }

    @Test("A name that is no UTF-8 is Latin-1")
    func encodings() throws {
        let latin = try scratch.write("latin.csv", Array("temp\u{0}rature,b\n1,2\n".utf8).map { $0 == 0 ? 0xE9 : $0 })
        #expect(try Scratch.source([latin]).read().schema == ["température", "b"])
    }

    @Test("No file, a folder in place of a file, a file that vanished after it was found")
    func noFile() throws {
        for path in [scratch.path + "/none.csv", scratch.path] {
            let error = #expect(throws: TelemetryError.self) { try Scratch.source([path]).read() }
            #expect(error?.code == .unreadable)
        }
        let path = try scratch.write("host1.csv", "a,b\n1,2\n")
        let source = try #require(try DataCatalog.discover([path]).first)
        try FileManager.default.removeItem(atPath: path)
        let error = #expect(throws: TelemetryError.self) { try source.read() }
        #expect(error?.description.contains("no such file") == true)
    }

    @Test(
        "JSON lines: what is wrong and where",
        arguments: [
            ("{\"a\":1}\n{\"a\":}\n", "malformed", 2), ("{\"a\":1}\n[1]\n", "malformed", 2),
            ("[1,2]\n", "malformed", 1),
            ("{\"a\":1", "malformed", 1), ("{\"a\":\"x\"}\n", "noNumericColumn", nil),
            ("{\"timestamp\":1,\"a\":1}\n{\"a\":2}\n", "badTime", 2),
            ("{\"a\":" + String(repeating: "[", count: 100_000) + "\n", "malformed", 1),
        ] as [(String, String, Int?)])
    func jsonLines(_ text: String, _ code: String, _ line: Int?) throws {
        let error = try failure(text, name: "bad.jsonl")
        #expect(error.code.rawValue == code)
        #expect(error.line == line)
    }

    @Test("Mutilated files: an error or a frame, the same for every buffer size, never a crash", arguments: 0..<40)
    func mutilated(seed: Int) throws {
        var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "mutilation")
        let starts = [
            "time;nof_ue;proc_rmem;cpu_0\n1080000.0;5;0.45;87.0\n1080010.0;5;0.45;88.0\n",
            "timestamp,\"a{b=\"\"c\"\"}\",x_total\r\n2025-11-14 11:00:00.2,1,2\r\n2025-11-14 11:00:00.5,n/a,inf\r\n",
            "index,timestamp,m,label\n0,0,0.5,0\n1,60,5.4e-05,1\n2,120,,0\n",
            "{\"timestamp\": 1.5, \"a\": {\"b\": [1, 2]}, \"l\": [{\"w\": {\"x\": \"0.5\"}}]}\n{\"timestamp\": 2}\n",
        ]
        for round in 0..<60 {
            var bytes = Array(starts[round % starts.count].utf8)
            for _ in 0...Int(generator.next() % 6) {
                let place = Int(generator.next() % UInt64(bytes.count))
                switch generator.next() % 4 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(Array("\",;\n\r\0.e-{}[]".utf8)[Int(generator.next() % 13)], at: place)
                default: bytes.append(contentsOf: bytes[place...].prefix(20))
                }
                if bytes.isEmpty { bytes = [0x61] }
            }
            let path = try scratch.write("mutilated.csv", bytes)
            func outcome(_ bufferBytes: Int) -> String {
                var options = ReaderOptions()
                options.bufferBytes = bufferBytes
                do {
                    return "\(try Scratch.source([path]).read(options: options))"
                } catch {
                    return "\(error)"
                }
            }
            let whole = outcome(1 << 16)
            #expect(outcome(1) == whole, "seed \(seed), round \(round)")
            #expect(outcome(7) == whole, "seed \(seed), round \(round)")
        }
    }
}
