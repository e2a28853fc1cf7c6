import Federation
import Platform

/// Moves toy samples: a copy is there after a while.
final class ToyMover: SampleMover {
    private unowned let place: WorkerPlace
    private let inbox: Inbox<WorkerNode.Input>
    private(set) var grants: [SampleGrant] = []
    private(set) var sources: [SampleSource] = []
    private var isStopped = false

    init(_ place: WorkerPlace, inbox: Inbox<WorkerNode.Input>) {
        self.place = place
        self.inbox = inbox
    }

    func mirror(_ sources: [SampleSource]) {
        self.sources = sources
        for source in sources {
            let limit: Int64 = place.cluster.isHealthy ? 200 : 4_000
            let pause = Duration.milliseconds(Int64.random(in: 10...limit, using: &place.cluster.generator))
            place.cluster.agenda.after(pause) { [weak self] in
                guard let self, !isStopped, self.sources.contains(source) else { return }
                place.copies.formUnion(source.entities)
                inbox.put(.machine(.mirrored(place.copies.sorted())))
            }
        }
    }

    func grant(_ grants: [SampleGrant]) { self.grants = grants }
    func stop() { isStopped = true }
}
