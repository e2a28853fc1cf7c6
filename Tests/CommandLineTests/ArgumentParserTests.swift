import CommandLine
import Platform
import TestSupport
import Testing

/// A command with every kind of option, which keeps nothing and does nothing: tests look at what it was given.
private struct Sample: Command {
    static let data = Option<[String]>.required("data", "PATH", "files or folders")
    static let entity = Option<String>.optional("entity", "NAME", "one entity only")
    static let window = Option<Int>(
        "window", "SAMPLES", default: 20, "samples in a window", constraint: "at least 1", valid: { $0 >= 1 })
    static let hidden = Option<[Int]>("hidden", "SIZES", default: [64, 32], "widths of the encoder")
    static let seed = Option<UInt64>("seed", "N", default: 0, "seed of every random draw")
    static let share = Option<Double>("held-out", "SHARE", default: 0.2, "held-out share")
    static let force = Option<Bool>("force", default: false, "overwrite")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print")
    static let manual = CommandManual(
        name: "sample", summary: "does nothing", discussion: "It really does nothing.",
        examples: [.init("tool sample --data a b", "nothing, twice")],
        options: [data, entity, window, hidden, seed, share, force, format])

    func run(_ arguments: Arguments, _ console: Console) async throws {}
}

@Suite struct ArgumentParserTests {
    private func parse(_ words: String...) throws -> Arguments {
        try ArgumentParser(tool: "tool", manual: Sample.manual).parse(words)
    }

    private func message(_ words: String...) -> String? {
        do {
            _ = try ArgumentParser(tool: "tool", manual: Sample.manual).parse(words)
            return nil
        } catch {
            #expect(error.status == .usage)
            return error.description
        }
    }

    @Test func fallbacksHoldWhereNothingIsGiven() throws {
        let arguments = try parse("--data", "a")
        #expect(arguments[Sample.window] == 20)
        #expect(arguments[Sample.hidden] == [64, 32])
        #expect(arguments[optional: Sample.entity] == nil)
        #expect(arguments[Sample.force] == false)
        #expect(arguments[Sample.format] == .table)
    }

    @Test func everyWayOfWritingAnOption() throws {
        let arguments = try parse(
            "--data", "a", "b", "--window=5", "--hidden", "8,4,2", "--data", "c", "--force", "--held-out", "0.5",
            "--format", "json", "--seed", "18446744073709551615", "--entity", "x")
        #expect(arguments[Sample.data] == ["a", "b", "c"])
        #expect(arguments[Sample.window] == 5)
        #expect(arguments[Sample.hidden] == [8, 4, 2])
        #expect(arguments[Sample.force])
        #expect(arguments[Sample.share] == 0.5)
        #expect(arguments[Sample.format] == .json)
        #expect(arguments[Sample.seed] == .max)
        #expect(arguments[optional: Sample.entity] == "x")
        #expect(try parse("--data", "a", "--no-force")[Sample.force] == false)
    }

    @Test func whatIsGivenTwiceIsNoChoice() {
        let window = "--window: found it twice, expected it once"
        #expect(message("--data", "a", "--window", "3", "--window", "3") == window)
        #expect(message("--data", "a", "--window=3", "--entity", "x", "--window", "4") == window)
        #expect(message("--data", "a", "--hidden", "8", "--hidden", "4")?.hasPrefix("--hidden: found it twice") == true)
        #expect(message("--data", "a", "--force", "--force")?.hasPrefix("--force: found it twice") == true)
        #expect(message("--data", "a", "--force", "--no-force")?.hasPrefix("--force: found it twice") == true)
        #expect(message("--config", "a", "--config", "b")?.hasPrefix("--config: found it twice") == true)
    }

    @Test func mistakesGetOneLineThatNamesThem() {
        #expect(message("--data", "a", "--windw", "3") == "unknown option '--windw' (did you mean '--window'?)")
        #expect(
            message("--data", "a", "--window", "0")
                == "--window: found '0', expected a whole number, at least 1")
        #expect(
            message("--data", "a", "--hidden", "8,x")
                == "--hidden: found '8,x', expected a whole number, or several with commas")
        #expect(message("--data", "a", "--format", "xml") == "--format: found 'xml', expected one of table, json")
        #expect(message("--data", "a", "--held-out", "nan") == "--held-out: found 'nan', expected a number")
        #expect(message("--window", "3") == "missing --data PATH: files or folders")
        #expect(message("--data") == "--data needs a value: one or more texts")
        #expect(message("stray", "--data", "a") == "unexpected argument 'stray'")
        #expect(message("--data", "a", "--force=maybe") == "--force: found 'maybe', expected true or false")
    }

    @Test func aConfigurationFileGivesWhatTheCommandLineDoesNot() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "options.json", #"{"data": ["x"], "window": 7, "heldOut": 0.25, "force": true, "entity": null}"#)
        let arguments = try parse("--config", file, "--window", "9")
        #expect(arguments[Sample.data] == ["x"])
        #expect(arguments[Sample.window] == 9)
        #expect(arguments[Sample.share] == 0.25)
        #expect(arguments[Sample.force])
    }

    @Test(arguments: [
        (#"{"windw": 7}"#, "unknown key 'windw' (did you mean 'window'?)"),
        (#"{"window": "seven"}"#, "window: found the text 'seven', expected a whole number, at least 1"),
        (#"{"window": 7.5}"#, "window: found the number 7.5, expected a whole number, at least 1"),
        (#"{"force": 1}"#, "force: found the number 1, expected true or false"),
        (#"{"window": 7, "data": ["x"], "window": 8}"#, "window: found it twice in one object, expected each key once"),
        (#"[1]"#, "found a list, expected a JSON object"),
        (#"{"window": 7"#, "not valid JSON"),
    ])
    func aBadConfigurationFileGetsOneLine(text: String, expected: String) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("options.json", text)
        do {
            _ = try parse("--config", file)
            Issue.record("accepted \(text)")
        } catch let error as CommandLineError {
            #expect(error.status == .configuration)
            #expect(error.description.hasPrefix("\(file): \(expected)"), "\(error.description)")
            #expect(!error.description.contains("\n"))
        }
    }

    @Test func theTemplateIsAConfigurationFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("options.json", ConfigurationFile.template(for: Sample.manual).prettyPrinted)
        let arguments = try parse("--config", file, "--data", "a")
        #expect(arguments[Sample.hidden] == [64, 32])
        #expect(arguments[optional: Sample.entity] == nil)
    }

    @Test func nearestNames() {
        #expect(Spelling.nearest(to: "scroe", among: ["score", "train"]) == "score")
        #expect(Spelling.nearest(to: "zzz", among: ["score", "train"]) == nil)
        #expect(Spelling.distance("abcd", "acbd") == 1)
        #expect(Spelling.distance("", "abc") == 3)
    }

    @Test func numbersStandRightInATable() {
        var table = Table(["name", "rows"])
        table.add(["a", "5"])
        table.add(["long", "1200"])
        #expect(table.text == "name  rows\na        5\nlong  1200")
    }
}
