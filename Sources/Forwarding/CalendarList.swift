package import CommandLine
import Foundation
package import Platform
package import Services
import Telemetry
import Watching

/// The value of the option `calendars`: a list of JSON objects, each a calendar of maintenance at an address.
package struct CalendarList: ObjectList {
    /// Calendars of one server.
    package static let most = 8

    /// The objects as they were written.
    package let json: JSONValue

    /// No calendar.
    package static let none = CalendarList(objects: .array([]))

    package init(objects: JSONValue) { json = objects }

    /// The calendars.
    ///
    /// - Throws: `CommandLineError` (78) that names the field, what was found and what is expected.
    package func calendars() throws(CommandLineError) -> [any MaintenanceFeed] {
        try read("calendars", most: Self.most, name: \.name) { (fields, number) throws(CommandLineError) in
            try URLCalendar(&fields, number: number)
        }
    }
}

extension ForwarderFields {
    /// A length of time in seconds.
    fileprivate mutating func seconds(
        _ key: String, default fallback: String, _ range: ClosedRange<Double>
    ) throws(CommandLineError) -> Double {
        let text = try text(key, default: fallback, most: 20)
        guard let seconds = DurationText.seconds(text), range.contains(seconds) else {
            throw flaw(
                key, "found '\(PrintableText.line(text, limit: 40))'",
                "a time such as \(fallback), from \(Int(range.lowerBound)) to \(Int(range.upperBound)) seconds")
        }
        return seconds
    }

    /// Which alarms; every field that is given must fit.
    fileprivate mutating func matcher(_ key: String) throws(CommandLineError) -> AlarmMatcher {
        let expected = "an object such as {\"site\": \"plant-7\"}"
        guard let json = json(key) else { throw flaw(key, "missing", expected) }
        guard let matcher = try? json.decode(AlarmMatcher.self) else {
            throw flaw(key, "found \(PrintableText.line(json.description, limit: 80))", expected)
        }
        if let flaw = matcher.flaw { throw self.flaw(key, flaw, expected) }
        return matcher
    }
}

extension URLCalendar {
    fileprivate init(_ fields: inout ForwarderFields, number: Int) throws(CommandLineError) {
        let name = try fields.text("name", default: "calendar-\(number)", most: 64)
        // It is the name of files too.
        guard name.utf8.allSatisfy({ Self.isPlain($0) }), name != ".", name != ".." else {
            throw fields.flaw("name", "found '\(PrintableText.line(name, limit: 64))'", "letters, digits and -._ only")
        }
        self.init(
            name: name, matcher: try fields.matcher("matcher"),
            everySeconds: try fields.seconds("every", default: "1h", 1...604_800),
            withinSeconds: try fields.seconds("within", default: "7d", 3_600...31_622_400),
            url: try fields.address("url", schemes: ["http", "https"]).text, headers: try fields.headers("headers"),
            authority: try fields.certificates("ca"))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
