/// How much a log line matters; libraries stay at or below `info`.
package enum LogLevel: String, Comparable, Sendable, CaseIterable, Codable {
    case debug, info, notice, warning, error

    package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rank < b.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
