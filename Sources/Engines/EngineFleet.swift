package import Platform

/// What may run where: the nodes of an engine, and the worker of each.
///
/// A JSON object with `nodes`, a list of names or of objects with a `name`, and `defaults`, which hold for every node that does not
/// say something else. Without `nodes` every node of the engine is one. Texts may have `{node}`, `{worker}`, `{site}` and
/// `{domain}` in them.
package struct EngineFleet: Equatable, Sendable {
    /// A node, and the worker that would run there.
    package struct Member: Equatable, Sendable {
        /// The engine's name for the node.
        package var node: String
        /// The worker's name in the federation.
        package var worker: String
        package var site: String
        package var domain: String
        /// Further arguments of `fl-worker`.
        package var arguments: [String]
        /// Arguments that only a worker with an accelerator gets.
        package var acceleratedArguments: [String]
        /// The time that its accelerator takes beside its CPU's.
        package var accelerationFactor: Double
        /// Seconds to the server and back; `nil` where nobody said.
        package var latencySeconds: Double?
        /// Whether it has samples of its own.
        package var hasSamples: Bool
    }

    /// What a node, or the defaults, say.
    private struct Entry: Equatable {
        var name: String?
        var worker: String?
        var site: String?
        var domain: String?
        var arguments: [String]?
        var acceleratedArguments: [String]?
        var accelerationFactor: Double?
        var latencySeconds: Double?
        var samples: Bool?

        init() {}

        init(_ json: JSONValue, of name: String) throws(EngineError) {
            let fields = try EngineFields(json, of: name)
            self.name = try fields.text("name")
            worker = try fields.text("worker")
            site = try fields.text("site")
            domain = try fields.text("domain")
            arguments = try fields.texts("arguments")
            acceleratedArguments = try fields.texts("acceleratedArguments")
            accelerationFactor = try fields.number("accelerationFactor", 0.001...0.999)
            latencySeconds = try fields.number("latencySeconds", 0...60)
            samples = try fields.flag("samples")
            try fields.end(known: [
                "name", "worker", "site", "domain", "arguments", "acceleratedArguments", "accelerationFactor",
                "latencySeconds", "samples",
            ])
        }
    }

    /// Most nodes that one controller takes.
    package static let mostNodes = 5_000
    /// Bytes of a worker's name: what a server takes of a candidate.
    package static let longestWorker = 100

    private var defaults = Entry()
    private var entries: [Entry]?

    /// Reads it.
    ///
    /// - Throws: ``EngineError`` (`configuration`) that names the node and the field.
    package init(_ json: JSONValue) throws(EngineError) {
        let fields = try EngineFields(json, of: "nodes file")
        try fields.end(known: ["defaults", "nodes"])
        if let json = fields.value("defaults") {
            defaults = try Entry(json, of: "nodes file: defaults")
            if defaults.name != nil {
                throw EngineError(.configuration, "nodes file: defaults: unknown key 'name'")
            }
        }
        guard let list = fields.value("nodes") else { return }
        guard case .array(let nodes) = list, nodes.count <= Self.mostNodes else {
            throw EngineError(
                .configuration, "nodes file: nodes: expected a list of at most \(Self.mostNodes) names or objects")
        }
        var entries: [Entry] = []
        for (index, node) in nodes.enumerated() {
            var entry = Entry()
            if case .string(let name) = node, !name.isEmpty {
                entry.name = name
            } else {
                entry = try Entry(node, of: "nodes file: nodes[\(index)]")
            }
            guard entry.name != nil else {
                throw EngineError(
                    .configuration, "nodes file: nodes[\(index)]: found no name, expected the engine's name of a node")
            }
            entries.append(entry)
        }
        self.entries = entries
        // Names are wrong now, not when the engine is asked.
        _ = try members(of: [])
    }

    /// What reads like the file, or is not valid JSON.
    package init(text: [UInt8]) throws(EngineError) {
        let json: JSONValue
        do { json = try DeterministicJSON.decode(JSONValue.self, from: text) } catch {
            let place = JSONFlaw(in: text).map { ": \($0)" } ?? ""
            throw EngineError(.configuration, "nodes file: not valid JSON\(place)")
        }
        self = try EngineFleet(json)
    }

    /// The nodes with their workers, in the order of the workers' names.
    ///
    /// - Parameter known: the engine's nodes, which are all of them where the file names none.
    package func members(of known: [EngineNode]) throws(EngineError) -> [Member] {
        let listed =
            entries
            ?? known.prefix(Self.mostNodes).map { node in
                var entry = Entry()
                entry.name = node.name
                return entry
            }
        var members: [Member] = []
        var nodes: Set<String> = []
        var workers: Set<String> = []
        for entry in listed {
            let member = try member(entry)
            guard nodes.insert(member.node).inserted else {
                throw EngineError(.configuration, "nodes file: node '\(member.node)' stands there twice")
            }
            guard workers.insert(member.worker).inserted else {
                throw EngineError(.configuration, "nodes file: worker '\(member.worker)' stands there twice")
            }
            members.append(member)
        }
        return members.sorted { $0.worker < $1.worker }
    }

    private func member(_ entry: Entry) throws(EngineError) -> Member {
        let node = entry.name ?? ""
        var words = ["node": node]
        let worker = try filled(entry.worker ?? defaults.worker ?? "{node}", words, node)
        words["worker"] = worker
        if let flaw = NameRule.flaw(in: worker, limit: Self.longestWorker) {
            throw EngineError(
                .configuration, "nodes file: node '\(node)': worker: found \(flaw.found), expected \(flaw.expected)")
        }
        let site = try filled(entry.site ?? defaults.site ?? "{worker}", words, node)
        words["site"] = site
        let domain = try filled(entry.domain ?? defaults.domain ?? "{site}", words, node)
        words["domain"] = domain
        return Member(
            node: node, worker: worker, site: site, domain: domain,
            arguments: try filled(entry.arguments ?? defaults.arguments ?? [], words, node),
            acceleratedArguments: try filled(
                entry.acceleratedArguments ?? defaults.acceleratedArguments ?? [], words, node),
            accelerationFactor: entry.accelerationFactor ?? defaults.accelerationFactor ?? 0.5,
            latencySeconds: entry.latencySeconds ?? defaults.latencySeconds,
            hasSamples: entry.samples ?? defaults.samples ?? true)
    }

    private func filled(_ texts: [String], _ words: [String: String], _ node: String) throws(EngineError) -> [String] {
        var result: [String] = []
        for text in texts { result.append(try filled(text, words, node)) }
        return result
    }

    /// A text with the words in place of their names; other braces stay.
    private func filled(_ text: String, _ words: [String: String], _ node: String) throws(EngineError) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}") else { break }
            let name = String(rest[rest.index(after: open)..<close])
            if let word = words[name] {
                result += word
            } else if ["node", "worker", "site", "domain"].contains(name) {
                throw EngineError(
                    .configuration,
                    "nodes file: node '\(node)': {\(name)} cannot stand in '\(PrintableText.line(text, limit: 60))'")
            } else {
                result += rest[...close]
            }
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}

extension EngineFleet.Member {
    /// The command of a copy.
    ///
    /// - Parameters:
    ///   - control: the server's endpoints, as the nodes reach them.
    ///   - token: a word to enrol with.
    package func command(_ role: EngineRole, control: String, bulk: String, token: String?) -> EngineCommand {
        var words = ["--name", worker, "--site", site, "--domain", domain, "--control", control, "--bulk", bulk]
        var given = arguments
        switch role {
        case .worker: words += ["--accelerator", "cpu"]
        case .acceleratedWorker: given = acceleratedArguments + arguments
        case .holder: words += ["--accelerator", "cpu", "--standby"]
        }
        return EngineCommand(arguments: Self.usual(words, beside: given) + given, token: token)
    }

    /// The usual words without the options that the file gives, with their values: a worker takes each option once.
    private static func usual(_ words: [String], beside given: [String]) -> [String] {
        let options = Set(given.filter { $0.hasPrefix("--") }.map { String($0.prefix { $0 != "=" }) })
        var isKept = true
        return words.filter { word in
            if word.hasPrefix("--") { isKept = !options.contains(String(word.prefix { $0 != "=" })) }
            return isKept
        }
    }

    /// What placement hears of the node.
    package func candidate(_ node: EngineNode?, _ canHost: (Bool, reason: String)) -> EngineCandidate {
        EngineCandidate(
            worker, domain: domain, canHost: canHost.0, reason: canHost.reason,
            accelerationFactor: (node?.accelerators ?? 0) > 0 ? accelerationFactor : nil,
            latencySeconds: latencySeconds,
            hasSamples: hasSamples)
    }
}
