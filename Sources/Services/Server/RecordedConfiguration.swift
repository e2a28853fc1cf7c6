package import Autoencoders
import Federation
import Foundation
import Platform
package import Telemetry

/// What the versions of a server are a function of beside the contributions: the registry keeps it under its SHA-256, and
/// every round's record names that.
package struct RecordedConfiguration: Codable, Equatable, Sendable {
    /// The strategy.
    package var strategy = "fedavg"
    /// Largest norm of a group's change of parameters.
    package var largestChange: Double
    /// Largest magnitude of a parameter.
    package var largestParameter: Float
    /// Most samples that a contribution counts for.
    package var sampleCap: UInt64
    /// How many multi-Krum stands against; absent: as many as it can.
    package var assumedAttackers: Int?
    /// How groups are trained.
    package var training: TrainingConfiguration
    /// Which metric belongs to which group.
    package var rules: GroupRules

    init(_ settings: ServerSettings) {
        strategy = settings.aggregation.strategy(hyperparameters: []).name
        largestChange = settings.federation.gate.largestChange
        largestParameter = settings.federation.gate.largestParameter
        sampleCap = settings.federation.gate.sampleCap
        assumedAttackers = settings.assumedAttackers
        training = settings.training
        rules = settings.rules
    }

    /// Equal configurations have equal bytes.
    func encoded() throws -> [UInt8] { try DeterministicJSON.encode(self, pretty: false) }

    /// What the gate is told by it.
    var gate: ContributionGate {
        var gate = ContributionGate()
        gate.largestChange = largestChange
        gate.largestParameter = largestParameter
        gate.sampleCap = sampleCap
        return gate
    }
}
