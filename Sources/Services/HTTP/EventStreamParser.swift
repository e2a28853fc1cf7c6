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

    /// Bytes of an event, its line ends not counted, above which it is dropped as a whole.
    package let longestEvent: Int
    private var line: [UInt8] = []
    private var id: String?
    private var data: [String] = []
    /// Bytes of the present event so far.
    private var size = 0
    private var lineIsEmpty = true
    /// Events that were too long.
    package private(set) var dropped = 0

    /// A parser at the start of a stream.
    package init(longestEvent: Int = 1 << 20) { self.longestEvent = longestEvent }

    /// Takes in bytes; returns the events that they complete.
    package mutating func append(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            guard byte == 0x0a else {
                guard byte != 0x0d else { continue }
                size += 1
                lineIsEmpty = false
                if size <= longestEvent { line.append(byte) }
                continue
            }
            defer { lineIsEmpty = true }
            if size > longestEvent {
                // Whatever it was, it ends with an empty line.
                line = []
                data = []
                guard lineIsEmpty else { continue }
                size = 0
                dropped += 1
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if text.isEmpty {
                size = 0
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
