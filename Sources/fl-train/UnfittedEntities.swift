import CommandLine
import Telemetry
import Watching

/// What could not be learned of entities because there is too little of them; others are learned from all the same.
struct UnfittedEntities {
    private var failures: [(source: EntitySource, error: DetectionError)] = []

    /// Keeps why something could not be learned of an entity.
    ///
    /// - Throws: the error, where it is another than that there is too little to learn from.
    mutating func add(_ source: EntitySource, _ error: any Error) throws {
        guard let error = error as? DetectionError, error.code == .insufficientData else { throw error }
        failures.append((source, error))
    }

    /// The detectors without methods that could be fitted to nothing, and the first method that could.
    ///
    /// - Throws: why the first failed, where all did.
    func kept(
        of found: [String: DetectorSet], _ methods: [DetectionMethod]
    ) throws -> (detectors: [String: DetectorSet], main: String) {
        let detectors = found.filter { !$0.value.entities.isEmpty }
        guard let main = methods.first(where: { detectors[$0.name] != nil }) else {
            throw failures.first?.error
                ?? DetectionError(.insufficientData, "training", "no entity to learn from, at least one is needed")
        }
        return (detectors, main.name)
    }

    /// A line for all entities of which the same is to be said, with what watches them instead.
    func notes(_ main: DetectorSet?) -> [String] {
        var said: [String: [String]] = [:]
        for (source, error) in failures {
            let (own, type) = (main?.entities[source.key], main?.types[source.type])
            let instead = own != nil ? "" : type != nil ? "; watched as others of its type" : "; nothing watches it"
            let what = error.operation.replacing(" to \(source.key)", with: "")
            said["\(what): \(error.detail)\(instead)", default: []].append(source.key)
        }
        return said.sorted { ($0.value[0], $0.key) < ($1.value[0], $1.key) }.map { line, keys in
            let others = keys.count > 1 ? " and \(Quantity.count(keys.count - 1, "other"))" : ""
            return "\(keys[0])\(others): \(line)"
        }
    }
}
