extension TrainingSet {
    /// One of `count` parts of nearly equal size: consecutive windows in their natural order, of those to train on and of
    /// those held out alike. The samples are shared, not copied. Neighbouring parts share up to T − 1 samples.
    ///
    /// - Precondition: `index` is one of `0..<count`.
    package func share(_ index: Int, of count: Int) -> TrainingSet {
        precondition(count >= 1 && (0..<count).contains(index), "part \(index) of \(count)")
        func part(_ starts: [Int]) -> [Int] {
            Array(starts[starts.count * index / count..<starts.count * (index + 1) / count])
        }
        let training = part(trainingStarts)
        return TrainingSet(
            samples: samples, trainingStarts: training, heldOutStarts: part(heldOutStarts),
            offeredWindows: training.count, checksum: "\(checksum)/\(index)/\(count)")
    }

    /// Every `count`-th window, beginning with the `first`: parts that are alike.
    ///
    /// - Precondition: `first` is one of `0..<count`.
    package func every(_ count: Int, from first: Int) -> TrainingSet {
        precondition(count >= 1 && (0..<count).contains(first), "part \(first) of \(count)")
        func part(_ starts: [Int]) -> [Int] { stride(from: first, to: starts.count, by: count).map { starts[$0] } }
        let training = part(trainingStarts)
        return TrainingSet(
            samples: samples, trainingStarts: training, heldOutStarts: part(heldOutStarts),
            offeredWindows: training.count, checksum: "\(checksum)/every \(count) from \(first)")
    }

    /// The first windows, at most `limit` to train on, and of those held out the same share.
    package func prefix(windows limit: Int) -> TrainingSet {
        guard trainingStarts.count > limit else { return self }
        let heldOut = heldOutStarts.count * limit / trainingStarts.count
        return TrainingSet(
            samples: samples, trainingStarts: Array(trainingStarts.prefix(limit)),
            heldOutStarts: Array(heldOutStarts.prefix(max(heldOut, min(1, heldOutStarts.count)))),
            offeredWindows: offeredWindows, checksum: "\(checksum)/first \(limit)")
    }
}
