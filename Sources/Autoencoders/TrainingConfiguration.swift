public import Numerics

/// Everything besides the data that decides the weights of a model. How many threads compute it is no part of it:
/// the result does not depend on that.
public struct TrainingConfiguration: Hashable, Sendable, Codable {
    /// T: samples in a window.
    public var window = 20
    /// Samples from the start of one training window to the start of the next.
    public var stride = 1
    /// H of each encoder layer, outermost first; the decoder mirrors them.
    public var hidden = [64, 32]
    /// E: passes over the training windows in one round, unless stopped early.
    public var epochs = 10
    /// Windows in one optimiser step.
    public var batch = 64
    /// Adam's step size.
    public var learningRate = 1e-3
    /// Longest gradient that is followed unshortened; `nil`: no clipping.
    public var clipNorm: Double? = 5
    /// The share of each entity's samples, taken from the end, that is not trained on and decides when to stop.
    public var heldOutShare = 0.1
    /// Epochs without a better held-out loss after which a round ends; `nil`: every round runs all its epochs and
    /// keeps the last weights.
    public var patience: Int? = 3
    /// R: rounds; each begins with a fresh optimiser.
    public var rounds = 1
    /// μ: how strongly a round holds its parameters to those it started from (FedProx); `nil`: not at all.
    ///
    /// Source: Li, Sahu, Zaheer, Sanjabi, Talwalkar, Smith, "Federated optimization in heterogeneous networks", MLSys
    /// 2020, equation 2.
    public var proximalWeight: Double?
    /// Decides initial weights, shuffling and sampling.
    public var seed: UInt64 = 0
    /// Most windows of one group that are kept in memory; of more, a seeded sample is trained on.
    public var maximumWindows = 500_000
    /// Name of the backend that computes; part of the record because backends round differently.
    public var accelerator = "auto"

    /// The defaults.
    public init() {}

    /// The sizes of a model of `features` metrics.
    public func shape(features: Int) -> AutoencoderShape {
        AutoencoderShape(features: features, window: window, hidden: hidden)
    }

    /// Refuses settings that cannot be trained with.
    ///
    /// - Throws: ``ModelError`` with the code `invalidConfiguration` that names the first such setting.
    public func validate() throws(ModelError) {
        try require(hidden.count >= 1 && hidden.count <= 16, "hidden", "\(hidden.count) layers", "1 to 16")
        for width in hidden {
            try require(width >= 1 && width <= 65_536, "hidden", "a layer of width \(width)", "1 to 65536")
        }
        try requireCount(window, "window", atMost: 1_000_000)
        // However few metrics a group has; how many it has is known when its data are read.
        try requireModest(features: 1, subject: "hidden")
        try requireCount(stride, "stride", atMost: 1_000_000_000)
        // None: a round that trains nothing, to see what all the rest of it costs.
        try require(
            (0...1_000_000).contains(epochs), "epochs", "\(epochs)", "0 to 1000000")
        try requireCount(batch, "batch", atMost: 1_000_000)
        try requireCount(rounds, "rounds", atMost: 1_000_000)
        try requireCount(maximumWindows, "maximumWindows", atMost: 1 << 40)
        if let patience { try requireCount(patience, "patience", atMost: 1_000_000) }
        try require(
            learningRate > 0 && learningRate.isFinite, "learningRate", "\(learningRate)", "a positive number")
        if let clipNorm {
            try require(clipNorm > 0 && clipNorm.isFinite, "clipNorm", "\(clipNorm)", "a positive number")
        }
        if let proximalWeight {
            try require(
                proximalWeight > 0 && proximalWeight.isFinite, "proximalWeight", "\(proximalWeight)",
                "a positive number")
        }
        try require(
            heldOutShare >= 0 && heldOutShare <= 0.9, "heldOutShare", "\(heldOutShare)", "0 to 0.9")
    }

    /// Refuses a model of so many metrics that is larger than anything here trains or reads; before memory is asked for.
    ///
    /// - Throws: ``ModelError`` with the code `invalidConfiguration`.
    package func requireModest(features: Int, subject: String) throws(ModelError) {
        guard let excess = shape(features: features).excess else { return }
        throw ModelError(.invalidConfiguration, subject: subject, found: excess.found, expected: excess.expected)
    }

    private func requireCount(_ value: Int, _ name: String, atMost limit: Int) throws(ModelError) {
        try require(value >= 1 && value <= limit, name, "\(value)", "1 to \(limit)")
    }

    private func require(
        _ condition: Bool, _ name: String, _ found: String, _ expected: String
    ) throws(ModelError) {
        guard condition else {
            throw ModelError(.invalidConfiguration, subject: name, found: found, expected: expected)
        }
    }
}
