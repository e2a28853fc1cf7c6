import Platform

/// How entities were scored since a worker last said it: for each the largest score of every group, and nothing of the
/// samples behind it. All are of one type and have the same groups.
package struct ScoreReport: Equatable, Sendable {
    /// What is said of one entity.
    package struct Line: Equatable, Sendable {
        /// `site/entity`.
        package var entity: String
        /// Time of the newest row in seconds, by the entity's own clock.
        package var time: Double
        /// What else holds of these rows.
        package var flags: Flags
        /// The largest combined score, as a ``ScoreLevel``.
        package var whole: UInt8
        /// The largest score of each group, `[G]`.
        package var groups: [UInt8]

        /// A line with every field given.
        package init(entity: String, time: Double, flags: Flags = [], whole: UInt8, groups: [UInt8] = []) {
            self.entity = entity
            self.time = time
            self.flags = flags
            self.whole = whole
            self.groups = groups
        }

        /// Adds what a later line of the same entity and groups says.
        mutating func merge(_ later: Line) {
            time = max(time, later.time)
            flags.formUnion(later.flags)
            whole = max(whole, later.whole)
            for index in groups.indices { groups[index] = max(groups[index], later.groups[index]) }
        }
    }

    /// What holds of rows besides their scores. Bits that this build does not know say nothing.
    package struct Flags: OptionSet, Hashable, Sendable {
        /// The bits.
        package let rawValue: UInt8

        /// Flags of bits.
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// An alarm stood.
        package static let alarm = Flags(rawValue: 1)
        /// Metrics were missing.
        package static let missing = Flags(rawValue: 2)
    }

    /// Lines of a message.
    package static let mostLines = 256
    /// Groups of an entity.
    package static let mostGroups = 128
    /// Bytes of their names together.
    package static let mostNameBytes = 4_096
    /// Seconds that a time may be from 1970.
    package static let mostSeconds = 1e12

    /// Type of the entities.
    package var type: String
    /// The scored groups, `[G]`.
    package var groups: [String]
    /// What is said of each entity.
    package var lines: [Line]

    /// A report with every field given.
    package init(type: String, groups: [String], lines: [Line]) {
        self.type = type
        self.groups = groups
        self.lines = lines
    }

    /// How many of the first groups a report has room for.
    package static func room(for groups: [String]) -> Int {
        var bytes = 0
        for (index, group) in groups.enumerated() {
            bytes += group.utf8.count
            if index == mostGroups || bytes > mostNameBytes { return index }
        }
        return groups.count
    }
}

extension ScoreReport {
    func encode(into writer: inout WireWriter) {
        writer.put(type)
        writer.put(groups) { $0.put($1) }
        writer.put(lines) { writer, line in
            writer.put(line.entity)
            writer.put(line.time)
            writer.put(line.flags.rawValue)
            writer.put(line.whole)
            writer.put(line.groups)
        }
    }

    init(from reader: inout WireReader) throws(FederationError) {
        type = try reader.string("type", limit: WireLimits.place)
        let groups = try reader.array("groups", limit: Self.mostGroups) { reader throws(FederationError) in
            try reader.string("group", limit: WireLimits.group)
        }
        guard Self.room(for: groups) == groups.count else {
            throw FederationError(.oversized, "groups: their names have more than \(Self.mostNameBytes) bytes")
        }
        self.groups = groups
        lines = try reader.array("scores", limit: Self.mostLines) { reader throws(FederationError) in
            let line = Line(
                entity: try reader.string("entity", limit: WireLimits.entity), time: try reader.double("time"),
                flags: Flags(rawValue: try reader.integer("flags")), whole: try reader.integer("score"),
                groups: try reader.byteString("scores of groups", limit: Self.mostGroups))
            guard abs(line.time) <= Self.mostSeconds else {
                throw FederationError(.malformed, "time: \(line.time), expected seconds within 10^12 of 1970")
            }
            guard line.groups.count == groups.count else {
                throw FederationError(
                    .malformed, "scores of groups: \(line.groups.count), expected \(groups.count), one a group")
            }
            return line
        }
    }
}

/// How one entity was scored since somebody last asked: what watches says it to its node.
package struct ScoreNews: Equatable, Sendable {
    /// Its type.
    package var type: String
    /// The scored groups, `[G]`.
    package var groups: [String]
    /// What is said of it.
    package var line: ScoreReport.Line

    /// News with every field given; groups for which a report has no room are left out.
    package init(type: String, groups: [String], line: ScoreReport.Line) {
        let room = ScoreReport.room(for: groups)
        self.type = type
        self.groups = Array(groups.prefix(room))
        self.line = line
        self.line.groups = Array(line.groups.prefix(room))
    }
}
