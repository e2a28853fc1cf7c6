extension EngineReconciler {
    /// How patient it is.
    package struct Settings: Equatable, Sendable {
        /// How long a wish has to hold before something that runs is ended for it.
        package var settle: Duration = .seconds(3)
        /// How long it looks on at first: what an earlier controller told the engine may not be seen yet.
        package var caution: Duration = .seconds(10)
        /// How long a start or a stop may not be seen before it is asked for again.
        package var sight: Duration = .seconds(10)
        /// How long a copy may wait in the engine's queue before that is a refusal.
        package var patience: Duration = .seconds(30)
        /// How long others stay for a copy that runs and that the federation has not heard of.
        package var arrival: Duration = .seconds(30)
        /// How long it may wait while the engine wakes its node.
        package var waking: Duration = .seconds(600)
        /// How long a copy may take to end before its node counts as one that hosts nothing: engines give it 30 s.
        package var ending: Duration = .seconds(120)
        /// How long a node hosts nothing after a refusal.
        package var refusal: Duration = .seconds(60)
        /// How long nothing starts after a copy failed; twice as long after each further one, up to ``longestBackOff``.
        package var backOff: Duration = .seconds(2)
        /// The longest time that nothing starts because of failures.
        package var longestBackOff: Duration = .seconds(120)
        /// How long a copy runs before what failed earlier is forgotten.
        package var recovery: Duration = .seconds(60)

        /// As the tool has them.
        package init() {}
    }
}
