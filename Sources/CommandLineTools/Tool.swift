import Accelerators
import Autoencoders
package import CommandLineSupport
import Detection
import Storage
import Telemetry

/// What all tools share: the version, and how errors of the modules reach the user.
package enum Tool {
    /// The version of the whole system.
    package static let version = "0.1.0"

    private static func status(of error: GeneratorError) -> ExitStatus {
        switch error.code {
        case .badParameter, .unknownFault: .usage
        case .outputNotEmpty, .cannotWrite: .cannotCreate
        case .unsuitableData: .data
        }
    }

    /// Turns a module's error into one line and an exit status; `nil` for errors nobody expected.
    @Sendable
    package static func translate(_ error: any Error) -> CommandLineError? {
        switch error {
        case let error as TelemetryError:
            CommandLineError(error.code == .unreadable ? .noInput : .data, error.description)
        case let error as GeneratorError: CommandLineError(status(of: error), error.description)
        case let error as DetectionError:
            CommandLineError(status(of: error), error.description)
        case let error as ModelError:
            CommandLineError(error.code == .invalidConfiguration ? .usage : .data, error.description)
        case let error as StorageError:
            CommandLineError(status(of: error), error.description)
        case let error as AcceleratorError: CommandLineError(.unavailable, error.description)
        default: ServiceOptions.translate(error)
        }
    }

    private static func status(of error: DetectionError) -> ExitStatus {
        switch error.code {
        case .invalidData, .insufficientData, .mismatch: .data
        case .fileAccess: .noInput
        case .invalidOption: .usage
        }
    }

    private static func status(of error: StorageError) -> ExitStatus {
        switch error.code {
        case .missing where error.operation != "read", .unwritable, .full: .cannotCreate
        case .missing, .unreadable: .noInput
        case .corrupt, .unsupported: .data
        case .database: .software
        }
    }
}
