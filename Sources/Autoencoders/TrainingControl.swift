/// Where training stands; told to whoever watches.
public struct TrainingProgress: Hashable, Sendable {
    /// The group that is trained.
    public var group: String
    /// The round, from 0.
    public var round: Int
    /// The epoch within the round, from 0.
    public var epoch: Int
    /// Windows of this epoch that are done.
    public var windows: Int
    /// Windows of a whole epoch.
    public var windowsPerEpoch: Int
    /// Mean squared error over the windows done in this epoch, each as it was before its step.
    public var loss: Double
    /// Mean squared error over the held-out windows; `nil` within an epoch, and where nothing is held out.
    public var heldOutLoss: Double?
    /// Speed since this epoch began, held-out windows not counted.
    public var windowsPerSecond: Double
    /// Whether the epoch is over.
    public var endsEpoch: Bool
}

/// How a caller watches training and stops it. Both functions are called on the threads that train.
public struct TrainingControl: Sendable {
    /// Hears of progress, about twenty times an epoch and at its end.
    public var onProgress: @Sendable (TrainingProgress) -> Void
    /// Asked before every batch, or before every few where a device takes several at a time; `true` ends training with
    /// a ``ModelError`` of the code `cancelled`.
    public var isCancelled: @Sendable () -> Bool

    /// Control that ignores progress and never cancels, unless given.
    public init(
        onProgress: @escaping @Sendable (TrainingProgress) -> Void = { _ in },
        isCancelled: @escaping @Sendable () -> Bool = { false }
    ) {
        self.onProgress = onProgress
        self.isCancelled = isCancelled
    }
}
