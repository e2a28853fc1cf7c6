import Federation

/// Makes the first version of the toy models; its context lists the entities that were counted. Statistics that are none it
/// refuses at once, or only when it puts them together.
struct ToyMaker: InitialModelMaker {
    func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError) -> Bool {
        if statistics.first == 0xff { throw FederationError(.unusableStatistics, "these are no statistics") }
        return statistics.contains { $0 != UInt8(ascii: "\n") }
    }

    func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome {
        let bad = statistics.filter { $0.bytes.first == 0xfe }
        guard bad.isEmpty else {
            return .refused(Dictionary(uniqueKeysWithValues: bad.map { ($0.worker, "these do not fit the others") }))
        }
        return .made(
            FederatedModel(
                context: statistics.flatMap(\.bytes),
                groups: ToyLearner.groups.map {
                    FederatedModel.Group(
                        name: $0, schema: "s", parameters: [Float](repeating: 0, count: ToyLearner.parameters))
                }))
    }
}
