/// What a column's name says about its part in the table.
enum ColumnNames {
    /// The name in lower case without the marks, blanks and unit around it: `# Timestamp (UTC)` is `timestamp`.
    static func plain(_ name: String) -> String {
        var text = Substring(name.lowercased())
        // ns-3 writes its headers behind `% `.
        if text.hasPrefix("% ") { text.removeFirst() }
        while let first = text.first, first == "#" || first == " " || first == "\"" { text.removeFirst() }
        if let open = text.firstIndex(where: { $0 == "(" || $0 == "[" }), open > text.startIndex {
            text = text[..<open]
        }
        if let zone = zone(behind: String(text), isLower: true) { text.removeLast(zone.count) }
        while let last = text.last, last == " " || last == ":" || last == "," || (last == "_" && text.count > 1) {
            text.removeLast()
        }
        return String(text.map { $0 == "\n" || $0 == "\t" ? " " : $0 })
    }

    /// The zone that stands at the end of a name without brackets: `Date Time, GMT-05:00`, `Time CET`, `time_cet`; `nil` where
    /// none does.
    ///
    /// - Parameter isLower: whether the name has been made one of small letters.
    static func zone(behind name: String, isLower: Bool = false) -> String? {
        guard let mark = name.lastIndex(where: { $0 == " " || $0 == "," || $0 == "_" }), mark > name.startIndex else {
            return nil
        }
        let word = name[name.index(after: mark)...]
        let lower = word.lowercased()
        let letters = lower.prefix { $0.isLetter }
        let isSure = ["cet", "cest", "mez", "mesz"].contains(lower)
        let isCapital = !isLower && word == word.uppercased() && name != name.uppercased()
        if name[mark] == "_", !isSure {
            guard isCapital, letters.count == lower.count, lower.count > 2 else { return nil }
        }
        if !isSure, name[mark] != "_" {
            guard
                ["utc", "gmt"].contains(letters)
                    || ((3...4).contains(lower.count) && (isLower || word == word.uppercased()))
            else { return nil }
        }
        let beginning = name[..<mark].lowercased()
        guard beginning.contains("time") || beginning.contains("date") || beginning.contains("zeit") else { return nil }
        var text = String(word)
        let isZone = text.withUTF8 { bytes in
            var scanner = TimeScanner(bytes)
            return !bytes.isEmpty && scanner.zone() != nil
        }
        return isZone ? String(word) : nil
    }

    /// Names of columns with the time, the surest first. A text column of such a name that cannot be read as a time is
    /// an error.
    static let times: [String] = [
        "timestamp", "time", "datetime", "date_time", "@timestamp", "ts", "time_s", "time_ms", "time_us", "time_ns",
        "timestamp_s", "timestamp_ms", "timestamp_us", "timestamp_ns", "epoch", "epoch_ms", "unix_time", "date",
        "_time", "date time", "date/time", "date & time", "date and time", "datetime_utc", "time_utc", "timestamp_utc",
        "timestamps", "time_min", "time_minutes", "time_h", "time_hours", "time_sec",
        "time_seconds", "utc", "localtime", "local_time", "unixtime", "unix_timestamp", "unix", "epoch_s", "epoch_time",
        "clock", "begintimeseconds", "begin_time", "begin time", "begintime", "start_time", "start time", "starttime",
        "interval_start", "period_start", "window_start",
        "sampletime", "sample_time", "collected_at", "recorded_at", "created_at", "event_time", "eventtime",
        "time_stamp", "time stamp", "zeit", "zeitstempel", "zeitpunkt", "datum", "datum/zeit", "datum und uhrzeit",
        "datum uhrzeit", "datum/uhrzeit", "datum zeit", "datum_zeit", "datum_uhrzeit", "fecha hora", "fecha_hora",
        "data e hora", "data_hora", "data e ora", "data_ora", "date heure", "date_heure", "datum en tijd",
        "uhrzeit", "fecha", "fecha/hora", "fecha y hora", "hora", "heure", "horodatage", "date/heure",
        "date et heure", "data", "data/hora", "data ora", "data/ora", "ora", "tijd", "tijdstip", "datum/tijd",
        "datum tijd", "tid", "tidpunkt", "czas", "aika", "время", "дата", "时间", "日期", "日時", "時刻", "시간",
    ]

    /// Whether numbers of a column of this name can only be moments, if they are as large as those: the time in another unit,
    /// or the end of an interval.
    static func isMoment(_ plain: String) -> Bool {
        ends.contains(plain) || mustBeTime(plain)
            || ["unix", "utc", "begin_time", "begintime", "start_time"].contains(plain)
    }

    private static let ends: Set<String> = [
        "endtimeseconds", "end_time", "end time", "endtime", "interval_end", "interval end", "period_end", "window_end",
    ]

    /// Names of columns that count the time since some start; taken where nothing else is the time and the numbers only
    /// grow.
    static let elapsed: Set<String> = [
        "t", "start", "elapsed", "elapsed time", "elapsed_time", "time elapsed", "time_elapsed", "elapsed_seconds",
        "elapsed seconds", "elapsed_ms", "elapsed_s", "elapsed_min", "relative time", "relative_time", "reltime",
        "rel_time", "minutes", "hours", "interval start", "x_value", "seconds", "sec", "secs", "ms", "millis",
        "milliseconds",
        "temps", "seconds_since_start", "seconds since start", "offset_ms", "offset_s", "x value",
    ]

    /// Whether a column of this name may count the time since some start; units stand behind the name.
    static func isElapsed(_ plain: String) -> Bool {
        if elapsed.contains(plain) { return true }
        var base = plain
        if let mark = plain.lastIndex(where: { $0 == "_" || $0 == "/" || $0 == " " }),
            TimeUnit.isUnit(String(plain[plain.index(after: mark)...]))
        {
            base = String(plain[..<mark])
            if base.hasSuffix(" in") { base.removeLast(3) }
            if base.hasSuffix(",") { base.removeLast() }
        }
        let bases: Set = ["t", "time", "zeit", "temps", "tiempo", "tempo", "tijd", "timestamp"]
        if base != plain, bases.contains(base) || elapsed.contains(base) { return true }
        let words = Set(base.split { !$0.isLetter }.map(String.init))
        if !words.isDisjoint(with: ["elapsed", "uptime", "runtime", "simtime", "laufzeit"]) { return true }
        // Times of something, or several of them added up, are measured.
        guard
            words.isDisjoint(with: [
                "total", "sum", "avg", "mean", "average", "max", "min", "cpu", "user", "io", "wait",
            ])
        else { return false }
        return words.contains("time")
            && !words.isDisjoint(with: ["since", "from", "relative", "rel", "sim", "simulation", "run", "passed"])
    }

    /// Names of which the text must be a time; the rest of ``times`` may be other things (`data` is Portuguese for a
    /// date and English for anything).
    static func mustBeTime(_ plain: String) -> Bool {
        ![
            "data", "unix", "utc", "clock", "tid", "ora", "hora", "created_at", "begin_time", "begin time", "begintime",
            "start_time", "start time", "starttime", "interval_start", "period_start", "window_start",
        ].contains(plain) && times.contains(plain)
    }

    /// Whether a column of this name holds dates, and no times.
    static func isDate(_ plain: String) -> Bool { ["date", "datum", "fecha", "дата", "日期"].contains(plain) }

    /// Names of columns that hold a date beside one with the time of day.
    static let dates: Set<String> = ["date", "datum", "fecha", "day", "tag", "data", "дата", "日期", "jour"]

    /// Names of columns that tell series apart in long tables, the surest first.
    static let series: [String] = [
        "_field", "metric", "metric_name", "metricname", "__name__", "series", "variable", "field", "counter",
        "counter_name", "measure", "measure_name", "item", "itemname", "item_name", "key", "key_", "parameter",
        "signal", "sensor", "tag", "tagname", "name", "target", "label", "attribute", "_measurement", "measurement",
        "metrik", "métrica", "metrica", "itemid", "metric_id", "counterid", "series_id",
    ]

    /// Names of the one column with the values of a long table.
    static let values: Set<String> = [
        "value", "_value", "values", "val", "metric_value", "metricvalue", "reading", "wert", "valor", "valeur",
        "valore", "waarde", "average", "mean", "data_value", "measurement_value", "result", "y",
    ]

    /// Numbers that name things: never metrics.
    static let identifiers: Set<String> = [
        "itemid", "hostid", "host_id", "triggerid", "eventid", "event_id", "pid", "ppid", "tid", "uid", "gid", "uuid",
        "process_id", "processid", "thread_id", "container_id", "pod_id", "instance_id", "device_id", "deviceid",
        "sensor_id", "sensorid", "series_id", "metric_id", "node_id", "server_id", "vm_id", "request_id", "session_id",
        "row_id", "record_id", "table", "machine_id", "machineid", "vmid", "nodeid", "serverid", "asset_id", "assetid",
        "unit_id", "unitid", "engine_id", "turbine_id", "station_id",
        // Of subscribers, sessions and cells of mobile networks.
        "imsi", "imei", "imeisv", "msisdn", "supi", "rnti", "crnti", "c_rnti", "c-rnti", "tmsi", "m_tmsi", "s_tmsi",
        "teid",
        "ul_teid", "dl_teid", "seid", "amf_ue_ngap_id", "ran_ue_ngap_id", "mme_ue_s1ap_id", "enb_ue_s1ap_id",
        "gnb_du_ue_f1ap_id", "gnb_cu_ue_f1ap_id", "nci", "ncgi", "nr_cgi", "eci", "ecgi", "plmn", "mcc", "mnc", "tac",
    ]

    /// Whether numbers of a column of this name may name things: `building_id`, `KPI ID`, `labels.core`, where nothing else does.
    static func mayIdentify(_ name: String, _ plain: String) -> Bool {
        plain.hasSuffix("_id") || plain.hasSuffix(" id") || name.hasSuffix("Id") || name.hasSuffix("ID")
            || ["labels.", "label.", "tags.", "dimensions.", "label_", "labels_"].contains(where: name.hasPrefix)
    }

    /// Numbers that name things where the same time comes more than once, and may be metrics otherwise.
    static let parts: Set<String> = [
        "cpu", "core", "cpu_id", "device", "dev", "disk", "port", "interface", "iface", "slot", "gpu", "index", "id",
        "numa", "numa_node", "socket", "channel", "sector", "intr", "queue", "thread", "shard", "partition", "rank",
        "bus", "fan", "temp", "in", "tty", "rnti", "le", "quantile", "percentile", "qci", "5qi", "drb", "vlan",
        "slice", "beam", "pci", "earfcn", "lun", "rack", "shelf", "dimm", "psu", "idx",
    ]

    /// Numbers that name things only where each of them comes at nearly every time: as often they are measured.
    static let looseParts: Set<String> = [
        "band", "carrier", "antenna", "rb", "room", "region", "zone", "building", "meter", "house", "customer", "store",
        "turbine", "pump", "unit", "worker", "replica", "run", "level", "layer", "line", "depth", "block", "bank",
        "lane",
        "number", "priority", "sensor", "batch", "fold", "seed", "batch_id",
    ]

    /// Numbers that name things and may have a fraction.
    static let fractions: Set<String> = ["le", "quantile", "percentile", "depth", "level"]

    /// Whether numbers of a column of this name may name things where the same time comes more than once.
    static func namesPart(_ plain: String) -> Bool { parts.contains(plain) || looseParts.contains(plain) }
}
