import Platform

extension ChangeModel: Codable {
    private enum CodingKeys: CodingKey { case metrics, groups, normal, threshold, meanSeconds }

    /// Numbers of a metric: its median, and two pairs of tails.
    private static let width = 9

    /// Reads a model, also one whose metrics are written out, or that knows no means.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let metrics = try values.decode([String].self, forKey: .metrics)
        let normal: [Metric?]
        if let packed = try? values.decode(PackedNumbers.self, forKey: .normal).values {
            guard packed.count == Self.width * metrics.count else {
                throw DecodingError.dataCorruptedError(
                    forKey: .normal, in: values, debugDescription: "expected \(Self.width) numbers for each metric")
            }
            normal = metrics.indices.map { Metric(packed[(Self.width * $0)..<(Self.width * ($0 + 1))]) }
        } else {
            normal = try values.decode([Metric?].self, forKey: .normal)
        }
        self.init(
            metrics: metrics, groups: try values.decode([String].self, forKey: .groups), normal: normal,
            threshold: try values.decode(Double.self, forKey: .threshold),
            meanSeconds: try values.decodeIfPresent(Double.self, forKey: .meanSeconds))
    }

    /// Writes it; there are many metrics.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(metrics, forKey: .metrics)
        try values.encode(groups, forKey: .groups)
        try values.encode(
            PackedNumbers(normal.flatMap { $0?.numbers ?? [Double](repeating: .nan, count: Self.width) }),
            forKey: .normal)
        try values.encode(threshold, forKey: .threshold)
        try values.encodeIfPresent(meanSeconds, forKey: .meanSeconds)
    }
}

extension ChangeModel.Metric {
    fileprivate var numbers: [Double] {
        [median] + [level, change].flatMap { [$0.upper, $0.upperIndex, $0.lower, $0.lowerIndex] }
    }

    /// `nil` where there was too little to tell.
    fileprivate init?(_ numbers: ArraySlice<Double>) {
        let all = Array(numbers)
        guard !all[0].isNaN else { return nil }
        func tails(_ first: Int) -> ChangeModel.Tails {
            ChangeModel.Tails(
                upper: all[first], upperIndex: all[first + 1], lower: all[first + 2], lowerIndex: all[first + 3])
        }
        self.init(median: all[0], level: tails(1), change: tails(5))
    }
}
