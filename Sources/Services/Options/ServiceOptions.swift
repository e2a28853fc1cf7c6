package import CommandLine
package import Platform

/// Options and errors that the long-running tools share.
package enum ServiceOptions {
    package static let control = Option<String>(
        "control", "ADDRESS", default: "tcp://127.0.0.1:7411",
        "the server's endpoint for registration, heartbeats and announcements")
    package static let bulk = Option<String>(
        "bulk", "ADDRESS", default: "tcp://127.0.0.1:7412", "the server's endpoint for models, updates and alarms")
    package static let logLevel = Option<LogLevelOption>(
        "log-level", "LEVEL", default: .notice, "the least that is logged to standard error")

    /// The logger of a process.
    package static func logger(
        _ label: String, _ arguments: Arguments, sink: any LogSink = StandardErrorSink()
    ) -> Logger {
        Logger(label: label, minimum: arguments[logLevel].level, sink: sink)
    }

    /// The parts of `HOST:PORT`.
    package static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon > text.startIndex
        else { return nil }
        let host = text[..<colon]
        return (String(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host), port)
    }
}

/// Levels of the log on the command line.
package enum LogLevelOption: String, ChoiceOptionValue {
    case debug, info, notice, warning, error

    /// The logger's level.
    package var level: LogLevel {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
