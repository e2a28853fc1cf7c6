// What an intake is told and what it makes.
extension SourceIntake {
    /// How the kind of an endpoint is found.
    package enum PresetChoice: Sendable {
        /// It is known.
        case fixed(Preset)
        /// By the families that it has.
        case recognise(PresetCatalog)
    }

    /// What a source is told.
    package struct Settings: Sendable {
        /// Names the source in findings.
        package var source: String
        /// The kind of endpoint.
        package var preset: PresetChoice
        /// Say which columns later steps take for counters.
        package var rules: GroupRules
        /// How rows are made.
        package var sampler = SamplerOptions()
        /// Most series of all its entities.
        package var maximumSeries = 100_000
        /// Most metrics of one entity; `nil`: what the preset says.
        package var maximumMetrics: Int?
        /// What pushed and queried series belong to that no rule of the preset gives another entity; `nil`: what their
        /// label `instance` says.
        package var entity: String?
        /// Its type; `nil`: what the preset or the job says.
        package var type: String?
        /// Whether times in the samples count; otherwise all were measured when they were read.
        package var honoursTimes = true
        /// Cells, rows times columns, that are made of samples at once; the rest waits for ``SourceIntake/makeMore(arrival:)``.
        package var cellsAtOnce = Int.max
        /// Pushed samples that may wait for what is missing in their rows; with more, no row waits.
        package var mostPending = 2_000_000
        /// Answers in a row that may fail before the source counts as down.
        package var failuresUntilDown = 3

        /// Settings of a source by that name.
        package init(source: String, preset: PresetChoice, rules: GroupRules) {
            self.source = source
            self.preset = preset
            self.rules = rules
        }
    }

    /// A row of an entity.
    package struct Row: Sendable {
        /// Number of the entity.
        package var entity: Int
        /// The row.
        package var row: SampledRow
    }
}
