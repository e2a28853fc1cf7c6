/// One cleaned row as a detector sees it: as many cells as the detector has metrics, in its order. Valid only during
/// the call that hands it over.
package struct StreamRow {
    /// Seconds.
    package let time: Double
    /// Cleaned values in the metrics' own units, finite, `[F]`.
    package let values: UnsafeBufferPointer<Double>
    /// What the autoencoders say: reconstruction minus sample, scaled, `[F]`; 0 for a metric without a model, and
    /// everywhere where nobody asked for them.
    package let residuals: UnsafeBufferPointer<Float>
    /// Rows since each metric is there, this one included, `[F]`; 0: it is away, and its value a stand-in;
    /// `Int32.max`: it was never away.
    package let ages: UnsafeBufferPointer<Int32>

    /// A row with every cell given.
    ///
    /// - Precondition: there are as many of each.
    package init(
        time: Double, values: UnsafeBufferPointer<Double>, residuals: UnsafeBufferPointer<Float>,
        ages: UnsafeBufferPointer<Int32>
    ) {
        precondition(values.count == residuals.count && values.count == ages.count, "a cell of each for every metric")
        self.time = time
        self.values = values
        self.residuals = residuals
        self.ages = ages
    }
}
