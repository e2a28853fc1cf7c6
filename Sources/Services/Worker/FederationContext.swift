package import Autoencoders
package import Federation
import Foundation
import Numerics
import Platform
package import Telemetry
import Watching

/// What all workers of a federation agree on after the statistics: how samples are cleaned and scaled, which groups there
/// are and how they are trained. Travels with every version.
package struct FederationContext: Codable, Equatable, Sendable {
    /// One group.
    package struct Group: Codable, Equatable, Sendable {
        /// `<layer>.<group>` or `<layer>.<group>@<type>`.
        package var name: String
        /// Its metrics, in the order of the model's inputs.
        package var metrics: [String]
    }

    /// How the groups are trained.
    package var configuration: TrainingConfiguration
    /// How samples are cleaned.
    package var pipeline: CleaningPipeline
    /// How metrics are scaled, by group.
    package var scalers: [String: MetricScaler]
    /// The groups, sorted by name.
    package var groups: [Group]

    /// Reads the context of a version.
    ///
    /// - Throws: ``ServiceError`` when it is not one.
    package init(of model: FederatedModel) throws {
        do {
            self = try DeterministicJSON.decode(FederationContext.self, from: model.context)
        } catch {
            throw ServiceError(.data, "the model version has a context of another form: \(error)")
        }
        do {
            try configuration.validate()
            for group in groups { try GroupName.validate(group.name) }
        } catch {
            throw ServiceError(.data, "the model version has a context that cannot be: \(error)")
        }
        guard zip(groups, groups.dropFirst()).allSatisfy({ $0.name < $1.name }),
            groups.allSatisfy({ (1...1_000_000).contains($0.metrics.count) }),
            pipeline.types.values.allSatisfy({ $0.step > 0 && $0.steps.values.allSatisfy { $0 > 0 } })
        else {
            throw ServiceError(
                .data,
                "the model version has a context that cannot be: groups without metrics or out of order, or "
                    + "sources whose clocks stand still")
        }
    }

    private init(
        configuration: TrainingConfiguration, pipeline: CleaningPipeline, scalers: [String: MetricScaler],
        groups: [Group]
    ) {
        self.configuration = configuration
        self.pipeline = pipeline
        self.scalers = scalers
        self.groups = groups
    }

    /// Fits cleaning and scaling to the statistics of all workers: what `fl-train train` does with the same data.
    package static func fitted(
        to statistics: TelemetryStatistics, rules: GroupRules, configuration: TrainingConfiguration
    ) throws -> FederationContext {
        let pipeline = CleaningPipeline(fitting: statistics, rules: rules)
        var scalers: [String: MetricScaler] = [:]
        var groups: [Group] = []
        for group in pipeline.groups where !group.metrics.isEmpty {
            scalers[group.group.name] = try pipeline.scaler(for: group.group, from: statistics)
            groups.append(Group(name: group.group.name, metrics: group.metrics))
        }
        return FederationContext(
            configuration: configuration, pipeline: pipeline, scalers: scalers,
            groups: groups.sorted { $0.name < $1.name })
    }

    /// Names a group's schema: the metrics and the sizes of its model.
    package func schema(of group: Group) -> String {
        let shape = configuration.shape(features: group.metrics.count)
        let text = "\(group.metrics.joined(separator: "\n"))\n\(shape.window)\n\(shape.hidden)"
        return String(SHA256.hexadecimalDigest(of: text.utf8).prefix(32))
    }

    /// The first version: this context and the initial parameters of every group.
    ///
    /// - Throws: `ModelError` when the model of a group would be larger than anything here trains.
    package func initialModel() throws -> FederatedModel {
        for group in groups {
            try configuration.requireModest(features: group.metrics.count, subject: "group '\(group.name)'")
        }
        return FederatedModel(
            context: try DeterministicJSON.encode(self, pretty: false),
            groups: groups.map { group in
                let shape = configuration.shape(features: group.metrics.count)
                return FederatedModel.Group(
                    name: group.name, schema: schema(of: group),
                    parameters: shape.initialParameters(seed: configuration.seed, group: group.name).elements)
            } + [usualGroup])
    }

    /// Name of the group whose parameters are ``Watching/UsualRanges``. Groups of metrics have a dot in theirs.
    static let usualName = "usual"

    /// What the figures of what is usual are: of which metrics, and how many of each.
    var usualSchema: String {
        let words = UsualRanges.metrics(of: pipeline) + ["\(UsualRanges.figures)"]
        return FederatedModel.Group.figures
            + SHA256.hexadecimalDigest(of: words.joined(separator: "\n").utf8).prefix(32)
    }

    /// The group of what is usual, of which nobody knows anything yet.
    private var usualGroup: FederatedModel.Group {
        FederatedModel.Group(
            name: Self.usualName, schema: usualSchema,
            parameters: [Float](
                repeating: 0, count: UsualRanges.metrics(of: pipeline).count * UsualRanges.figures))
    }

    /// What a version knows of the metrics from all sites; `nil`: nothing.
    private func usualRanges(of model: FederatedModel) -> UsualRanges? {
        guard let group = model.group(named: Self.usualName), group.holdsFigures,
            let ranges = UsualRanges(metrics: UsualRanges.metrics(of: pipeline), values: group.parameters),
            !ranges.isEmpty
        else { return nil }
        return ranges
    }

    /// A version of this context with the parameters that another one has learned, group by group, and the groups for
    /// which there are none: those that are new, or of other widths, or that nobody had trained.
    package func carrying(
        _ last: FederatedModel, of old: FederationContext, into model: FederatedModel
    ) -> (model: FederatedModel, begun: [String]) {
        var begun: [String] = []
        let groups = model.groups.map { group -> FederatedModel.Group in
            // What is usual is found anew in each loop.
            if group.holdsFigures { return group }
            guard let known = last.group(named: group.name)?.parameters,
                let metrics = old.groups.first(where: { $0.name == group.name })?.metrics.count,
                let oldScaler = old.scalers[group.name], let newScaler = scalers[group.name]
            else {
                begun.append(group.name)
                return group
            }
            var carried = group
            let (from, initial) = (
                Tensor(known, shape: [known.count]), Tensor(group.parameters, shape: [group.parameters.count])
            )
            let shape = old.configuration.shape(features: metrics)
            // Initial parameters say that nobody has trained the group: they stay what they are.
            guard from != shape.initialParameters(seed: old.configuration.seed, group: group.name) else { return group }
            let result = ParameterCarrying.carry(
                from, from: (shape, oldScaler),
                to: (configuration.shape(features: newScaler.metrics.count), newScaler), initial: initial)
            if result == initial { begun.append(group.name) }
            carried.parameters = result.elements
            return carried
        }
        return (FederatedModel(context: model.context, groups: groups), begun)
    }

    /// A version as the model that offline tools read. A group that nobody has trained, because its samples were silent or
    /// too few everywhere, is left out.
    ///
    /// - Throws: ``ServiceError`` when parameters are missing or of another size.
    package func bundle(of model: FederatedModel, tool: String) throws -> ModelBundle {
        var trained: [(name: String, metrics: [String], parameters: Tensor<Float>)] = []
        for group in groups {
            let shape = configuration.shape(features: group.metrics.count)
            guard let parameters = model.group(named: group.name)?.parameters,
                parameters.count == shape.parameterCount
            else { throw ServiceError(.data, "the model version lacks the parameters of group \(group.name)") }
            let vector = Tensor(parameters, shape: [parameters.count])
            if vector != shape.initialParameters(seed: configuration.seed, group: group.name) {
                trained.append((group.name, group.metrics, vector))
            }
        }
        var bundle = ModelBundle(
            tool: tool, configuration: configuration, groups: trained, cleaning: pipeline, scaling: scalers)
        // What a federation of one entity says is usual is what that entity shows.
        if pipeline.types.values.reduce(0, { $0 + $1.steps.count }) > 1, let usual = usualRanges(of: model) {
            try bundle.setUsualRanges(usual)
        }
        return bundle
    }
}
