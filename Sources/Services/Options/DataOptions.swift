package import CommandLine
package import Telemetry

/// The options of every command that reads metric files.
package enum DataOptions {
    package static let separator = Option<String>.optional(
        "separator", "CHARACTER", "what stands between two fields (';', ',', 'tab', …); detected when not given",
        constraint: "one character, or 'tab'", valid: { character($0) != nil })
    package static let timeColumn = Option<String>.optional(
        "time-column", "NAME", "the column with the time; detected when not given")
    package static let timeUnit = Option<TimeUnitOption>.optional(
        "time-unit", "UNIT", "unit of a numeric time column; detected when not given")
    package static let rowSeconds = Option<Double>.optional(
        "row-seconds", "SECONDS", "time from one row to the next, for files without a usable time column",
        constraint: "more than 0, at most 1e9", valid: { ReaderOptions.rowSecondsRange.contains($0) })
    package static let dateOrder = Option<DateOrderOption>.optional(
        "date-order", "ORDER", "what comes first in dates such as 03/04/2025; told by the whole column when not given")
    package static let entityColumn = Option<String>.optional(
        "entity-column", "NAME",
        "the column that tells the entities of a file apart; detected by name and content when not given")
    package static let labelColumn = Option<String>.optional(
        "label-column", "NAME", "the column that marks anomalies; detected by name and content when not given")
    package static let textIsMissing = Option<Bool>(
        "text-is-missing", default: false, "take text in a number column as a missing value instead of refusing it")
    package static let groups = Option<String>.optional(
        "groups", "FILE", "JSON rules that assign metrics to <layer>.<group>, tried before the built-in ones")

    /// Those that say how files are read, in the order of the help: for commands that form no groups of their own.
    package static let reading: [any AnyOption] = [
        separator, timeColumn, timeUnit, dateOrder, rowSeconds, entityColumn, labelColumn, textIsMissing,
    ]
    /// All of them, in the order of the help.
    package static let all: [any AnyOption] = reading + [groups]

    /// The reader's options: what the user gave, over `base`.
    package static func readerOptions(_ arguments: Arguments, over base: ReaderOptions = ReaderOptions())
        -> ReaderOptions
    {
        var options = base
        if let text = arguments[optional: separator] { options.separator = character(text) }
        if let name = arguments[optional: timeColumn] { options.timeColumn = name }
        if let unit = arguments[optional: timeUnit] { options.timeUnit = unit.unit }
        if let seconds = arguments[optional: rowSeconds] { options.rowSeconds = seconds }
        if let order = arguments[optional: dateOrder] { options.dateOrder = order.order }
        if let name = arguments[optional: entityColumn] { options.entityColumn = name }
        if let name = arguments[optional: labelColumn] { options.labelColumn = name }
        if let isMissing = arguments[ifGiven: textIsMissing] { options.textIsMissing = isMissing }
        return options
    }

    /// The rules for groups: the user's file before the built-in ones.
    package static func rules(_ arguments: Arguments) throws -> GroupRules {
        try GroupRules.load(extending: arguments[optional: groups])
    }

    private static func character(_ text: String) -> Character? {
        text.lowercased() == "tab" || text == "\\t" ? "\t" : text.count == 1 && text.utf8.count == 1 ? text.first : nil
    }
}

/// Units of time on the command line.
package enum TimeUnitOption: String, ChoiceOptionValue {
    case seconds, milliseconds, microseconds, nanoseconds, minutes, hours, days
    case excelDays = "excel-days"

    /// The reader's unit.
    var unit: TimeUnit {
        switch self {
        case .seconds: .seconds
        case .milliseconds: .milliseconds
        case .microseconds: .microseconds
        case .nanoseconds: .nanoseconds
        case .minutes: .minutes
        case .hours: .hours
        case .days: .days
        case .excelDays: .excelDays
        }
    }
}

/// Orders of day and month on the command line.
package enum DateOrderOption: String, ChoiceOptionValue {
    case dayMonth = "day-month"
    case monthDay = "month-day"

    /// The reader's order.
    var order: DateOrder {
        switch self {
        case .dayMonth: .dayMonth
        case .monthDay: .monthDay
        }
    }
}

/// Which part of a split set a command works on.
package enum PartOption: String, ChoiceOptionValue {
    case train, test, all

    /// The sources of this part; sources that are not split belong to every part, but are not learned from where the
    /// entity has a part for that.
    func select(_ sources: [EntitySource]) -> [EntitySource] {
        let learned = MetricSources.learned(sources)
        return switch self {
        case .train: sources.filter { $0.part == .train || ($0.part == .all && !learned.contains($0.key)) }
        case .test: sources.filter { $0.part != .train }
        case .all: sources
        }
    }
}
