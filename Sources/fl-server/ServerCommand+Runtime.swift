import CommandLine
import Platform
import Services

extension ServerCommand {
    /// Options that may change over HTTP and at SIGHUP: they hold from the next round on.
    static let changeableInRounds: [any AnyOption] = [
        rounds, loopEvery, loopSamples, loops, minimumWorkers, quorum, roundDeadline, largestChange, largestParameter,
        sampleCap, relativeChange, weightRatio, largestShare, excludeAfter, rollbackRatio, falseAlarms, epochs,
        TrainingOptions.batch, TrainingOptions.learningRate, TrainingOptions.clipNorm, TrainingOptions.patience,
        TrainingOptions.proximalWeight,
    ]

    /// What was changed over HTTP before, over these arguments.
    static func runtime(_ arguments: Arguments, _ log: Logger) throws -> RuntimeConfiguration {
        try RuntimeConfiguration(
            RuntimeConfiguration.Declaration(
                manual: manual, changeable: Set(changeableInRounds.map(\.key)), remedy: remedy,
                settings: { try settings($0) }),
            started: arguments, folder: arguments[dataFolder], log: log)
    }

    /// What to do to change an option that does not change over HTTP.
    private static func remedy(_ key: String) -> String {
        let name = manual.name(of: key) ?? key
        if fixedOptions.contains(name) {
            return "the models of this data folder follow from it; begin another folder (--data-folder) with it"
        }
        if name == targetSeconds.name { return "POST it to /v1/placement/target" }
        let atOnce: [any AnyOption] = changeableAtOnce + [ServiceOptions.logLevel]
        if atOnce.contains(where: { $0.name == name }) {
            return "change it in the configuration file, then SIGHUP (systemctl reload)"
        }
        return "change it in the configuration file, then restart the server"
    }
}
