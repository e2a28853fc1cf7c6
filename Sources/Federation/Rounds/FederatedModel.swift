/// One model version: the parameters of every group, and what all workers must agree on to use them.
///
/// As bytes: format (2), context, count, then for each group, sorted by name, its name, its schema and its parameters.
package struct FederatedModel: Equatable, Sendable {
    /// The model of one group.
    package struct Group: Equatable, Sendable {
        /// `<layer>.<group>` or `<layer>.<group>@<type>`.
        package var name: String
        /// Names the metrics and sizes: parameters of different schemas are never averaged.
        package var schema: String
        /// The flat parameter vector, `[P]`.
        package var parameters: [Float]

        /// A group with every field given.
        package init(name: String, schema: String, parameters: [Float]) {
            self.name = name
            self.schema = schema
            self.parameters = parameters
        }

        /// Whether the parameters are figures about samples and no weights of a model. They are averaged alike; but each
        /// round they are what they are, not a step from the version before, so that no change is held against others', and
        /// none has a loss. Instead each is within ``largestFigure``.
        package var holdsFigures: Bool { schema.hasPrefix(Self.figures) }

        /// What the schema of such a group begins with.
        package static let figures = "figures "
        /// The largest magnitude of a figure.
        package static let largestFigure: Float = 8
    }

    private static let format: UInt16 = 1

    /// Cleaning, scaling and shapes, in the learner's own format; the same in every version after the statistics.
    package var context: [UInt8]
    /// The groups, sorted by name, each name once.
    package private(set) var groups: [Group]

    /// A bundle of the given groups.
    ///
    /// - Precondition: no name occurs twice.
    package init(context: [UInt8], groups: [Group]) {
        self.context = context
        self.groups = groups.sorted { $0.name < $1.name }
        precondition(
            zip(self.groups, self.groups.dropFirst()).allSatisfy { $0.name != $1.name }, "a group occurs twice")
    }

    /// The group of that name.
    package func group(named name: String) -> Group? { groups.first { $0.name == name } }

    /// The bytes of the bundle; equal bundles have equal bytes.
    package func encoded() -> [UInt8] {
        var writer = WireWriter(
            reserving: context.count + groups.reduce(64) { $0 + $1.parameters.count * 4 + 256 })
        writer.put(Self.format)
        writer.put(context)
        writer.put(groups) { writer, group in
            writer.put(group.name)
            writer.put(group.schema)
            writer.put(group.parameters)
        }
        return writer.bytes
    }

    /// Reads a bundle.
    ///
    /// - Throws: ``FederationError`` when the bytes are not one.
    package init(decoding bytes: [UInt8]) throws(FederationError) { try self.init(decoding: Bytes(bytes)) }

    /// Reads a bundle whose bytes may be in several parts.
    package init(decoding bytes: Bytes) throws(FederationError) {
        var reader = WireReader(bytes)
        let format = try reader.integer("format", as: UInt16.self)
        guard format == Self.format else {
            throw FederationError(
                .unsupportedVersion, "a model bundle of format \(format), this build reads \(Self.format)")
        }
        context = try reader.byteString("context", limit: bytes.count)
        groups = try reader.array("groups", limit: WireLimits.groups) { reader throws(FederationError) in
            Group(
                name: try reader.string("group", limit: WireLimits.group),
                schema: try reader.string("schema", limit: WireLimits.name), parameters: try reader.floats("parameters")
            )
        }
        try reader.finish("model bundle")
        guard zip(groups, groups.dropFirst()).allSatisfy({ $0.name < $1.name }) else {
            throw FederationError(.malformed, "the groups of a model bundle are not in order")
        }
    }
}
