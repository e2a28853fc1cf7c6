import CommandLineSupport
import Federation
import Observability
import Services
import Transport

/// Options and errors that the long-running tools share.
enum ServiceOptions {
    static let control = Option<String>(
        "control", "ADDRESS", default: "tcp://127.0.0.1:7411",
        "the server's endpoint for registration, heartbeats and announcements")
    static let bulk = Option<String>(
        "bulk", "ADDRESS", default: "tcp://127.0.0.1:7412", "the server's endpoint for models, updates and alarms")
    static let logLevel = Option<LogLevelOption>(
        "log-level", "LEVEL", default: .notice, "the least that is logged to standard error")

    /// The logger of a process.
    static func logger(_ label: String, _ arguments: Arguments) -> Logger {
        Logger(label: label, minimum: arguments[logLevel].level, sink: StandardErrorSink())
    }

    /// Turns an error of the services into one line and an exit status.
    static func translate(_ error: any Error) -> CommandLineError? {
        switch error {
        case let error as ServiceError:
            switch error.code {
            case .configuration: CommandLineError(.configuration, error.description)
            case .unavailable, .protocolMismatch: CommandLineError(.unavailable, error.description)
            case .data: CommandLineError(.data, error.description)
            case .folder: CommandLineError(.cannotCreate, error.description)
            }
        case let error as TransportError:
            CommandLineError(error.code == .badAddress ? .configuration : .unavailable, error.description)
        case let error as FederationError: CommandLineError(.data, error.description)
        default: nil
        }
    }
}

/// Levels of the log on the command line.
enum LogLevelOption: String, ChoiceOptionValue {
    case debug, info, notice, warning, error

    /// The logger's level.
    var level: LogLevel {
        switch self {
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        }
    }
}
