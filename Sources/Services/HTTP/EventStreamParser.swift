/// Reads server-sent events from bytes as they come.
///
/// Source: WHATWG HTML, section 9.2.6, "Interpreting an event stream".
package struct EventStreamParser: Sendable {
    /// One event.
    package struct Event: Equatable, Sendable {
        /// Its number, if it has one.
        package var id: String?
        /// Its data, lines joined by line feeds.
        package var data: String
    }

    private var line: [UInt8] = []
    private var id: String?
    private var data: [String] = []

    /// A parser at the start of a stream.
    package init() {}

    /// Takes in bytes; returns the events that they complete.
    package mutating func append(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            guard byte == 0x0a else {
                if byte != 0x0d { line.append(byte) }
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if text.isEmpty {
                if !data.isEmpty { events.append(Event(id: id, data: data.joined(separator: "\n"))) }
                data = []
            } else if let value = Self.value(of: "data", in: text) {
                data.append(value)
            } else if let value = Self.value(of: "id", in: text) {
                id = value
            }
        }
        return events
    }

    private static func value(of field: String, in line: String) -> String? {
        guard line.hasPrefix(field + ":") else { return nil }
        let value = line.dropFirst(field.count + 1)
        return String(value.first == " " ? value.dropFirst() : value)
    }
}
