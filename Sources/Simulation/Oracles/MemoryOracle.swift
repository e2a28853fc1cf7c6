import Federation
import Platform

/// What the server holds for its peers stays below a bound.
struct MemoryOracle: Oracle {
    let promise = Promise.memory
    let mostBytes: Int
    private var isReported = false

    init(mostBytes: Int) { self.mostBytes = mostBytes }

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        guard case .held(let bytes) = observation, bytes > mostBytes, !isReported else { return [] }
        isReported = true
        return ["the server holds \(bytes) bytes for its peers, at most \(mostBytes) are promised"]
    }
}
