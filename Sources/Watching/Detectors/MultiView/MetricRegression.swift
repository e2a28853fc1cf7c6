package import Platform

/// How far each metric is from what the other metrics say of it: a ridge regression of every metric on all others,
/// read off the inverse of the regularised correlation matrix.
package struct MetricRegression: Codable, Sendable {
    /// Samples between the two values whose difference is explained; 0: the distance from the mean is.
    package let lag: Int
    /// The scale of each metric, `[F]`; positive.
    @Shelved package private(set) var scale: [Double]
    /// For each block of metrics that explain each other its coefficients `[n × n]`, row-major, zero diagonal: the
    /// residual of metric j is z_j + Σ_k clip(z_k) · c[k, j].
    @Shelved package private(set) var coefficients: [[Double]]

    /// Scaled values beyond this are cut where they explain others, so that one wild metric does not blame all.
    package static let clip = 8.0
    /// Added to the diagonal of the correlation matrix.
    package static let ridge = 1e-2
    /// Most metrics in a block: the work per sample is F × block.
    package static let largestBlock = 256

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
}
