import Federation
import Numerics
import Platform

extension SimulatedCluster {
    /// Lets one misfortune happen.
    func strike(_ incident: FaultSchedule.Incident) {
        guard !isHealthy else { return }
        say("fault", "\(incident.kind.rawValue) at place \(incident.place) for \(incident.duration.seconds) s")
        switch incident.kind {
        case .delay, .loss, .duplication, .reordering, .corruption: changeWeather(incident)
        case .oneWayLink, .partition, .halfOpenPeer, .anotherAddress: strikeLink(incident)
        case .slowDisk, .fullDisk, .busyDisk, .tornWrite, .lostWrite, .flippedBit: strikeDisk(incident)
        case .pause, .clockJump, .clockDrift: strikeClock(incident)
        case .workerKilled, .workerRestored, .serverKilled, .twoCopies, .lostFolder, .restoredFolder:
            strikeProcess(incident)
        case .failedWork:
            let place = workers[incident.place % workers.count]
            tally.count(.failedWork)
            place.fails = true
            after(incident.duration) { place.fails = false }
        case .poisonedParameters, .wrongShape, .oversizedUpdate, .poisonedStatistics, .forgedAlarms, .foreignLease,
            .flood, .silentMember:
            hostile.attack(incident)
        }
    }

    /// Something that ends an incident, unless everything is well by then.
    private func after(_ duration: Duration, _ end: @escaping () -> Void) {
        agenda.after(duration) { [unowned self] in if !isHealthy { end() } }
    }

    // MARK: The network

    private func changeWeather(_ incident: FaultSchedule.Incident) {
        switch incident.kind {
        case .delay:
            network.weather.slowest = .milliseconds(Int64(150 + 1_800 * incident.strength))
            after(incident.duration) { [network] in network.weather.slowest = .milliseconds(4) }
        case .loss:
            network.weather.loss = 0.3 * incident.strength
            after(incident.duration) { [network] in network.weather.loss = 0 }
        case .duplication:
            network.weather.duplication = 0.3 * incident.strength
            after(incident.duration) { [network] in network.weather.duplication = 0 }
        case .reordering:
            network.weather.reorders = true
            network.weather.slowest = max(network.weather.slowest, .milliseconds(90))
            after(incident.duration) { [network] in network.weather.reorders = false }
        default:
            network.weather.corruption = 0.1 * incident.strength
            after(incident.duration) { [network] in network.weather.corruption = 0 }
        }
    }

    private func strikeLink(_ incident: FaultSchedule.Incident) {
        let worker = workers[incident.place % workers.count]
        let end = agenda.now + incident.duration
        switch incident.kind {
        case .oneWayLink:
            network.cut(worker.index, [incident.strength < 0.5 ? .up : .down], until: end)
        case .partition:
            // At the server's place: nobody reaches it.
            let places = incident.place == settings.serverPlace ? workers.map(\.index) : [worker.index]
            for place in places { network.cut(place, [.up, .down], until: end) }
        case .halfOpenPeer:
            guard let endpoint = worker.process?.port.endpoint else { return }
            network.killConnections(of: endpoint)
        default:
            guard let endpoint = worker.process?.port.endpoint else { return }
            network.rename(endpoint)
        }
        tally.count(incident.kind)
    }

    // MARK: Disks

    private func strikeDisk(_ incident: FaultSchedule.Incident) {
        let worker = incident.place == settings.serverPlace ? nil : workers[incident.place]
        let faults = worker?.faults ?? server.faults
        switch incident.kind {
        case .slowDisk:
            let longest = Duration.milliseconds(Int64(500 + 5_000 * incident.strength))
            setWriting(worker, longest)
            after(incident.duration) { [unowned self] in setWriting(worker, .milliseconds(3)) }
            tally.count(.slowDisk)
        case .fullDisk:
            faults.isFull = true
            faults.refused = { [tally] in tally.count(.fullDisk) }
            after(incident.duration) { faults.isFull = false }
        case .busyDisk:
            faults.isBusy = true
            faults.refused = { [tally] in tally.count(.busyDisk) }
            after(incident.duration) { faults.isBusy = false }
        case .tornWrite: faults.accident = .torn
        case .lostWrite: faults.accident = incident.strength < 0.5 ? .lost : .unheard
        default:
            if let worker { worker.flipABit() } else { server.flipABit() }
        }
    }

    private func setWriting(_ worker: WorkerPlace?, _ longest: Duration) {
        guard let worker else {
            server.longestWrite = longest
            return server.setSpeed()
        }
        worker.longestWrite = longest
        worker.setSpeed()
    }

    // MARK: Clocks and processes

    private func strikeClock(_ incident: FaultSchedule.Incident) {
        let isServer = incident.place == settings.serverPlace
        guard let process = isServer ? server.process : workers[incident.place].process else { return }
        switch incident.kind {
        case .pause: process.pause(for: incident.duration)
        case .clockJump:
            process.clock.jump(by: .milliseconds(Int64(200 + 8_000 * incident.strength)))
            // To the server it is as if it had slept: every lease begins anew.
            if isServer { observe(.serverAttentive) }
        default:
            process.clock.drift(at: 0.9 + 0.2 * incident.strength)
            after(incident.duration) { process.clock.drift(at: 1) }
        }
        tally.count(incident.kind)
    }

    private func strikeProcess(_ incident: FaultSchedule.Incident) {
        let worker = workers[incident.place % workers.count]
        let pause = Duration.milliseconds(Int64(100 + 2_500 * incident.strength))
        // Writes that are on their way may still be made.
        let writes: [NodeTask.Lane: Int] = [.disk: Int.random(in: 0...2, using: &generator), .alarms: 0]
        switch incident.kind {
        case .workerKilled:
            guard worker.process != nil else { return }
            worker.end("kill -9", writing: writes, restartAfter: pause)
        case .workerRestored: worker.restore()
        case .serverKilled:
            guard server.process != nil else { return }
            server.end("kill -9", writing: writes, restartAfter: pause)
        case .twoCopies:
            let twin = worker.copy()
            twins.append(twin)
            twin.start()
            after(incident.duration) { twin.end("it was one too many", restartAfter: .zero) }
        case .lostFolder: server.lose()
        default:
            guard server.restore() else { return }
        }
        if incident.kind == .lostFolder || incident.kind == .restoredFolder {
            // Sometimes the server still runs and has to notice by itself.
            if incident.strength < 0.7 { server.end("its folder was replaced", restartAfter: pause) }
        }
        tally.count(incident.kind)
    }
}
