import Platform

/// What is due in each turn.
extension ServerNode {
    /// At once with news, and a round may begin and end between two ticks; without, once a tick: what comes of it wakes the
    /// node's thread, whose turn would ask for the next at once.
    func place(at now: Instant) {
        guard placement != nil else { return placementEvents = [] }
        let stage = machine.stage
        let isDue = lastPlaced.map { $0.stage != stage || now - $0.at >= Self.tickInterval } ?? true
        guard !isPlacing, isDue || !placementEvents.isEmpty else { return }
        isPlacing = true
        lastPlaced = (now, stage)
        let (inbox, placing, view) = (inbox, placing, machine.view)
        let events = placementEvents + [.tick]
        placementEvents = []
        tasks.start(NodeTask(.placement, "place")) {
            let outcome: ([PlacementLoop.Directive], PlacementLoop)? = placing.with { loop in
                guard var next = loop else { return nil }
                // Only one copy while it changes.
                loop = nil
                var directives: [PlacementLoop.Directive] = []
                for event in events { directives += next.step(event, in: view, at: now) }
                loop = next
                return (directives, next)
            }
            if let (directives, loop) = outcome { inbox.put(.placed(directives, loop)) }
        }
    }

    func publish() {
        guard machine.isFinished, published != machine.version, let model = machine.bundle else { return }
        published = machine.version
        let version = machine.version
        store("the final model") { [disk] in try disk.publish(model, version: version) }
    }

    func check(at now: Instant) {
        // A disk that takes longer is not asked again before it has answered.
        guard now - lastCheck >= .seconds(1), isAnswered.with({ $0 }) else { return }
        lastCheck = now
        isAnswered.with { $0 = false }
        store("anything") { [disk, isAnswered] in
            defer { isAnswered.with { $0 = true } }
            try disk.check()
        }
    }

    // MARK: Told anew

    /// Keeps a change first, then lets it hold.
    func tune(
        _ tuning: ServerTuning, _ keep: @escaping @Sendable () throws -> Void,
        _ answer: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        tasks.start(NodeTask(.disk, "tune")) { [inbox] in
            do {
                try keep()
                inbox.put(.machine(.tuned(tuning)))
                answer(.success(()))
            } catch {
                inbox.put(.failed("the configuration", error))
                answer(.failure(error))
            }
        }
    }

    /// Whoever chooses workers hears of another number of rounds.
    func tellPlacement(_ tuning: ServerTuning) {
        guard let placement, tuning.configuration.rounds != machine.configuration.rounds else { return }
        placementEvents.append(
            .target(seconds: placement.targetSeconds, rounds: Int(tuning.configuration.rounds)))
    }
}
