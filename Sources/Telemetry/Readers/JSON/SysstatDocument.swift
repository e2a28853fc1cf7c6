import Platform

/// The JSON of sysstat: `sadf -j` and `iostat -o JSON`. Each host is an entity, each of its `statistics` a row; what stands
/// in a list is named by what the list's elements begin with: `cpu-load.user{cpu="0"}`.
struct SysstatDocument {
    let path: String
    private(set) var assembly: SeriesAssembly

    /// Reads the member `sysstat` of a document.
    ///
    /// - Throws: ``TelemetryError`` for a time that cannot be read.
    init(_ value: ParsedJSON, path: String) throws {
        self.path = path
        assembly = SeriesAssembly(path: path)
        for host in value["hosts"].elements {
            let name = host["nodename"].text ?? ""
            for statistics in host["statistics"].elements {
                guard case .object(let members) = statistics else { continue }
                let time = try time(statistics["timestamp"])
                for member in members where member.key != "timestamp" {
                    try add(member.value, name: member.key, labels: "", entity: name, time: time)
                }
            }
        }
    }

    private mutating func add(
        _ value: ParsedJSON, name: String, labels: String, entity: String, time: Double
    ) throws {
        switch value {
        case .number(let number):
            try assembly.add(assembly.handle(entity: entity, column: name + labels), time: time, value: number)
        case .object(let members):
            for member in members {
                try add(member.value, name: "\(name).\(member.key)", labels: labels, entity: entity, time: time)
            }
        case .array(let elements):
            for element in elements {
                guard case .object(let members) = element, let first = members.first,
                    let word = JSONDocument.text(first.value)
                else { continue }
                let inner = "{\(first.key)=\"\(word)\"}"
                for member in members.dropFirst() {
                    try add(member.value, name: "\(name).\(member.key)", labels: inner, entity: entity, time: time)
                }
            }
        case .null, .bool, .string: break
        }
    }

    private func time(_ value: ParsedJSON) throws -> Double {
        var text = value.text ?? ""
        if let date = value["date"].text, let clock = value["time"].text { text = "\(date) \(clock)" }
        let shapes: [TimeFormat.Shape] = [.yearFirst, .compact, .monthNamed]
        for shape in shapes {
            if let time = TimeFormat(shape).seconds(text) { return time }
        }
        throw TelemetryError(
            .badTime, path: path, field: "timestamp", found: text.isEmpty ? "no time" : "'\(text)'",
            expected: "the date beginning with the year: S_TIME_FORMAT=ISO iostat -t -o JSON, or sadf -j")
    }
}
