extension TelemetryStatistics {
    /// Lets a part of the rows of some entity types count, as if the others were not there: distributions, and how often a
    /// column rises and falls. Exact sums, and the numbers of values that belong to them, stay what they are: they are used only
    /// where a distribution has no spread.
    package mutating func weigh(_ weights: [String: StatisticsComparison.Weight]) {
        for (type, weight) in weights {
            guard var entry = types.removeValue(forKey: type) else { continue }
            entry.columns = entry.columns.mapValues { $0.weighed(weight) }
            entry.clocks = entry.clocks.mapValues { clock in
                var clock = clock
                clock.steps.weigh(weight)
                return clock
            }
            types[type] = entry
        }
    }
}

extension ColumnStatistics {
    fileprivate func weighed(_ weight: StatisticsComparison.Weight) -> ColumnStatistics {
        var result = self
        result.level.sketch.weigh(weight)
        result.rate?.sketch.weigh(weight)
        result.increases = weight.share(of: increases)
        result.decreases = weight.share(of: decreases)
        result.resets = weight.share(of: resets)
        result.fractions = weight.share(of: fractions)
        return result
    }
}
