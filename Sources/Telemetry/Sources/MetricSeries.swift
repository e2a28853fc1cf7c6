/// A series as endpoints name it: a metric and labels that tell its series apart.
package struct MetricSeries: Hashable, Sendable {
    /// One label.
    package struct Label: Hashable, Sendable {
        /// Its name.
        package var name: String
        /// Its value.
        package var value: String

        /// A label with both given.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What a family of series measures, as its endpoint says or its name suggests.
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// Only grows, until it starts again from 0.
        case counter
        /// Goes up and down.
        case gauge
        /// Counts of observations in buckets that hold everything below their `le`.
        case histogram
        /// Quantiles that the endpoint computes itself.
        case summary
        /// The endpoint does not say.
        case unknown
        /// Text in labels, no measurement.
        case info
        /// One series a state, 0 or 1.
        case stateSet = "stateset"
    }

    /// The metric.
    package var name: String
    /// The labels, sorted by name.
    package var labels: [Label]

    /// A series; its labels are put in order, and an empty value is the same as no label.
    package init(name: String, labels: [Label]) {
        self.name = name
        self.labels = labels.filter { !$0.value.isEmpty }.sorted { $0.name < $1.name }
    }

    /// The value of a label; `nil` without it.
    package subscript(_ label: String) -> String? { labels.first { $0.name == label }?.value }

    /// The series with further labels; those that it has itself stay.
    package func adding(_ others: [Label]) -> MetricSeries {
        guard !others.isEmpty else { return self }
        return MetricSeries(name: name, labels: labels + others.filter { self[$0.name] == nil })
    }

    /// `name{a="x",b="y"}`, as an exposition would write it.
    package var text: String { Self.text(name: name, labels: labels) }

    /// The text of a series with the given labels.
    static func text(name: String, labels: [Label]) -> String {
        guard !labels.isEmpty else { return name }
        let inner = labels.map { label in
            let value =
                label.value.contains { $0 == "\\" || $0 == "\"" || $0 == "\n" }
                ? label.value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
                : label.value
            return "\(label.name)=\"\(value)\""
        }
        return "\(name){\(inner.joined(separator: ","))}"
    }
}

extension MetricSeries {
    /// Reads `name{a="x",b="y"}`; also `{"name with dots",a="x"}`, as Prometheus 3 writes names of other alphabets.
    ///
    /// - Returns: `nil` where the text is no series: a broken name, a label twice, a quote that does not end.
    package init?(parsing text: String) {
        let bytes = Array(text.utf8)
        var cursor = 0
        var name: String?
        func word() -> String? {
            let start = cursor
            while cursor < bytes.count, Self.isNameByte(bytes[cursor]) { cursor += 1 }
            return cursor > start && !(bytes[start] >= 0x30 && bytes[start] <= 0x39)
                ? String(decoding: bytes[start..<cursor], as: UTF8.self) : nil
        }
        func quoted() -> String? {
            cursor += 1
            var value: [UInt8] = []
            while cursor < bytes.count {
                let byte = bytes[cursor]
                cursor += 1
                switch byte {
                case 0x22: return String(decoding: value, as: UTF8.self)
                case 0x5C:
                    guard cursor < bytes.count else { return nil }
                    switch bytes[cursor] {
                    case 0x6E: value.append(0x0A)
                    case 0x22, 0x5C: value.append(bytes[cursor])
                    // An unknown escape stands for itself, as Prometheus' reader has it.
                    default: value += [0x5C, bytes[cursor]]
                    }
                    cursor += 1
                default: value.append(byte)
                }
            }
            return nil
        }
        func skipBlanks() { while cursor < bytes.count, bytes[cursor] == 0x20 || bytes[cursor] == 0x09 { cursor += 1 } }
        if bytes.first != 0x7B { name = word() }
        skipBlanks()
        var labels: [Label] = []
        var seen: Set<String> = []
        if cursor < bytes.count {
            guard bytes[cursor] == 0x7B else { return nil }
            cursor += 1
            while true {
                skipBlanks()
                guard cursor < bytes.count else { return nil }
                if bytes[cursor] == 0x7D { break }
                let isQuoted = bytes[cursor] == 0x22
                guard let key = isQuoted ? quoted() : word() else { return nil }
                skipBlanks()
                if cursor < bytes.count, bytes[cursor] == 0x3D {
                    cursor += 1
                    skipBlanks()
                    guard cursor < bytes.count, bytes[cursor] == 0x22, let value = quoted(), seen.insert(key).inserted
                    else { return nil }
                    labels.append(Label(key, value))
                } else {
                    guard isQuoted, name == nil else { return nil }
                    name = key
                }
                skipBlanks()
                guard cursor < bytes.count else { return nil }
                if bytes[cursor] == 0x2C { cursor += 1 } else if bytes[cursor] != 0x7D { return nil }
            }
            cursor += 1
            skipBlanks()
            guard cursor == bytes.count else { return nil }
        }
        guard let name, !name.isEmpty else { return nil }
        self.init(name: name, labels: labels)
    }

    /// Letters, digits, `_` and `:`.
    static func isNameByte(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x3A) || byte == 0x5F
    }
}
