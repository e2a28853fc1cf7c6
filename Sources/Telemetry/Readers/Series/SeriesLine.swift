import Platform

/// One line of a text that holds a point of a series (or of several) each.
struct SeriesLine {
    /// Labels that tell the series from others, the metric's name not among them.
    var labels: [(name: String, value: String)] = []
    /// Names and values.
    var points: [(name: String, value: Double)] = []
    /// Names of fields that hold a text.
    var texts: [String] = []
    /// Seconds since 1970; `nil` when the line has none.
    var time: Double?
    /// The unit that the time is written in; `nil` where it is too small to tell.
    var unit: TimeUnit?

    /// `name{label="value",…} value [milliseconds]`; seconds with a fraction in OpenMetrics. Also what
    /// `promtool tsdb dump` prints, `{__name__="up",…} value milliseconds`.
    static func exposition(_ line: String) -> SeriesLine? {
        var rest = Substring(line)
        func trim() { while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() } }
        trim()
        var name = String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" || $0 == "." })
        guard name.first?.isNumber != true else { return nil }
        rest = rest.dropFirst(name.count)
        var result = SeriesLine()
        if rest.first == "{" {
            guard let labels = Self.labels(&rest) else { return nil }
            result.labels = labels
        }
        if name.isEmpty {
            guard let index = result.labels.firstIndex(where: { $0.name == "__name__" }) else { return nil }
            name = result.labels.remove(at: index).value
        }
        guard rest.first == " " || rest.first == "\t" else { return nil }
        // An exemplar behind `#` is no part of the sample.
        let words = rest.prefix { $0 != "#" }.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count == 1 || words.count == 2, let value = number(words[0]) else { return nil }
        result.points = [(name, value)]
        if words.count == 2 {
            guard let time = number(words[1]), time.isFinite else { return nil }
            let unit: TimeUnit = abs(time) >= 1e11 ? .milliseconds : .seconds
            result.time = time / unit.perSecond
            if time >= 1e8 { result.unit = unit }
        }
        return result
    }

    private static func labels(_ rest: inout Substring) -> [(name: String, value: String)]? {
        var labels: [(name: String, value: String)] = []
        rest.removeFirst()
        while true {
            while let first = rest.first, first == " " || first == "," { rest.removeFirst() }
            if rest.first == "}" {
                rest.removeFirst()
                return labels
            }
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            let name = rest[..<equals].filter { $0 != "\"" && $0 != " " }
            rest = rest[rest.index(after: equals)...]
            guard rest.first == "\"" else { return nil }
            rest.removeFirst()
            var value = ""
            while let character = rest.popFirst(), character != "\"" {
                guard character == "\\" else {
                    value.append(character)
                    continue
                }
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == "n" ? "\n" : escaped)
            }
            labels.append((String(name), value))
            guard labels.count <= 256, !rest.isEmpty else { return nil }
        }
    }

    /// `measurement,tag=value field=1.5,other=2i 1763118000000000000`: InfluxDB's line protocol; the unit of the time is
    /// told by its magnitude.
    static func lineProtocol(_ line: String) -> SeriesLine? {
        let parts = split(line, at: " ")
        guard parts.count == 2 || parts.count == 3, parts[1].contains("=") else { return nil }
        let heads = split(parts[0], at: ",")
        guard let measurement = heads.first, !measurement.isEmpty, !measurement.hasPrefix("#") else { return nil }
        var result = SeriesLine()
        for head in heads.dropFirst() {
            let pair = split(head, at: "=")
            guard pair.count == 2 else { return nil }
            result.labels.append((plain(pair[0]), plain(pair[1])))
        }
        for field in split(parts[1], at: ",") {
            let pair = split(field, at: "=")
            guard pair.count == 2, !pair[0].isEmpty else { return nil }
            var text = pair[1]
            if text.hasPrefix("\"") {
                result.texts.append(plain(measurement) + "_" + plain(pair[0]))
                continue
            }
            if let last = text.last, last == "i" || last == "u", text.dropLast().last?.isNumber == true {
                text.removeLast()
            }
            let word = ["t": "true", "f": "false", "T": "true", "F": "false"][text] ?? text
            guard let value = number(Substring(word)) else { return nil }
            result.points.append((plain(measurement) + "_" + plain(pair[0]), value))
        }
        if parts.count == 3 {
            guard let time = number(Substring(parts[2])), time.isFinite else { return nil }
            let unit = TimeUnit.ofEpoch(time)
            result.time = time / unit.perSecond
            if time >= 1e8 { result.unit = unit }
        }
        return result
    }

    /// `servers.web1.load 1.5 1763118000`: Graphite's plain text.
    static func graphite(_ line: String) -> SeriesLine? {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard words.count == 3, words[0].contains("."), words[0].first?.isNumber == false,
            words[0].allSatisfy({ $0.isLetter || $0.isNumber || "._-:;=/%".contains($0) }),
            let value = number(words[1]), let time = number(words[2]), time >= 1e8, time < 1e11
        else { return nil }
        var result = SeriesLine()
        result.points = [(String(words[0]), value)]
        result.time = time
        return result
    }

    /// `put sys.cpu 1763118000 1.5 host=web1 cpu=0`: OpenTSDB's telnet protocol, and the same without `put`, as its files for
    /// import have it. Each point has a tag at least; times are in seconds or milliseconds.
    static func telnet(_ line: String) -> SeriesLine? {
        var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if words.first == "put" { words.removeFirst() }
        guard words.count > 3, words[0].first?.isNumber == false, !words[0].contains("="), let time = number(words[1]),
            time >= 1e8, time < 1e14, let value = number(words[2])
        else { return nil }
        var result = SeriesLine()
        for word in words[3...] {
            let pair = word.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2, !pair[0].isEmpty else { return nil }
            result.labels.append((String(pair[0]), String(pair[1])))
        }
        let unit = TimeUnit.ofEpoch(time)
        result.points = [(String(words[0]), value)]
        (result.time, result.unit) = (time / unit.perSecond, unit)
        return result
    }

    /// The parts between unescaped separators outside quotes.
    private static func split(_ text: String, at separator: Character) -> [String] {
        var parts = [""]
        var escaped = false
        var quoted = false
        for character in text {
            if !escaped && character == separator && !quoted {
                parts.append("")
                continue
            }
            if character == "\"" && !escaped { quoted.toggle() }
            escaped = character == "\\" && !escaped
            parts[parts.count - 1].append(character)
        }
        return parts
    }

    private static func plain(_ text: String) -> String {
        text.contains("\\") ? text.replacing("\\", with: "") : text
    }

    private static func number(_ text: Substring) -> Double? {
        var text = String(text)
        return text.withUTF8 { bytes in
            switch FieldText.content(bytes) {
            case .number(let number): number
            case .missing: .nan
            case .text: nil
            }
        }
    }
}
