/// Which columns of a table say when something was wrong, where and what.
struct WindowColumns {
    /// The column with the beginning.
    let start: Int
    /// Those with the end; of several the latest time counts.
    let ends: [Int]
    /// How long it lasted, where it is said, and the unit of its numbers.
    let duration: (index: Int, unit: TimeUnit)?
    /// The column with the entity, and whether its name can mean nothing else.
    let entity: Int?
    let kind: Int?
    /// Whether the beginning has the name of a row's time, as that of what was measured over a while has.
    let beginsLikeRows: Bool

    private static let starts = [
        "start", "starttime", "starttimestamp", "startdate", "startdatetime", "startsat", "startedat", "startat",
        "from",
        "begin", "begintime", "begintimestamp", "beginsat", "beginning", "onset", "rootcausestart", "anomalystart",
        "faultstart", "attackstart", "incidentstart", "beginn", "anfang", "von", "startzeit", "debut", "début",
        "inicio",
        "inizio", "开始时间",
    ]
    /// Names that are a beginning beside one of an end.
    private static let openings = [
        "starts", "started", "begins", "began", "validfrom", "firstoccurrence", "firstseen", "occurred", "occurrence",
        "created", "raised", "raise", "triggered", "opened", "open",
    ]
    private static let endings: Set<String> = [
        "end", "endtime", "endtimestamp", "enddate", "enddatetime", "endsat", "endedat", "endat", "stop", "stoptime",
        "to", "until", "finish", "finishtime", "finishedat", "rootcauseend", "extendedeffectend", "anomalyend",
        "faultend",
        "attackend", "incidentend", "resolvedat", "resolvedon", "resolved", "clearedat", "closedat", "closed", "ende",
        "bis", "endzeit", "fin", "fine", "结束时间",
    ]
    /// Words that an end's name may have once what says that it is a time is taken off (``core(_:)``).
    private static let endingWords: Set<String> = [
        "end", "ends", "ended", "stop", "stops", "stopped", "to", "until", "till", "finish", "finished", "completed",
        "resolved", "resolution", "resolve", "cleared", "clear", "clearance", "closed", "close", "recovered",
        "recovery",
        "recover", "restored", "restore", "mitigated", "fixed", "validto", "lastseen", "lastoccurrence", "ceased",
        "cease",
    ]
    private static let entities = [
        "entity", "pod", "host", "machine", "instance", "service", "file", "filename", "node", "podname", "hostname",
        "servicename", "nodename", "cmdbid", "tracename", "server", "vm", "device", "container",
    ]
    private static let kinds = [
        "kind", "type", "fault", "anomalytype", "attack", "faulttype", "failuretype", "attacktype", "alertname",
    ]

    /// - Parameter isMoment: whether the first cells of a column are times: names that may be those of metrics, too, need them.
    /// - Returns: `nil` for the columns of another table: of labels, of rows of an interpretation, of samples.
    init?(_ names: [String], isMoment: (Int) -> Bool) {
        // `labels.instance` is an `instance`, where no other column is called so; `Start (UTC)` is a `start`.
        let whole = names.map { Self.squeezed(ColumnNames.plain($0)) }
        let last = names.map {
            Self.squeezed(ColumnNames.plain($0.split(separator: ".").last.map(String.init) ?? $0))
        }
        let core = names.map(Self.core)
        func place(_ wanted: [String], in lists: [[String]]) -> Int? {
            for names in lists {
                if let found = wanted.lazy.compactMap({ names.firstIndex(of: $0) }).first { return found }
            }
            return nil
        }
        guard !whole.contains("endexclusive"), !whole.contains("label") else { return nil }
        let lasting = names.indices.first { index in
            WordRules.words(of: names[index]).contains {
                ["duration", "dauer"].contains(String(decoding: $0, as: UTF8.self))
            }
        }
        duration = lasting.map { ($0, TimeUnit.stated(in: names[$0]) ?? .seconds) }
        kind = place(Self.kinds, in: [whole, last])
        entity =
            place(Self.entities, in: [whole, last])
            ?? names.indices.first {
                ColumnNames.isHost(names[$0])
            }
        let sure = names.indices.filter { Self.endings.contains(whole[$0]) || Self.endings.contains(last[$0]) }
        let wide = names.indices.filter { index in
            guard index != lasting, Self.endingWords.contains(core[index]) || Self.pair(core[index], core) != nil
            else { return false }
            return isMoment(index)
        }
        if let start = place(Self.starts, in: [whole, last]) {
            (self.start, ends, beginsLikeRows) = (start, sure.isEmpty ? wide.filter { $0 != start } : sure, false)
            return
        }
        let marksRows = names.contains { name in
            LabelName(name).map { $0.strength == .sure || $0.strength == .strong } ?? false
        }
        let all = sure.isEmpty ? wide : sure
        // `impact_start` beside `impact_end`, `raise_time` beside `clear_time`.
        if !all.isEmpty {
            let opening =
                all.lazy.compactMap { Self.pair(core[$0], core) }.first
                ?? place(Self.openings + Self.starts, in: [whole, core]).flatMap { all.contains($0) ? nil : $0 }
            if let opening, !marksRows, isMoment(opening) {
                (start, ends, beginsLikeRows) = (opening, all, false)
                return
            }
        }
        // A time and its end or how long it lasted, unless rows are labelled.
        let plain = names.map(ColumnNames.plain)
        guard duration != nil || !all.isEmpty, !marksRows,
            let time = ColumnNames.times.lazy.compactMap({ plain.firstIndex(of: $0) }).first, !all.contains(time),
            duration != nil || isMoment(time)
        else { return nil }
        (start, ends, beginsLikeRows) = (time, all, duration == nil)
    }

    /// The place of the beginning that goes with the end called so: `impact start` with `impact end`.
    private static func pair(_ end: String, _ cores: [String]) -> Int? {
        for (closing, openings) in [
            ("end", ["start", "begin", "onset"]), ("stop", ["start"]), ("to", ["from"]), ("finish", ["start"]),
        ] where end.hasSuffix(closing) || end.hasPrefix(closing) {
            for opening in openings {
                let start =
                    end.hasSuffix(closing)
                    ? String(end.dropLast(closing.count)) + opening : opening + String(end.dropFirst(closing.count))
                if let place = cores.firstIndex(of: start) { return place }
            }
        }
        return nil
    }

    /// What a name says beside that it is a time, and in which unit and zone: `Clear_Time (UTC)` is `clear`.
    static func core(_ name: String) -> String {
        let beside: Set<String> = [
            "time", "timestamp", "date", "datetime", "ts", "dt", "at", "on", "ms", "s", "sec", "seconds", "us", "ns",
            "epoch", "unix", "utc", "gmt", "local", "nt", "t", "estimated", "actual",
        ]
        let words = WordRules.words(of: ColumnNames.plain(separated(name))).map { String(decoding: $0, as: UTF8.self) }
        let rest = words.filter { !beside.contains($0) }
        return (rest.isEmpty ? words : rest).joined()
    }

    /// The name with a blank before each capital in it, as it is read in lower case from then on.
    private static func separated(_ name: String) -> String {
        var text = ""
        var last: Character?
        for character in name.split(separator: ".").last.map(String.init) ?? name {
            if character.isUppercase, last?.isLowercase == true { text.append(" ") }
            text.append(character)
            last = character
        }
        return text
    }

    static func squeezed(_ name: String) -> String {
        String(name.lowercased().filter { $0.isLetter || $0.isNumber })
    }
}
