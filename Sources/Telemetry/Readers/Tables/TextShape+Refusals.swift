extension TextShape {
    static func refusal(_ found: String, _ expected: String, _ stream: ByteStream) -> TelemetryError {
        TelemetryError(.malformed, path: stream.path, line: 1, found: found, expected: expected)
    }

    static func performanceData(_ stream: ByteStream) -> TelemetryError {
        refusal(
            "performance data as Nagios spools them", "points of series, as its writers for InfluxDB and Graphite send",
            stream)
    }

    static func databaseDump(_ stream: ByteStream) -> TelemetryError {
        refusal("what promtool tsdb dump prints", "promtool tsdb dump-openmetrics, which is read", stream)
    }

    /// Refuses by name what is known and cannot be read.
    static func refuse(_ first: [UInt8], _ lines: [[UInt8]], _ stream: ByteStream) throws {
        let text = String(decoding: first.prefix(400), as: UTF8.self)
        if text.hasPrefix("<") {
            throw refusal("XML or HTML", "CSV, JSON, or the exporting tool's CSV format", stream)
        }
        let sysstat =
            (text.hasPrefix("Linux ") || text.hasPrefix("SunOS ") || text.hasPrefix("FreeBSD "))
            && text.contains("(") && (text.contains("CPU)") || text.contains("_x86_64_") || text.contains("_aarch64_"))
        if sysstat {
            throw refusal(
                "the printed report of sar, iostat, mpstat or pidstat", "sadf -d FILE -- OPTIONS, which is read", stream
            )
        }
        if text.hasPrefix("top - ") && text.contains("load average") {
            throw refusal(
                "the screens of top", "figures with times, as by vmstat -t or a collector that writes CSV", stream)
        }
        if text.contains("SERVICEPERFDATA::") { throw performanceData(stream) }
        if text == "RESET" || text == "SEP" {
            throw refusal(
                "the lines of atop -P", "a table with names above the columns, as by a collector that writes CSV",
                stream)
        }
        let isFetched = lines.dropFirst().filter { !$0.isEmpty }.prefix(3).map { $0.prefix { $0 != 0x20 } }
        if isFetched.count == 3,
            isFetched.allSatisfy({ $0.last == 0x3A && $0.count > 9 && $0.dropLast().allSatisfy { $0 &- 0x30 <= 9 } })
        {
            throw refusal("what rrdtool fetch prints", "rrdtool xport --json, which is read", stream)
        }
        if text.hasSuffix(" =>"), lines.dropFirst().first(where: { !$0.isEmpty })?.contains(0x40) == true {
            throw refusal("what promtool query range prints", "promtool query range -o json, which is read", stream)
        }
        if text.hasPrefix("AAA,") {
            throw refusal("an nmon recording", "CSV, as by nmon2csv or pyNmonAnalyzer", stream)
        }
        if lines.prefix(40).contains(where: {
            String(decoding: $0.prefix(10), as: UTF8.self).lowercased() == "@relation "
        }) {
            throw refusal("an ARFF file", "CSV: weka.core.converters.CSVSaver, or scipy.io.arff and pandas", stream)
        }
        if text.contains("-DL-"), text.contains("-UL-"), text.contains("|") {
            throw refusal(
                "the table that srsRAN prints on its console",
                "its metrics as CSV or JSON, as its configuration has them",
                stream)
        }
        let drawn = lines.prefix(3).contains { line in
            line.count > 4 && (line.contains(0x2B) || line.first == 0x7C) && line.contains(0x2D)
                && line.allSatisfy { $0 == 0x2B || $0 == 0x2D || $0 == 0x20 || $0 == 0x7C || $0 == 0x3A }
        }
        if drawn {
            throw refusal(
                "a table drawn with lines, as psql, mysql and Markdown have it", "CSV: psql --csv, or mysql --batch",
                stream)
        }
        let statements = lines.prefix(40).map { String(decoding: $0.prefix(40), as: UTF8.self).uppercased() }
        if statements.contains(where: {
            $0.hasPrefix("INSERT INTO ") || $0.hasPrefix("CREATE TABLE ") || $0.hasPrefix("DROP TABLE ")
                || ($0.hasPrefix("COPY ") && $0.contains("("))
        }) {
            throw refusal("an SQL dump", "CSV: psql --csv -c 'SELECT …', or mysql --batch -e 'SELECT …'", stream)
        }
    }
}
