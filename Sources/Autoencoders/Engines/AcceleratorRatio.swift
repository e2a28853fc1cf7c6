public import Numerics

/// α, what placement multiplies a node's training time by when it has an accelerator: the accelerator's time for a round
/// divided by the CPU's. Below 1 the accelerator pays.
public enum AcceleratorRatio {
    /// α of two measured rates, in windows a second.
    ///
    /// - Precondition: both are positive.
    public static func timeRatio(accelerator: Double, cpu: Double) -> Double {
        precondition(accelerator > 0 && cpu > 0, "a rate is positive")
        return cpu / accelerator
    }

    /// Whether a device with this ratio should be used at all.
    public static func pays(_ ratio: Double) -> Bool { ratio < 1 }
}

extension AcceleratorBackend {
    /// α of this device beside the CPU: both train the same random windows for a moment.
    ///
    /// - Throws: what the engines throw.
    public func measuredTimeRatio(
        to cpu: any AcceleratorBackend, shape: AutoencoderShape, batch: Int = 64
    ) throws -> Double {
        AcceleratorRatio.timeRatio(
            accelerator: try measuredTrainingRate(shape: shape, batch: batch),
            cpu: try cpu.measuredTrainingRate(shape: shape, batch: batch))
    }
}
