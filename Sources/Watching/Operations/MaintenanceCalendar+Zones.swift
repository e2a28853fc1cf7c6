import Foundation
import Platform

extension MaintenanceCalendar {
    /// The zones that a calendar defines (`VTIMEZONE`), each read when a time first names it: a zone that this machine knows by its
    /// name needs none.
    ///
    /// Source: RFC 5545, 3.6.5.
    final class ZoneTable {
        private var blocks: [String: [Line]] = [:]
        private var known: [String: Zone] = [:]

        /// Zones that a calendar defines.
        private static let mostZones = 256
        /// Changes of a zone's clocks.
        private static let mostChanges = 4_096
        /// Changes by a rule are worked out for these years.
        private static let span = (
            Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 7_258_118_400)  // 2200
        )

        init(_ lines: [Line]) throws(Flaw) {
            var open: [Line]?
            for line in lines {
                switch (line.name, line.value.uppercased()) {
                case ("BEGIN", "VTIMEZONE"): open = []
                case ("END", "VTIMEZONE"):
                    guard let block = open, let name = block.first(where: { $0.name == "TZID" })?.value else {
                        throw line.flaw("TZID in the time zone before it")
                    }
                    guard blocks.count < Self.mostZones else { throw line.flaw("at most \(Self.mostZones) time zones") }
                    blocks[name] = block
                    open = nil
                default: open?.append(line)
                }
            }
        }

        /// The zone that a line's `TZID` names; `nil` where it names none.
        func zone(of line: Line) throws(Flaw) -> Zone? {
            guard let name = line.parameters["TZID"] else { return nil }
            if let zone = known[name] { return zone }
            let zone: Zone
            if let machine = TimeZone(identifier: name) {
                zone = .known(machine)
            } else if let block = blocks[name] {
                zone = .defined(try Self.read(block, named: line))
            } else {
                throw line.flaw(
                    "a time zone that this machine knows or the file defines, found "
                        + "TZID=\(PrintableText.line(name, limit: 60))")
            }
            known[name] = zone
            return zone
        }

        private static func read(_ block: [Line], named name: Line) throws(Flaw) -> DefinedZone {
            var changes: [DefinedZone.Change] = []
            var open: [Line]?
            for line in block {
                switch (line.name, line.value.uppercased()) {
                case ("BEGIN", "STANDARD"), ("BEGIN", "DAYLIGHT"): open = []
                case ("END", "STANDARD"), ("END", "DAYLIGHT"):
                    guard let lines = open else { throw line.flaw("its BEGIN before it") }
                    changes += try Self.changes(lines, endingAt: line)
                    guard changes.count <= mostChanges else {
                        throw line.flaw("at most \(mostChanges) changes of clocks")
                    }
                    open = nil
                default: open?.append(line)
                }
            }
            guard let zone = DefinedZone(changes) else {
                throw name.flaw("STANDARD or DAYLIGHT in the VTIMEZONE of its TZID")
            }
            return zone
        }

        /// When clocks are set to one of a zone's offsets.
        private static func changes(_ lines: [Line], endingAt last: Line) throws(Flaw) -> [DefinedZone.Change] {
            func needed(_ name: String) throws(Flaw) -> Line {
                guard let line = lines.last(where: { $0.name == name }) else {
                    throw last.flaw("\(name) in the part before it")
                }
                return line
            }
            let (from, to) = (try offset(try needed("TZOFFSETFROM")), try offset(try needed("TZOFFSETTO")))
            let begin = try needed("DTSTART")
            // Wall clocks, as if they were those of Greenwich.
            let start = try Moment(begin, begin.value, .gmt).date
            var walls = [start]
            guard lines.count(where: { $0.name == "RRULE" }) < 2 else {
                throw last.flaw("one RRULE at most in the part before it")
            }
            for line in lines {
                switch line.name {
                case "RDATE":
                    for text in line.value.split(separator: ",") {
                        walls.append(try Moment(line, String(text), .gmt).date)
                    }
                case "RRULE":
                    guard line.value.uppercased().contains("FREQ=YEARLY") else { throw line.flaw("FREQ=YEARLY") }
                    var rule = try Recurrence(line, .gmt)
                    // The only time that is not a wall clock's.
                    rule.delayEnd(by: from)
                    walls += try rule.starts(
                        from: start, in: .gmt, since: span.0, until: span.1, mostChanges)
                default: break
                }
                guard walls.count <= mostChanges else { throw line.flaw("at most \(mostChanges) changes of clocks") }
            }
            return Set(walls).map { DefinedZone.Change(at: Int64($0.timeIntervalSince1970) - from, from: from, to: to) }
        }

        /// `+0100`, `-033000` in seconds (3.3.14).
        private static func offset(_ line: Line) throws(Flaw) -> Int64 {
            let digits = line.value.dropFirst().compactMap { $0.isASCII ? $0.wholeNumberValue : nil }
            guard let sign = line.value.first, sign == "+" || sign == "-", [4, 6].contains(digits.count),
                line.value.count == digits.count + 1
            else { throw line.flaw("an offset such as +0100") }
            let parts = stride(from: 0, to: digits.count, by: 2).map { digits[$0] * 10 + digits[$0 + 1] }
            guard parts[0] < 24, parts.dropFirst().allSatisfy({ $0 < 60 }) else {
                throw line.flaw("an offset such as +0100")
            }
            let seconds = parts[0] * 3_600 + parts[1] * 60 + (parts.count == 3 ? parts[2] : 0)
            return Int64(sign == "-" ? -seconds : seconds)
        }
    }
}
