/// What the views need to know of normal samples: everything learned before their ranges are.
package struct ViewParameters: Codable, Sendable {
    /// The views in use.
    package let views: [MetricView]
    /// The resource group of each metric, `[F]`.
    package let groups: [String]
    /// Mean of each metric.
    package let centre: [Double]
    /// Standard deviation of each metric, at least ``floor``.
    package let spread: [Double]
    /// The least spread of each metric.
    package let floor: [Double]
    /// The daily profile; `nil` when training covers too few days.
    package let profile: DailyProfile?
    /// One regression for each lag of an `unexplained` view.
    package var regressions: [MetricRegression]

    /// F: number of metrics.
    var width: Int { centre.count }

    /// The blocks of metrics that explain each other.
    var blocks: [[Int]] { MetricRegression.blocks(groups: groups) }
}
