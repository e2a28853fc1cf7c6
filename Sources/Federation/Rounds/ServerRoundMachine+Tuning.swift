import Platform

/// What a running server is told anew.
package struct ServerTuning: Sendable {
    /// What the machine is told; only what ``ServerConfiguration/tuned(by:)`` names is taken over.
    package var configuration: ServerConfiguration
    /// How contributions become the next version, and what workers train with.
    package var strategy: any Strategy
    /// Makes models from statistics.
    package var maker: any InitialModelMaker

    /// A change with every field given.
    package init(configuration: ServerConfiguration, strategy: any Strategy, maker: any InitialModelMaker) {
        self.configuration = configuration
        self.strategy = strategy
        self.maker = maker
    }
}

extension ServerConfiguration {
    /// The same with everything from another one that may change while rounds go on; who takes part, what travels and what is
    /// held stay as they are.
    func tuned(by other: ServerConfiguration) -> ServerConfiguration {
        var tuned = self
        tuned.digest = other.digest
        tuned.rounds = other.rounds
        tuned.loops = other.loops
        tuned.minimumWorkers = other.minimumWorkers
        tuned.quorum = other.quorum
        tuned.excludeAfter = other.excludeAfter
        tuned.rollbackRatio = other.rollbackRatio
        tuned.roundDeadline = other.roundDeadline
        tuned.gate = other.gate
        tuned.falseAlarmsPerDay = other.falseAlarmsPerDay
        return tuned
    }
}

extension ServerRoundMachine {
    /// Takes over what it was told anew. A round is what it was when it opened: this waits for its end, so that its record
    /// names the configuration that its version follows from.
    mutating func takeUpTuning(_ directives: inout [ServerDirective]) {
        guard let tuning = nextTuning else { return }
        nextTuning = nil
        let before = configuration
        configuration = configuration.tuned(by: tuning.configuration)
        strategy = tuning.strategy
        directives.append(
            .tune(gate: configuration.gate, strategy: tuning.strategy, maker: tuning.maker))
        if configuration.loops.every == nil {
            loopRounds = configuration.rounds
            // More rounds than there were: they go on.
            if case .finished = phase, place(ofRound: nextRound) <= lastRound { phase = .waiting }
            // Fewer than there were: they end, with an evaluation where there is one.
            if case .waiting = phase, !configuration.evaluates, nextRound > 0, endsLoop(nextRound - 1) {
                phase = .finished
            }
        }
        if before.falseAlarmsPerDay != configuration.falseAlarmsPerDay {
            for domain in domains.keys { unsettle(domain) }
        }
        directives.append(.note(Note(.notice, "the configuration that was changed holds from now on")))
    }
}
