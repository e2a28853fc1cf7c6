/// What one worker gives to one round.
package struct Contribution: Equatable, Sendable {
    /// One group's part of a training or evaluation round.
    package struct GroupUpdate: Equatable, Sendable {
        /// The group.
        package var name: String
        /// Its schema, as in the model version.
        package var schema: String
        /// Training samples (windows) behind the parameters: their weight in the average.
        package var sampleCount: UInt64
        /// Steps of the optimiser that were really taken.
        package var steps: UInt64
        /// Mean squared error on the worker's held-out samples with the parameters it was sent.
        package var lossBefore: Double
        /// The same with the parameters it returns; equal to `lossBefore` in an evaluation.
        package var lossAfter: Double
        /// The flat parameter vector, `[P]`; empty in an evaluation.
        package var parameters: [Float]

        /// An update with every field given.
        package init(
            name: String, schema: String, sampleCount: UInt64, steps: UInt64, lossBefore: Double, lossAfter: Double,
            parameters: [Float]
        ) {
            self.name = name
            self.schema = schema
            self.sampleCount = sampleCount
            self.steps = steps
            self.lossBefore = lossBefore
            self.lossAfter = lossAfter
            self.parameters = parameters
        }

        /// Whether the parameters are figures; see ``FederatedModel/Group/holdsFigures``.
        package var holdsFigures: Bool { schema.hasPrefix(FederatedModel.Group.figures) }
    }

    private static let format: UInt16 = 2

    /// What the round is for.
    package var kind: RoundKind
    /// SHA-256 of the version that it was computed from; empty for statistics.
    package var base: [UInt8]
    /// The entities whose samples are behind it, sorted.
    package private(set) var entities: [String]
    /// Bytes of raw samples behind this contribution, which stayed where they are.
    package var rawBytes: UInt64
    /// Statistics in the learner's own format; empty in other rounds.
    package var statistics: [UInt8]
    /// The groups, sorted by name.
    package private(set) var groups: [GroupUpdate]

    /// A contribution with every field given.
    package init(
        kind: RoundKind, base: [UInt8] = [], entities: [String] = [], rawBytes: UInt64, statistics: [UInt8] = [],
        groups: [GroupUpdate] = []
    ) {
        self.kind = kind
        self.base = base
        self.entities = entities.sorted()
        self.rawBytes = rawBytes
        self.statistics = statistics
        self.groups = groups.sorted { $0.name < $1.name }
    }

    /// The same, computed from that version on the samples of those entities.
    package func computed(from base: [UInt8], of entities: [String]) -> Contribution {
        var result = self
        result.base = base
        result.entities = entities.sorted()
        return result
    }

    /// The same with every sample count at most `cap`.
    package func capped(at cap: UInt64) -> Contribution {
        var result = self
        for index in groups.indices { result.groups[index].sampleCount = min(groups[index].sampleCount, cap) }
        return result
    }

    /// Samples over all groups that are trained, saturating.
    package var sampleCount: UInt64 {
        groups.reduce(0) { sum, group in
            if group.holdsFigures { return sum }
            let (next, overflow) = sum.addingReportingOverflow(group.sampleCount)
            return overflow ? .max : next
        }
    }

    /// Parameters of fewer bytes than this are copied to their neighbours rather than lent.
    private static let smallPart = 16 << 10

    /// The bytes of the contribution: the same for the same work, whenever and wherever it was done.
    package func encoded() -> [UInt8] { encodedParts().array }

    /// The same; parameters stay where they are.
    package func encodedParts() -> Bytes {
        var parts: [Bytes] = []
        var writer = WireWriter(reserving: statistics.count + entities.count * 32 + groups.count * 256 + 64)
        writer.put(Self.format)
        writer.put(kind.rawValue)
        writer.put(base)
        writer.put(entities) { $0.put($1) }
        writer.put(rawBytes)
        writer.put(statistics)
        writer.put(groups) { writer, group in
            writer.put(group.name)
            writer.put(group.schema)
            writer.put(group.sampleCount)
            writer.put(group.steps)
            writer.put(group.lossBefore)
            writer.put(group.lossAfter)
            let lent = Bytes(floats: group.parameters)
            guard lent.count >= Self.smallPart else { return writer.put(group.parameters) }
            writer.put(UInt32(clamping: group.parameters.count))
            parts.append(Bytes(writer.bytes))
            parts.append(lent)
            writer = WireWriter()
        }
        return Bytes(joining: parts + [Bytes(writer.bytes)])
    }

    /// Reads a contribution.
    ///
    /// - Throws: ``FederationError`` when the bytes are not one.
    package init(decoding bytes: [UInt8]) throws(FederationError) { try self.init(decoding: Bytes(bytes)) }

    /// Reads a contribution whose bytes may be in several parts.
    package init(decoding bytes: Bytes) throws(FederationError) {
        var reader = WireReader(bytes)
        let format = try reader.integer("format", as: UInt16.self)
        guard format == Self.format else {
            throw FederationError(
                .unsupportedVersion, "a contribution of format \(format), this build reads \(Self.format)")
        }
        let rawKind = try reader.integer("kind", as: UInt8.self)
        guard let kind = RoundKind(rawValue: rawKind) else {
            throw FederationError(.malformed, "a contribution to a round of kind \(rawKind)")
        }
        self.kind = kind
        base = try reader.digestOrNone()
        entities = try reader.names("entities", limit: WireLimits.entities).sorted()
        guard Set(entities).count == entities.count else {
            throw FederationError(.malformed, "a contribution that names an entity twice")
        }
        rawBytes = try reader.integer("raw bytes")
        statistics = try reader.byteString("statistics", limit: bytes.count)
        groups = try reader.array("groups", limit: WireLimits.groups) { reader throws(FederationError) in
            GroupUpdate(
                name: try reader.string("group", limit: WireLimits.group),
                schema: try reader.string("schema", limit: WireLimits.name),
                sampleCount: try reader.integer("samples"), steps: try reader.integer("steps"),
                lossBefore: try reader.double("loss before"), lossAfter: try reader.double("loss after"),
                parameters: try reader.floats("parameters"))
        }
        try reader.finish("contribution")
        guard zip(groups, groups.dropFirst()).allSatisfy({ $0.name < $1.name }) else {
            throw FederationError(.malformed, "the groups of a contribution are not in order")
        }
    }
}
