extension TrainingSet {
    /// The summed mean squared errors of windows, in a fixed order: the same bits on the same engine.
    ///
    /// - Parameters:
    ///   - starts: the windows' first rows.
    ///   - engine: has the parameters that are judged.
    /// - Returns: one squared error for each window, mean over its values, added up.
    /// - Throws: what the engine throws.
    package func totalError(ofWindowsAt starts: [Int], engine: any AutoencoderEngine) throws -> Double {
        var total = 0.0
        for first in stride(from: 0, to: starts.count, by: LocalTraining.scoringBatch) {
            let slice = starts[first..<min(first + LocalTraining.scoringBatch, starts.count)]
            let errors = try engine.windowErrors(WindowBatch(samples: samples, starts: slice))
            for error in errors.elements { total += Double(error) }
        }
        return total
    }
}
