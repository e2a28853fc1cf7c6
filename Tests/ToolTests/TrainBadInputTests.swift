import Foundation
import TestSupport
import Testing

/// What `fl-train` says of bad input: one line (and at most a hint) that names the place, the right exit status, and
/// nothing lost. Every case is a process of its own in a folder that ``files`` describes.
@Suite struct TrainBadInputTests {
    /// A mistake: the command line in words, the status it must leave with, and what its line must name.
    struct Mistake: CustomTestStringConvertible, Sendable {
        let line: String
        let status: Int32
        let parts: [String]
        var testDescription: String { line }

        init(_ line: String, _ status: Int32, _ parts: String...) {
            self.line = line
            self.status = status
            self.parts = parts
        }
    }

    /// Rows of two metrics a minute apart.
    private static func table(_ rows: Int, header: String = "time,a,b", separator: String = ",") -> String {
        (0..<rows).reduce(into: header + "\n") { text, row in
            text += ["\(row * 60)", "\(row % 7)", "\(row * row % 11)"].joined(separator: separator) + "\n"
        }
    }

    /// Two hundred rows of one metric.
    private static func column(_ cell: (Int) -> String) -> String {
        (0..<200).reduce(into: "time,a\n") { $0 += "\($1 * 60),\(cell($1))\n" }
    }

    private static let labelHeader = "index,label\n"
    private static let causeHeader = "start,end_exclusive,dims_0based,metrics,anomaly_type\n"

    /// A folder with good and bad files, a model, and its scores; made once.
    private static let world: Result<TemporaryFolder, any Error> = Result {
        let folder = try TemporaryFolder()
        let labels = (0..<200).reduce(into: labelHeader) { $0 += "\($1),\($1 / 10 == 5 ? 1 : 0)\n" }
        let texts: [(String, String)] = [
            ("good.csv", table(200)), ("sites/s1/good.csv", table(200)), ("sites/s2/good.csv", table(200)),
            ("empty.csv", ""), ("header.csv", "time,a,b\n"), ("ragged.csv", table(200) + "12000,1\n"),
            ("one.csv", table(1)), ("constant.csv", column { _ in "3" }),
            ("missing.csv", column { _ in "nan" }),
            ("infinite.csv", column { $0 % 2 == 0 ? "inf" : "-inf" }),
            ("text.csv", column { _ in "word" }),
            ("late-text.csv", table(200) + "12000,oops,1\n"),
            ("twice.csv", table(200, header: "time,a,time")), ("numbers.csv", table(200, header: "1,2,3")),
            ("semicolon.csv", table(200, header: "time;a;b", separator: ";")),
            ("binary.csv", String(repeating: "\u{1}\u{2}\0\u{1b}[2J", count: 100)),
            ("control.csv", "\u{1b}[2Ja,b\u{7}\n" + String(repeating: "x,y\n", count: 20)),
            ("short/good.csv", table(3)), ("other/good.csv", table(50, header: "time,x,y")),
            ("nothing/readme.md", "no data"), ("keep/notes.txt", "precious"),
            ("rules-list.json", "[]"), ("rules-name.json", #"{"rules": [{"group": "../x", "metrics": ["*"]}]}"#),
            ("rules-cut.json", #"{"rules": [{"group""#),
            ("key.json", #"{"windw": 3}"#), ("type.json", #"{"window": "x"}"#), ("range.json", #"{"window": 0}"#),
            ("cut.json", #"{"window": 3"#), ("twice.json", #"{"window": 3, "window": 4}"#), ("list.json", "[1]"),
            ("labels.csv", labels),
            ("labels-short.csv", labelHeader + "0,0\n1,1\n"),
            ("labels-text.csv", labelHeader + "0,perhaps\n"),
            ("labels-huge.csv", labelHeader + "0,0\n999999999999999,1\n"),
            ("causes-order.csv", causeHeader + "60,50,0,a,x\n"),
            ("causes-far.csv", causeHeader + "50,99999999999,0,a,x\n"),
            ("causes-none.csv", "what\n"),
        ]
        for (name, text) in texts { try folder.write(name, text) }
        let train = try ToolProcess.run("fl-train", words("train --data good.csv --out model" + small), in: folder.url)
        #expect(train.status == 0, "\(train.errors)")
        let score = try ToolProcess.run(
            "fl-train", words("score --model model --data good.csv --out scores.csv"), in: folder.url)
        #expect(score.status == 0, "\(score.errors)")
        let scores = try String(contentsOfFile: folder.path("scores.csv"), encoding: .utf8)
        let header = scores.prefix { $0 != "\n" } + "\n"
        try folder.write("scores-negative.csv", scores.replacingOccurrences(of: "\n5,", with: "\n-5,"))
        try folder.write("scores-repeated.csv", scores.replacingOccurrences(of: "\n5,", with: "\n6,"))
        try folder.write("scores-word.csv", scores.replacingOccurrences(of: "\n5,", with: "\nfive,"))
        try folder.write("scores-cut.csv", String(scores.dropLast(20)))
        try folder.write("scores-header.csv", String(header))
        try folder.write("scores-nan.csv", header + "0,0,model/good,site,nan,1,0\n")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path("full"), withDestinationPath: "/dev/full")
        return folder
    }

    private static let small = " --hidden 4 --epochs 1 --window 5"

    private static func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    private func expect(_ mistake: Mistake) throws {
        let folder = try Self.world.get()
        let result = try ToolProcess.run("fl-train", Self.words(mistake.line), in: folder.url)
        #expect(result.status == mistake.status, "\(result.errors)")
        for part in mistake.parts where !part.isEmpty { #expect(result.errors.contains(part), "\(result.errors)") }
        #expect((1...2).contains(result.errorLines.count), "\(result.errors)")
        #expect(result.errorLines.allSatisfy { $0.hasPrefix("fl-train: ") && $0.count < 1200 })
        #expect(!result.errors.unicodeScalars.contains { $0.value < 32 && $0 != "\n" }, "no control characters")
        #expect(result.output.isEmpty)
    }

    private static let badData: [(words: String, status: Int32, place: String, part: String)] =
        [
            ("none.csv", 66, "none.csv", "found no such file"), ("nothing", 65, "nothing", "none that a reader knows"),
            ("empty.csv", 65, "empty.csv", "expected a header"), ("header.csv", 65, "header.csv", "no row"),
            ("ragged.csv", 65, "ragged.csv:202", "found 2 fields; expected 3"),
            ("late-text.csv", 65, "late-text.csv:202", "oops"),
            ("text.csv", 65, "text.csv", "column of numbers"),
            ("twice.csv", 65, "twice.csv:1", "two columns with this name"),
            ("numbers.csv", 65, "numbers.csv:1", "expected column names"), ("binary.csv", 65, "binary.csv", "NUL"),
            ("control.csv", 65, "control.csv", "column of numbers"),
            ("one.csv", 65, "one", "1 samples of an entity, at least 8"),
            ("missing.csv", 65, "missing.csv", "expected at least one column of numbers"),
            ("infinite.csv", 65, "infinite", "no finite number"),
            ("constant.csv --methods autoencoder", 65, "varies", ""),
            ("short/good.csv", 65, "3 samples", "at least 8"),
            ("good.csv --separator ;", 65, "good.csv:1", "';'"),
            ("semicolon.csv --separator ,", 65, "semicolon.csv:1", "','"),
            ("good.csv --time-column when", 65, "'when'", "expected one of time, a, b"),
            ("good.csv --groups rules-list.json", 65, "rules-list.json", "rules"),
            ("good.csv --groups rules-name.json", 65, "rules-name.json", "../x"),
            ("good.csv --groups rules-cut.json", 65, "rules-cut.json", "rules"),
            ("good.csv --groups none.json", 66, "none.json", "rules"),
        ]

    static let data: [Mistake] =
        badData.map { Mistake("train --out new\(small) --data \($0.words)", $0.status, $0.place, $0.part) }
        + badInspection

    private static let badInspection: [Mistake] =
        [
            Mistake("inspect ragged.csv", 65, "ragged.csv:202"), Mistake("inspect none.csv", 66, "none.csv"),
            Mistake("inspect", 64, "DATA"),
        ]

    @Test(arguments: data) func wrongData(_ mistake: Mistake) throws { try expect(mistake) }

    private static let badOptions: [(words: String, status: Int32, part: String)] =
        [
            ("--window 0", 64, "--window: found '0', expected a whole number, at least 1"),
            ("--window 9999999999", 64, "window: 9999999999 (expected 1 to 1000000)"),
            ("--hidden 4,x", 64, "--hidden: found '4,x'"),
            ("--hidden 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", 64, "17 layers"),
            ("--learning-rate nan", 64, "--learning-rate"), ("--learning-rate 1e30", 65, "the loss became"),
            ("--held-out 1", 64, "--held-out"), ("--seed -1", 64, "--seed"), ("--threads 0", 64, "--threads"),
            ("--false-alarms 1e-320", 64, "--false-alarms"),
            ("--methods nope", 64, "default, autoencoder, default-without-"),
            ("--methods default default", 64, "--methods: found 'default' twice"), ("--accelerator none", 69, "none"),
            ("--separator xx", 64, "--separator: found 'xx', expected one character, or 'tab'"),
            ("--seed 1 --seed 2", 64, "--seed: found it twice"), ("--windw 3", 64, "did you mean '--window'?"),
            ("--format xml", 64, "expected one of table, json"),
            ("--config none.json", 78, "none.json"),
            ("--config key.json", 78, "key.json: unknown key 'windw' (did you mean 'window'?)"),
            ("--config type.json", 78, "type.json: window: found the text 'x', expected a whole number"),
            ("--config range.json", 78, "range.json: window: found the number 0"),
            ("--config twice.json", 78, "twice.json: window: found it twice"),
            ("--config cut.json", 78, "not valid JSON"),
            ("--config list.json", 78, "expected a JSON object"), ("--config keep", 78, "keep"),
        ]

    static let options: [Mistake] =
        badOptions.map {
            let hidden = $0.words.contains("--hidden") ? "" : "--hidden 4 "
            return Mistake("train --data good.csv --out new \(hidden)--epochs 1 \($0.words)", $0.status, $0.part)
        } + badCommands

    private static let badCommands: [Mistake] =
        [
            Mistake("", 64, "which command?"), Mistake("scor", 64, "did you mean 'score'?"),
            Mistake("train --data good.csv", 64, "missing --out DIR"),
            Mistake("train --out new", 64, "missing --data PATH"),
            Mistake("bench nothing", 64, "engine: found 'nothing'"),
        ]

    @Test(arguments: options) func wrongOptions(_ mistake: Mistake) throws {
        try expect(mistake)
    }

    static let places: [Mistake] = [
        Mistake("train --data good.csv --out none/model" + small, 73, "none/model"),
        Mistake("train --data good.csv --out good.csv" + small, 73, "good.csv: found a file"),
        Mistake("train --data good.csv --out keep" + small, 73, "keep: found 'notes.txt'"),
        Mistake("train --data good.csv --out /proc/model" + small, 73, "/proc/model"),
        Mistake("train --data good.csv --out new --checkpoints /proc/c" + small, 73, "/proc/c"),
        Mistake("score --model model --data good.csv --out none/s.csv", 73, "none/s.csv"),
        Mistake("score --model model --data good.csv --out keep", 73, "keep", "directory"),
        Mistake("score --model model --data good.csv --out full", 73, "full", "no space left"),
        Mistake("explain --model model --data good.csv --at 600 --plot none/p.svg", 73, "none/p.svg"),
        Mistake("explain --model model --data good.csv --at 600 --plot full", 73, "full", "no space left"),
        Mistake("export --model model --data good.csv --group other --windows none/w --errors e.json", 73, "none/w"),
    ]

    @Test(arguments: places) func placesThatCannotBeWritten(_ mistake: Mistake) throws {
        try expect(mistake)
        let folder = try Self.world.get()
        #expect(try String(contentsOfFile: folder.path("keep/notes.txt"), encoding: .utf8) == "precious")
        #expect(try String(contentsOfFile: folder.path("good.csv"), encoding: .utf8) == Self.table(200))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("full")) == "/dev/full")
        #expect(!FileManager.default.fileExists(atPath: folder.path("new")))
    }

    static let uses: [Mistake] = [
        Mistake("score --model none --data good.csv --out s.csv", 66, "none/manifest.json"),
        Mistake("score --model model --data none.csv --out s.csv", 66, "none.csv"),
        Mistake("score --model model --data other/good.csv --out s.csv", 65, "it has x, y"),
        Mistake("score --model model --data ragged.csv --out s.csv", 65, "ragged"),
        Mistake("score --model model --data good.csv --out s.csv --method pca", 65, "pca", "autoencoder, default"),
        Mistake("explain --model model --data good.csv --at #200", 65, "row 200", "a row below 200"),
        Mistake("explain --model model --data good.csv --at 1e300", 65, "--at"),
        Mistake("explain --model model --data good.csv --at 2001-01-02", 65, "--at", "expected a time from"),
        Mistake(
            "explain --model model --data good.csv --at noon", 64,
            "--at: found 'noon', expected seconds, a date or #row"),
        Mistake("explain --model model --data sites --at 600", 64, "choose one of s1/good, s2/good"),
        Mistake("explain --model model --data sites --at 600 --entity good", 64, "several", "s1/good"),
        Mistake("explain --model model --data good.csv --at 600 --entity bad", 64, "'bad'"),
        Mistake("explain --model model --data good.csv --at 600 --coverage 2", 64, "--coverage"),
        Mistake("export --model model --data good.csv --group gone --windows w --errors e", 65, "'gone'", "other"),
        Mistake("export --model model --data short/good.csv --group other --windows w --errors e", 65, "window"),
        Mistake("evaluate --scores none.csv --labels labels.csv", 66, "none.csv"),
        Mistake("evaluate --scores scores.csv --labels none.csv", 66, "none.csv"),
        Mistake("evaluate --scores scores.csv --labels labels-short.csv", 65, "200 rows", "2 labels"),
        Mistake("evaluate --scores scores.csv --labels labels-text.csv", 65, "labels-text.csv", "label"),
        Mistake("evaluate --scores scores.csv --labels labels-huge.csv", 65, "labels-huge.csv:3"),
        Mistake("evaluate --scores scores.csv --labels good.csv", 65, "good.csv:1", "label"),
        Mistake("evaluate --scores scores.csv --labels labels.csv --group gone", 65, "'gone'"),
        Mistake("evaluate --scores scores-negative.csv --labels labels.csv", 65, "scores-negative.csv"),
        Mistake("evaluate --scores scores-repeated.csv --labels labels.csv", 65, "scores-repeated.csv"),
        Mistake("evaluate --scores scores-word.csv --labels labels.csv", 65, "scores-word.csv:", "five"),
        Mistake("evaluate --scores scores-cut.csv --labels labels.csv", 65, "scores-cut.csv:"),
        Mistake("evaluate --scores scores-header.csv --labels labels.csv", 65, "expected rows"),
        Mistake("evaluate --scores scores-nan.csv --labels labels.csv", 65, "scores-nan.csv:2"),
        Mistake("evaluate --scores empty.csv --labels labels.csv", 65, "empty.csv"),
        Mistake(
            "evaluate --scores scores.csv --labels labels.csv --interpretation causes-order.csv", 65,
            "causes-order.csv:2"),
        Mistake(
            "evaluate --scores scores.csv --labels labels.csv --interpretation causes-far.csv", 65, "causes-far.csv"),
        Mistake(
            "evaluate --scores scores.csv --labels labels.csv --interpretation causes-none.csv", 65, "causes-none.csv:1"
        ),
        Mistake("bench-readers none", 66, "none"),
    ]

    @Test(arguments: uses) func wrongUseOfModelsAndScores(_ mistake: Mistake) throws { try expect(mistake) }

    /// A change to a file of a model's folder, and what the message must name.
    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let file: String
        let status: Int32
        let part: String
        let change: @Sendable (Data) throws -> Data?

        init(
            _ name: String, _ file: String, _ part: String, status: Int32 = 65,
            _ change: @escaping @Sendable (Data) throws -> Data?
        ) {
            testDescription = name
            self.file = file
            self.part = part
            self.status = status
            self.change = change
        }

        /// A change to the text of the manifest.
        static func manifest(_ old: String, _ new: String, _ part: String) -> Damage {
            Damage("\(old) → \(new)", "manifest.json", part) { data in
                let text = String(decoding: data, as: UTF8.self)
                let range = try #require(text.range(of: old, options: .regularExpression))
                return Data(text.replacingCharacters(in: range, with: new).utf8)
            }
        }
    }

    private static func header(_ bytes: UInt64) -> Data {
        var value = bytes.littleEndian
        return Data(bytes: &value, count: 8)
    }

    static let damages: [Damage] = [
        Damage("no weights", "other.safetensors", "other.safetensors", status: 66) { _ in nil },
        Damage("no manifest", "manifest.json", "manifest.json", status: 66) { _ in nil },
        Damage("empty weights", "other.safetensors", "0 bytes") { _ in Data() },
        Damage("weights cut in the header", "other.safetensors", "other.safetensors") { $0.prefix(100) },
        Damage("weights cut in the numbers", "other.safetensors", "other.safetensors") { $0.dropLast(100) },
        Damage("a header of a terabyte", "other.safetensors", "1099511627776") { header(1 << 40) + $0.dropFirst(8) },
        Damage("a header without end", "other.safetensors", "header") { header(.max) + $0.dropFirst(8) },
        Damage("another weight", "other.safetensors", "checksum") { $0.dropLast() + [1] },
        Damage("manifest cut", "manifest.json", "manifest.json") { $0.prefix(500) },
        Damage("manifest empty", "manifest.json", "manifest.json") { _ in Data() },
        Damage("manifest a list", "manifest.json", "manifest.json") { _ in Data("[]".utf8) },
        Damage("manifest binary", "manifest.json", "manifest.json") { Data($0.map { $0 ^ 0xaa }) },
        .manifest(#""formatVersion" : [0-9]+"#, #""formatVersion" : 99"#, "format 99"),
        .manifest(#""formatVersion" : [0-9]+"#, #""formatVersion" : "1""#, "manifest.json"),
        .manifest(#""learningRate" : 0.001"#, #""learningRate" : -1"#, "learningRate"),
        .manifest(#""window" : 5"#, #""window" : 1e18"#, "window"),
        .manifest(#""trainingWindows" : [0-9]+"#, #""trainingWindows" : "many""#, "trainingWindows"),
        .manifest(#""datasetChecksum" : "[0-9a-f]*","#, "", "datasetChecksum"),
        .manifest(#""standIn" : [0-9.]+"#, #""standIn" : "none""#, "standIn"),
        .manifest(#""cap" : 100"#, #""cap" : -1"#, "detector 'autoencoder'"),
        .manifest(#""trainingSamples" : [0-9]+"#, #""trainingSamples" : {}"#, "trainingSamples"),
        .manifest(#""spread" : \[\s*[0-9.]+,"#, #""spread" : ["#, "detector"),
        // One number less, one that is none, and bytes that are no numbers.
        .manifest(#""low" : "[^"]*""#, #""low" : "AAAAAAAA8D8=""#, "detector"),
        .manifest(#""low" : "[^"]*""#, #""low" : "AAAAAAAA8H8AAAAAAADwPw==""#, "detector"),
        .manifest(#""low" : "[^"]*""#, #""low" : "AAAA""#, "low"),
    ]

    @Test("What the model does not know is said, and left out")
    func aColumnMore() throws {
        let world = try Self.world.get()
        let folder = try TemporaryFolder()
        let lines = try String(contentsOfFile: world.path("good.csv"), encoding: .utf8).split(separator: "\n")
        let more = lines.enumerated().map { $0 == 0 ? "\($1),surplus" : "\($1),\($0 % 7)" }
        let data = try folder.write("good.csv", more.joined(separator: "\n") + "\n")
        func score(_ data: String, _ out: String) throws -> ToolProcess.Result {
            try ToolProcess.run(
                "fl-train", ["score", "--model", world.path("model"), "--data", data, "--out", folder.path(out)])
        }
        let result = try score(data, "more.csv")
        #expect(
            result.status == 0
                && result.errors.contains("1 column that the model does not know left out, such as 'surplus'"))
        #expect(try score(world.path("good.csv"), "good-scores.csv").errors.isEmpty)
        // The entity is called after its folder.
        let scores = try ["more.csv", "good-scores.csv"].map { name in
            try String(contentsOfFile: folder.path(name), encoding: .utf8).split(separator: "\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false).dropFirst(3).joined(separator: ",")
            }
        }
        #expect(scores[0] == scores[1])
    }

    @Test("A time before all rows is none of them, however many there are", arguments: ["5", "1969-12-31 23:59"])
    func aTimeBeforeTheData(_ moment: String) throws {
        let world = try Self.world.get()
        let folder = try TemporaryFolder()
        let lines = try String(contentsOfFile: world.path("good.csv"), encoding: .utf8).split(separator: "\n")
        var rows: [String] = []
        for number in 0..<1_500 {
            let cells = lines[1 + number % (lines.count - 1)].split(separator: ",", omittingEmptySubsequences: false)
            rows.append(
                (["\(1_700_000_000 + 60 * number)"] + cells.dropFirst().map(String.init)).joined(separator: ","))
        }
        let data = try folder.write("good.csv", lines[0] + "\n" + rows.joined(separator: "\n") + "\n")
        let result = try ToolProcess.run(
            "fl-train", ["explain", "--model", world.path("model"), "--data", data, "--at", moment])
        #expect(result.status == 65 && result.errors.contains("expected a time from 1700000000"), "\(result.errors)")
    }

    @Test(arguments: damages) func damagedModels(_ damage: Damage) throws {
        let world = try Self.world.get()
        let folder = try TemporaryFolder()
        let model = folder.path("model")
        try FileManager.default.copyItem(atPath: world.path("model"), toPath: model)
        let file = URL(filePath: model).appending(path: damage.file)
        if let changed = try damage.change(try Data(contentsOf: file)) {
            try changed.write(to: file)
        } else {
            try FileManager.default.removeItem(at: file)
        }
        try folder.write("scores.csv", "old")
        for method in ["default", "autoencoder"] {
            let result = try ToolProcess.run(
                "fl-train",
                [
                    "score", "--model", model, "--data", world.path("good.csv"), "--out", folder.path("scores.csv"),
                    "--method", method,
                ])
            #expect(result.status == damage.status, "\(result.errors)")
            #expect(result.errorLines.count == 1 && result.errors.contains(damage.part), "\(result.errors)")
        }
        #expect(try String(contentsOfFile: folder.path("scores.csv"), encoding: .utf8) == "old")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() == ["model", "scores.csv"])
    }
}
