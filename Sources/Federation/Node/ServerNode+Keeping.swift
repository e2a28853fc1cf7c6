import Platform

extension ServerNode {
    /// Sends accepted contributions on their way to the disk.
    func storeContributions() {
        store("contributions") { [kept, disk, inbox] in
            try kept.write(to: disk)
            inbox.put(.noted([]))
        }
    }

    /// What the disk did not take is offered again once in a heartbeat: nobody else's would be taken while it waits.
    func storeContributionsAgain(at now: Instant) {
        guard now >= nextKeeping, kept.takesUp() else { return }
        nextKeeping = now + machine.configuration.heartbeatInterval
        storeContributions()
    }
}
