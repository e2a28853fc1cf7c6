import CommandLine
package import Platform
package import Watching

extension VESEvent {
    /// That the server is there.
    ///
    /// - Parameters:
    ///   - number: of the beat; grows.
    ///   - now: seconds since 1970.
    package static func heartbeat(
        _ beat: Beat, number: Int64, _ figures: WatchFigures, reporter: String, now: Double
    ) -> JSONValue {
        var more = [
            "federation": figures.federation, "program": "faultline \(Tool.version)",
            "modelVersion": "\(figures.modelVersion)",
            "activeWorkers": "\(figures.sites.reduce(0) { $0 + $1.activeWorkers })",
            "lostWorkers": "\(figures.sites.reduce(0) { $0 + $1.lostWorkers })",
        ]
        if let reason = figures.waitingFor { more["waitingFor"] = PrintableText.line(reason, limit: 300) }
        return document(
            header(beat, number, figures, named: "Heartbeat_Faultline", reporter: reporter, from: now, to: now),
            [
                "heartbeatFieldsVersion": .string("3.0"), "heartbeatInterval": JSONValue(beat.everySeconds),
                "additionalFields": map(more),
            ], as: "heartbeatFields")
    }

    /// How the watching went in the interval up to now: of the server, of each site and of each entity with alarms that stand.
    ///
    /// - Parameter before: the figures of the interval before; `nil` for the first.
    package static func measurement(
        _ beat: Beat, number: Int64, _ figures: WatchFigures, before: WatchFigures?, reporter: String, now: Double
    ) -> JSONValue {
        let earlier = Dictionary(
            (before?.sites ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let measurements =
            [named("server", server(figures, before: before))]
            + figures.sites.map { named("site/\($0.name)", site($0, before: earlier[$0.name])) }
            + figures.entities.map { entity in
                named(
                    "entity/\(entity.site)/\(entity.name)",
                    [
                        "score": "\(entity.score)", "alarms": "\(entity.alarms)", "severity": entity.severity.rawValue,
                    ])
            }
        return document(
            header(
                beat, number, figures, named: "Measurement_Faultline", reporter: reporter,
                from: now - Double(beat.everySeconds), to: now),
            [
                "measurementFieldsVersion": .string("4.0"), "measurementInterval": JSONValue(beat.everySeconds),
                "configuredEntities": JSONValue(figures.sites.reduce(0) { $0 + $1.entities }),
                "additionalMeasurements": .array(measurements),
            ], as: "measurementFields")
    }

    private static func header(
        _ beat: Beat, _ number: Int64, _ figures: WatchFigures, named name: String, reporter: String,
        from start: Double, to end: Double
    ) -> Header {
        Header(
            domain: beat.kind.rawValue, id: "\(figures.federation)-\(beat.kind.rawValue)-\(number)", name: name,
            type: "server", source: reporter, reporter: reporter, sequence: number, start: start, last: end)
    }

    private static func named(_ name: String, _ pairs: [String: String]) -> JSONValue {
        .object(["name": .string(name), "hashMap": map(pairs)])
    }

    private static func server(_ figures: WatchFigures, before: WatchFigures?) -> [String: String] {
        var pairs = [
            "modelVersion": "\(figures.modelVersion)", "alarmEvents": "\(figures.alarmEvents)",
            "openIncidents": "\(figures.openIncidents)", "dataQualityFindings": "\(figures.findings)",
        ]
        // A log that was restored from an older copy has fewer than before.
        if let before { pairs["alarmEventsInInterval"] = "\(max(0, figures.alarmEvents - before.alarmEvents))" }
        return pairs
    }

    private static func site(_ site: WatchFigures.Site, before: WatchFigures.Site?) -> [String: String] {
        var pairs = [
            "activeWorkers": "\(site.activeWorkers)", "lostWorkers": "\(site.lostWorkers)",
            "entities": "\(site.entities)", "scoredSamples": "\(site.scoredSamples)", "modelLag": "\(site.modelLag)",
        ]
        for severity in AlarmEvent.Severity.allCases {
            pairs["\(severity.rawValue)Alarms"] = "\(site.standing[severity] ?? 0)"
        }
        if let seconds = site.roundTripSeconds { pairs["roundTripSeconds"] = "\(seconds)" }
        // Workers that are gone, or began anew, take their counts with them.
        if let before, site.scoredSamples >= before.scoredSamples {
            pairs["scoredSamplesInInterval"] = "\(site.scoredSamples - before.scoredSamples)"
        }
        return pairs
    }
}
