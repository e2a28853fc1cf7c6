import Federation
import Platform

extension ServerTuning {
    /// What settings say of rounds, with the bytes that the registry keeps of them: every round's record names their SHA-256.
    static func of(_ settings: ServerSettings) throws -> (tuning: ServerTuning, recorded: [UInt8]) {
        let recorded = try RecordedConfiguration(settings).encoded()
        var configuration = settings.federation
        configuration.digest = SHA256.digest(recorded)
        let strategy = settings.aggregation.strategy(
            hyperparameters: try DeterministicJSON.encode(settings.training, pretty: false),
            assumedAttackers: settings.assumedAttackers)
        let maker = TelemetryModelMaker(configuration: settings.training, rules: settings.rules)
        return (ServerTuning(configuration: configuration, strategy: strategy, maker: maker), recorded)
    }
}
