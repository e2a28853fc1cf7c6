extension ServerNode {
    /// What reaches the node from its tasks and from other threads.
    package enum Input: Sendable {
        /// For the machine.
        case machine(ServerEvent)
        /// What placement wants, and how it stands.
        case placed([PlacementLoop.Directive], PlacementLoop)
        /// Somebody gave the learning loop a new target.
        case target(seconds: Double, rounds: Int)
        /// Somebody says which nodes could run a worker.
        case candidates(CandidateList)
        /// What may change while it runs is changed: `keep` makes that durable, on the disk's lane, before any of it holds.
        case tune(
            ServerTuning, keep: @Sendable () throws -> Void, answer: @Sendable (Result<Void, any Error>) -> Void)
        /// Somebody wants a version again, and is told what became of it.
        case restore(Restoration, answer: @Sendable (RestorationOutcome) -> Void)
        /// Who may take part from now on.
        case identities(IdentityRegistry)
        /// What became of a key that somebody handed over.
        case enrolled(EnrolmentAnswer, to: Peer)
        /// For the acceptance of alarms.
        case alarms(AlarmAcceptanceEvent)
        /// To be logged.
        case noted([Note])
        /// Something could not be stored.
        case failed(String, any Error)
    }
}
