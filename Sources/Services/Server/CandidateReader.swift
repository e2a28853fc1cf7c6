import Federation
import Platform

/// Reads a list of candidates as it arrives over HTTP.
enum CandidateReader {
    private static let keys: Set = [
        "name", "domain", "canHost", "reason", "accelerationFactor", "latencySeconds", "hasSamples",
    ]
    private static let timesToLive = 5.0...3_600
    private static let longestReason = 200

    private struct Body: Decodable {
        let ttlSeconds: Double?
        let nodes: [JSONValue]
    }

    /// - Throws: ``Problem`` that names the field.
    static func read(_ request: HTTPRequest) throws(Problem) -> CandidateList {
        let body = try Problem.read(Body.self, from: request, keys: ["ttlSeconds", "nodes"])
        let seconds = body.ttlSeconds ?? 60
        guard timesToLive.contains(seconds) else {
            throw Problem(400, "ttlSeconds: found \(seconds), expected seconds, 5 to 3600")
        }
        guard body.nodes.count <= CandidateList.mostNodes else {
            throw Problem(413, "nodes: found \(body.nodes.count), expected \(CandidateList.mostNodes) at most")
        }
        var nodes: [PlacementCandidate] = []
        nodes.reserveCapacity(body.nodes.count)
        var places: [String: Int] = [:]
        for (index, value) in body.nodes.enumerated() {
            guard case .object(let fields) = value else {
                throw Problem(400, "nodes[\(index)]: expected an object such as {\"name\": \"n1\", \"domain\": \"d\"}")
            }
            let node = try Fields(place: "nodes[\(index)]", values: fields).candidate(keys: keys)
            if let other = places.updateValue(index, forKey: node.name) {
                throw Problem(400, "nodes[\(index)].name: found '\(node.name)', which nodes[\(other)] has already")
            }
            nodes.append(node)
        }
        let time = Duration.nanoseconds(Int64(seconds * 1e9))
        return CandidateList(number: 0, timeToLive: time, nodes: nodes.sorted { $0.name < $1.name })
    }

    /// The fields of one node, and where they stand.
    private struct Fields {
        let place: String
        let values: [String: JSONValue]

        func candidate(keys: Set<String>) throws(Problem) -> PlacementCandidate {
            if let stranger = values.keys.filter({ !keys.contains($0) }).min() {
                throw Problem(
                    400,
                    "\(place).\(HTTPResponse.printable(stranger)): not a key here; there are "
                        + keys.sorted().joined(separator: ", "))
            }
            var candidate = PlacementCandidate(
                name: try name("name", limit: Envelope.longestName - 20),
                domain: try name("domain", limit: WireLimits.place))
            candidate.canHost = try flag("canHost", orElse: true)
            candidate.hasSamples = try flag("hasSamples", orElse: false)
            candidate.accelerationFactor = try number(
                "accelerationFactor", "a factor in (0, 1), both excluded, or null"
            ) { $0 > 0 && $0 < 1 }
            candidate.latencySeconds = try number(
                "latencySeconds", "seconds, 0 to 60, or null"
            ) { $0 >= 0 && $0 <= 60 }
            switch values["reason"] {
            case nil, .null: break
            case .string(let text): candidate.reason = PrintableText.line(text, limit: CandidateReader.longestReason)
            default: throw fault("reason", "expected a text")
            }
            return candidate
        }

        private func fault(_ key: String, _ text: String) -> Problem { Problem(400, "\(place).\(key): \(text)") }

        private func name(_ key: String, limit: Int) throws(Problem) -> String {
            guard let value = values[key] else { throw fault(key, "missing") }
            guard case .string(let text) = value else { throw fault(key, "expected a text") }
            if let flaw = NameRule.flaw(in: text, limit: limit) {
                throw fault(key, "found \(flaw.found), expected \(flaw.expected)")
            }
            return text
        }

        private func flag(_ key: String, orElse fallback: Bool) throws(Problem) -> Bool {
            switch values[key] {
            case nil: return fallback
            case .bool(let value): return value
            default: throw fault(key, "expected true or false")
            }
        }

        private func number(
            _ key: String, _ expected: String, _ isFine: (Double) -> Bool
        ) throws(Problem) -> Double? {
            switch values[key] {
            case nil, .null: return nil
            case .number(let value) where isFine(value): return value
            case .number(let value): throw fault(key, "found \(value), expected \(expected)")
            default: throw fault(key, "expected \(expected)")
            }
        }
    }
}
