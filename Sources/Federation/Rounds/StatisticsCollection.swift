/// The statistics of a round, put together as they come. What counts does not depend on their order.
package protocol StatisticsCollection: Sendable {
    /// Takes what one worker sent, which has passed the gate by itself.
    mutating func add(_ statistics: [UInt8], from worker: String)
    /// The first version of a loop. Takes a while. May be asked again, to leave out those that were refused.
    ///
    /// - Parameter last: the last version, whose parameters are carried over as far as they can be; `nil` for the first loop.
    mutating func makeModel(
        leavingOut names: Set<String>, continuing last: FederatedModel?
    ) -> InitialModelOutcome
    /// Rows behind each entity, as what counts says; known when a model was made.
    var rows: [String: UInt64] { get }
    /// What did not count, or for less than it claims; known when a model was made.
    var treatment: RoundTreatment { get }
}

/// Statistics that are held until all are there.
struct HeldStatistics: StatisticsCollection {
    private let maker: any InitialModelMaker
    private var held: [String: [UInt8]] = [:]
    private(set) var rows: [String: UInt64] = [:]
    var treatment: RoundTreatment { RoundTreatment() }

    init(maker: any InitialModelMaker) { self.maker = maker }

    mutating func add(_ statistics: [UInt8], from worker: String) { held[worker] = statistics }

    mutating func makeModel(
        leavingOut names: Set<String>, continuing last: FederatedModel?
    ) -> InitialModelOutcome {
        let used = held.filter { !names.contains($0.key) }.sorted { $0.key < $1.key }
        rows = used.reduce(into: [:]) { rows, part in rows.merge(maker.rows(statistics: part.value)) { max($0, $1) } }
        return maker.makeModel(statistics: used.map { (worker: $0.key, bytes: $0.value) }, continuing: last)
    }
}
