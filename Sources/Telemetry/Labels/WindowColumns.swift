/// Which columns of a table say when something was wrong, where and what.
struct WindowColumns {
    /// The column with the beginning.
    let start: Int
    /// Those with the end; of several the latest time counts.
    let ends: [Int]
    /// How long it lasted, where it is said, and the unit of its numbers.
    let duration: (index: Int, unit: TimeUnit)?
    let entity: Int?
    let kind: Int?

    private static let starts = [
        "start", "starttime", "starttimestamp", "startdate", "startdatetime", "startsat", "startedat", "startat",
        "from",
        "begin", "begintime", "begintimestamp", "beginsat", "beginning", "onset", "rootcausestart", "anomalystart",
        "faultstart", "attackstart", "incidentstart", "beginn", "anfang", "von", "startzeit", "debut", "début",
        "inicio",
        "inizio",
    ]
    /// Names that are a beginning beside one of an end.
    private static let openings = [
        "createdat", "createdon", "created", "raisedat", "triggeredat", "openedat", "opened",
    ]
    private static let endings: Set<String> = [
        "end", "endtime", "endtimestamp", "enddate", "enddatetime", "endsat", "endedat", "endat", "stop", "stoptime",
        "to", "until", "finish", "finishtime", "finishedat", "rootcauseend", "extendedeffectend", "anomalyend",
        "faultend",
        "attackend", "incidentend", "resolvedat", "resolvedon", "resolved", "clearedat", "closedat", "closed", "ende",
        "bis", "endzeit", "fin",
    ]
    private static let entities = [
        "entity", "pod", "host", "machine", "instance", "service", "file", "filename", "node", "podname", "hostname",
        "servicename", "nodename", "cmdbid", "tracename", "server", "vm", "device", "container",
    ]
    private static let kinds = [
        "kind", "type", "fault", "anomalytype", "attack", "faulttype", "failuretype", "attacktype", "alertname",
    ]

    /// - Returns: `nil` for the columns of another table: of labels, of rows of an interpretation, of samples.
    init?(_ names: [String]) {
        // `labels.instance` is an `instance`, where no other column is called so.
        let whole = names.map(Self.squeezed)
        let last = names.map { Self.squeezed($0.split(separator: ".").last.map(String.init) ?? $0) }
        func place(_ wanted: [String]) -> Int? {
            for names in [whole, last] {
                if let found = wanted.lazy.compactMap({ names.firstIndex(of: $0) }).first { return found }
            }
            return nil
        }
        guard !whole.contains("endexclusive"), !whole.contains("label") else { return nil }
        ends = names.indices.filter { Self.endings.contains(whole[$0]) || Self.endings.contains(last[$0]) }
        let lasting = names.indices.first { index in
            WordRules.words(of: names[index]).contains {
                ["duration", "dauer"].contains(String(decoding: $0, as: UTF8.self))
            }
        }
        duration = lasting.map { ($0, TimeUnit.stated(in: names[$0]) ?? .seconds) }
        entity = place(Self.entities)
        kind = place(Self.kinds)
        if let start = place(Self.starts) ?? (ends.isEmpty ? nil : place(Self.openings)) {
            self.start = start
            return
        }
        // A time and how long it lasted, unless rows are labelled.
        let marksRows = names.contains { name in
            LabelName(name).map { $0.strength == .sure || $0.strength == .strong } ?? false
        }
        let plain = names.map(ColumnNames.plain)
        guard duration != nil, !marksRows,
            let time = ColumnNames.times.lazy.compactMap({ plain.firstIndex(of: $0) }).first
        else { return nil }
        start = time
    }

    private static func squeezed(_ name: String) -> String {
        String(name.lowercased().filter { $0.isLetter || $0.isNumber })
    }
}
