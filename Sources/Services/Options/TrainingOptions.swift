package import Autoencoders
package import CommandLine

/// The options that say how groups are trained.
package enum TrainingOptions {
    private static let defaults = TrainingConfiguration()

    package static let window = Option<Int>(
        "window", "SAMPLES", default: defaults.window, "T: samples in a window", constraint: "at least 1",
        valid: { $0 >= 1 })
    package static let hidden = Option<[Int]>(
        "hidden", "SIZES", default: defaults.hidden, "widths of the encoder's LSTM layers; the decoder mirrors them",
        constraint: "each at least 1", valid: { $0.allSatisfy { $0 >= 1 } })
    package static let epochs = Option<Int>(
        "epochs", "N", default: defaults.epochs, "passes over the data in a round, unless stopped early",
        constraint: "at least 1", valid: { $0 >= 1 })
    package static let batch = Option<Int>(
        "batch", "WINDOWS", default: defaults.batch, "windows in one step of the optimiser", constraint: "at least 1",
        valid: { $0 >= 1 })
    package static let rounds = Option<Int>(
        "rounds", "N", default: defaults.rounds,
        "rounds; each begins with a fresh optimiser, as in a federation with one worker", constraint: "at least 1",
        valid: { $0 >= 1 })
    package static let seed = Option<UInt64>("seed", "N", default: defaults.seed, "decides every random draw")
    package static let stride = Option<Int>(
        "stride", "SAMPLES", default: defaults.stride, "samples from one training window to the next",
        constraint: "at least 1", valid: { $0 >= 1 })
    package static let learningRate = Option<Double>(
        "learning-rate", "RATE", default: defaults.learningRate, "Adam's step size", constraint: "more than 0",
        valid: { $0 > 0 })
    package static let clipNorm = Option<Double>(
        "clip-norm", "NORM", default: defaults.clipNorm ?? 0, "longest gradient that is followed as it is; 0: no limit",
        constraint: "at least 0", valid: { $0 >= 0 })
    package static let heldOut = Option<Double>(
        "held-out", "SHARE", default: defaults.heldOutShare,
        "share of each entity's latest samples that is not trained on, for stopping and calibration",
        constraint: "0 to 0.9", valid: { (0...0.9).contains($0) })
    package static let patience = Option<Int>(
        "patience", "EPOCHS", default: defaults.patience ?? 0,
        "epochs without a better held-out loss before a round ends; 0: never stop early", constraint: "at least 0",
        valid: { $0 >= 0 })
    package static let proximalWeight = Option<Double>(
        "proximal-weight", "MU", default: 0,
        "FedProx: how strongly a round holds a worker's parameters to those it started from; 0: not at all",
        constraint: "0 to 1000000", valid: { (0...1e6).contains($0) })
    package static let maximumWindows = Option<Int>(
        "maximum-windows", "N", default: defaults.maximumWindows,
        "windows of one group kept in memory; of more, a seeded sample is trained on", constraint: "at least 1",
        valid: { $0 >= 1 })
    package static let accelerator = Option<String>(
        "accelerator", "NAME", default: defaults.accelerator,
        "what computes: auto, cpu, cpu-bfloat16, openblas, opencl, opencl:N, opencl:TEXT (of the device's name) or "
            + "reference; 'fl-train devices' lists what is here")
    package static let falseAlarms = Option<Double>(
        "false-alarms", "PER-DAY", default: 1, "false alarms that thresholds allow, a day and entity",
        constraint: "from 0.000001 to 1000000", valid: { (1e-6...1e6).contains($0) })

    /// The training configuration that the options describe.
    ///
    /// - Throws: `ModelError` for settings that cannot be trained with.
    package static func configuration(_ arguments: Arguments) throws -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = arguments[window]
        configuration.hidden = arguments[hidden]
        configuration.epochs = arguments[epochs]
        configuration.batch = arguments[batch]
        configuration.rounds = arguments[rounds]
        configuration.seed = arguments[seed]
        configuration.stride = arguments[stride]
        configuration.learningRate = arguments[learningRate]
        configuration.clipNorm = arguments[clipNorm] > 0 ? arguments[clipNorm] : nil
        configuration.heldOutShare = arguments[heldOut]
        configuration.patience = arguments[patience] > 0 ? arguments[patience] : nil
        configuration.proximalWeight = arguments[proximalWeight] > 0 ? arguments[proximalWeight] : nil
        configuration.maximumWindows = arguments[maximumWindows]
        configuration.accelerator = arguments[accelerator]
        try configuration.validate()
        return configuration
    }
}
