// What a sampler knows of series and samples, and what closing rows brings.
extension EntitySampler {
    /// A series.
    struct Member {
        var slot: Int
        var role: SeriesResolver.Role
        /// Whether NaN says that nothing was observed: the last value stands.
        var isQuantile = false
        var value = Double.nan
        var time = -Double.infinity
        /// The row with its latest sample.
        var row = Self.unseen
        /// The row before which it came.
        var firstRow = 0

        /// In place of a row: nothing has come of it; what came was left out.
        static let (unseen, refused) = (-1, -2)
    }

    /// A sample that waits for its row.
    struct Pending {
        var time: Double
        var value: Double
        /// Of its series; as short as it may be: of these there are as many as a request has samples.
        private var number: Int32
        /// Whether the time is the sample's own, not that of its batch.
        var isOwnTime: Bool

        var member: Int { Int(number) }

        init(time: Double, member: Int, value: Double, isOwnTime: Bool) {
            (self.time, self.value, self.isOwnTime) = (time, value, isOwnTime)
            number = Int32(member)
        }
    }

    /// What closing rows has brought.
    struct Closed {
        var rows: [SampledRow] = []
        /// Names of columns that are gone, those that have come, when they changed.
        var vanished: [String]?
        var new: [String] = []
        var clockStep: Double?
        var interval: Double?
        var resets = 0
        var incomplete: Bool?
        var refused = 0
    }
}
