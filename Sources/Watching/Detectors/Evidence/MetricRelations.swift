internal import Numerics
internal import Platform

/// How far each metric is from what the other metrics of its block say of it: a ridge regression of every metric on all
/// others, read off the inverse of the regularised covariance of the scaled values.
package struct MetricRelations: Sendable {
    /// The middle of each metric, `[F]`.
    package let centre: [Double]
    /// Its scale, `[F]`; positive.
    package let scale: [Double]
    /// For each block `[n × n]`, row-major: what a scaled value of metric k adds to the residual of metric j, 1 where
    /// they are the same.
    package let coefficients: [[Double]]

    /// Scaled values are cut here, so that one wild metric does not blame all.
    package static let clip = 5.0
    /// Added to the diagonal of the covariance.
    package static let ridge = 0.2
    /// A metric needs another one when a spread of that changes what is left of it by more than this, in spreads.
    static let needed = 0.1
    /// Most metrics in a block: the work per row is F × block.
    package static let largestBlock = 64

    /// The blocks of metrics that explain each other: all together, or within their resource group (in pieces of the
    /// largest size) when they are too many.
    package static func blocks(groups: [String]) -> [[Int]] {
        if groups.count <= largestBlock { return groups.isEmpty ? [] : [Array(groups.indices)] }
        return Set(groups).sorted().flatMap { group in
            let members = groups.indices.filter { groups[$0] == group }
            return stride(from: 0, to: members.count, by: largestBlock).map {
                Array(members[$0..<min(members.count, $0 + largestBlock)])
            }
        }
    }

    /// A metric's value scaled and cut.
    @inline(__always)
    static func scaled(_ value: Double, centre: Double, scale: Double) -> Double {
        max(-clip, min(clip, (value - centre) / scale))
    }

    /// The coefficients that a block's mean products of scaled values give.
    ///
    /// - Parameters:
    ///   - products: of the metrics, and perhaps of others after them.
    ///   - size: the number of metrics.
    /// - Throws: ``DetectionError`` (`invalidData`) when they cannot be inverted.
    static func coefficients(_ products: Tensor<Double>, of size: Int) throws(DetectionError) -> [Double] {
        var regularised = Tensor<Double>(shape: [size, size])
        var identity = Tensor<Double>(shape: [size, size])
        for metric in 0..<size {
            for other in 0..<size { regularised[other, metric] = products[other, metric] }
            regularised[metric, metric] += ridge
            identity[metric, metric] = 1
        }
        let inverse: Tensor<Double>
        do { inverse = try solvePositiveDefinite(regularised, identity) } catch {
            throw DetectionError(.invalidData, "inverting the covariance of metrics", "\(error)")
        }
        var result: [Double] = []
        for other in 0..<size {
            for metric in 0..<size { result.append(inverse[other, metric] / inverse[metric, metric]) }
        }
        return result
    }

    /// What the others do not explain of each scaled value.
    ///
    /// - Parameters:
    ///   - scaled: scaled, cut values, `[F]`.
    ///   - residuals: where it goes, `[F]`.
    func explain(_ scaled: [Double], blocks: [[Int]], into residuals: inout [Double]) {
        for (members, coefficients) in zip(blocks, coefficients) {
            let size = members.count
            let first = members[0]
            let isContiguous = members[size - 1] - first == size - 1
            coefficients.withUnsafeBufferPointer { coefficients in
                residuals.withUnsafeMutableBufferPointer { residuals in
                    for member in members { residuals[member] = 0 }
                    for (row, other) in members.enumerated() {
                        let factor = scaled[other]
                        guard factor != 0 else { continue }
                        let start = row * size
                        if isContiguous {
                            for column in 0..<size {
                                residuals[first + column] += factor * coefficients[start + column]
                            }
                        } else {
                            for column in 0..<size {
                                residuals[members[column]] += factor * coefficients[start + column]
                            }
                        }
                    }
                }
            }
        }
    }

    /// Takes away what is left of metrics that are away, and of those that need them to be explained.
    ///
    /// - Parameter ages: rows since each metric is there; 0: it is away.
    func forget(_ ages: UnsafeBufferPointer<Int32>, blocks: [[Int]], in residuals: inout [Double]) {
        for (members, coefficients) in zip(blocks, coefficients) {
            for (place, away) in members.enumerated() where ages[away] == 0 {
                for (column, member) in members.enumerated()
                where member == away || abs(coefficients[place * members.count + column]) > Self.needed {
                    residuals[member] = .nan
                }
            }
        }
    }
}

extension MetricRelations: Codable {
    private enum CodingKeys: CodingKey { case centre, scale, coefficients }

    /// Reads relations.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        centre = try values.decode(PackedNumbers.self, forKey: .centre).values
        scale = try values.decode(PackedNumbers.self, forKey: .scale).values
        coefficients = try values.decode([PackedNumbers].self, forKey: .coefficients).map(\.values)
    }

    /// Writes them; there are many.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(PackedNumbers(centre), forKey: .centre)
        try values.encode(PackedNumbers(scale), forKey: .scale)
        try values.encode(coefficients.map(PackedNumbers.init), forKey: .coefficients)
    }
}
