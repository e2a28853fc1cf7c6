import Federation
import Platform

extension Logger {
    /// Writes what a machine noted.
    func write(_ note: Note) {
        let level: LogLevel =
            switch note.level {
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            }
        log(level, note.message, note.fields)
    }
}
