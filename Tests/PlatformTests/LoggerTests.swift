import Platform
import Testing

@Suite struct LoggerTests {
    @Test func linesBelowTheMinimumAreDropped() {
        let sink = MemorySink()
        let logger = Logger(label: "server", minimum: .notice, sink: sink)
        logger.info("dropped")
        logger.child("server.rounds", ["round": "3"]).warning("kept", ["worker": "a"])
        #expect(
            sink.records == [
                LogRecord(
                    level: .warning, label: "server.rounds", message: "kept", metadata: ["round": "3", "worker": "a"])
            ])
    }

    @Test func aRecordIsOneLineWhateverItHolds() {
        let record = LogRecord(
            level: .error, label: "x", message: "a \"b\"", metadata: ["k": "line\nbreak", "a": "", "e": "\u{1b}[31m"])
        #expect(record.logfmt == #"level=error label=x msg="a \"b\"" a="" e="\x1b[31m" k="line\nbreak""#)
    }
}
