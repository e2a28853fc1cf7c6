extension EntityModel {
    /// Whether the parts fit each other: false for a model that was read from a damaged manifest.
    package var isConsistent: Bool {
        groups.count == detector.metrics.count && scoredGroups == Self.scoredGroups(groups)
            && calibrations.count == scoredGroups.count && !method.horizons.isEmpty
            && method.horizons.allSatisfy { $0 > 0 } && (1...method.horizons.count).contains(method.fastCount)
    }
}
