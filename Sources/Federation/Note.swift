/// Something for the log: a constant message and what varies.
package struct Note: Sendable {
    /// How much it matters.
    package enum Level: String, Sendable {
        case debug
        case info
        case notice
        case warning
        case error
    }

    /// How much it matters.
    package var level: Level
    /// The same words every time.
    package var message: StaticString
    /// What varies.
    package var fields: [String: String]

    /// A note.
    package init(_ level: Level, _ message: StaticString, _ fields: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.fields = fields
    }
}
