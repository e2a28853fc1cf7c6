package import Foundation
import Platform

/// Reads a placement instance from its JSON file (format: `docs/placement.md`).
///
/// The bytes are walked once and values go where they belong, so that a dense matrix of thousands of nodes is read at
/// the speed of number parsing. Every fault ends in one `PlacementError` that names the field and, for syntax, the
/// line and column; nothing is guessed, no key is skipped.
package struct InstanceReader {
    private var name = ""
    private var nodes: [PlacementInstance.Node]?
    private var positions: [String: Int] = [:]
    private var namedLinks: [(a: String, b: String, seconds: Double)]?
    private var matrix: (count: Int, values: [Double])?
    private var table: [Double]?
    private var breakpoints: [TrainingTimeProfile.Breakpoint]?
    private var server: String?
    private var targetSeconds: Double?
    private var rounds: Int?
    private var acceleratorLimit: Int?
    private var accelerationFactor: Double?
    private var totalSamples = 0
    private var minimumSamplesPerWorker = 0

    /// Reads a file.
    ///
    /// - Throws: `PlacementError`; its description names the file.
    package static func read(file: String) throws(PlacementError) -> PlacementInstance {
        let data = try InputFile.read(file)
        do throws(PlacementError) {
            return try read(data)
        } catch {
            throw error.named(file)
        }
    }

    /// Reads the bytes of a file.
    package static func read(_ data: Data) throws(PlacementError) -> PlacementInstance {
        let result = data.withUnsafeBytes { raw -> Result<PlacementInstance, PlacementError> in
            do throws(PlacementError) {
                let bytes = raw.assumingMemoryBound(to: UInt8.self)
                guard let base = bytes.baseAddress, !bytes.isEmpty else {
                    throw PlacementError(.malformedInput, field: "", reason: "the file is empty; expected an object")
                }
                var scanner = JSONScanner(bytes, base: base)
                var reader = InstanceReader()
                try reader.readMembers(&scanner)
                return .success(try reader.finish())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static let keys = [
        "name", "nodes", "links", "latencySeconds", "trainingTimeSeconds", "trainingTimeBreakpoints", "server",
        "targetSeconds", "rounds", "acceleratorLimit", "accelerationFactor", "totalSamples", "minimumSamplesPerWorker",
    ]
    private static let nodeKeys = [
        "id", "tier", "accelerator", "canHost", "trainingTimeFactor", "availability", "capacity",
    ]
    private static let linkKeys = ["a", "b", "latencySeconds"]
    private static let breakpointKeys = ["workers", "seconds"]

    private static func unknown(
        _ scanner: JSONScanner, _ field: String, _ key: String, _ known: [String]
    ) -> PlacementError {
        let path = field.isEmpty ? key : "\(field).\(key)"
        let suggestion = Spelling.suggestion(for: key, among: known)
        let help = suggestion.isEmpty ? "; known are \(known.joined(separator: ", "))" : suggestion
        return scanner.fault(path, "unknown key\(help)")
    }

    private mutating func readMembers(_ scanner: inout JSONScanner) throws(PlacementError) {
        var reader = self
        try scanner.object("") { scanner, key throws(PlacementError) in
            switch key {
            case "name": reader.name = try scanner.string(key)
            case "nodes": try reader.readNodes(&scanner)
            case "links": try reader.readLinks(&scanner)
            case "latencySeconds": try reader.readMatrix(&scanner)
            case "trainingTimeSeconds":
                var values: [Double] = []
                try scanner.list(key) { scanner, index throws(PlacementError) in
                    values.append(try scanner.number("\(key)[\(index)]"))
                }
                reader.table = values
            case "trainingTimeBreakpoints": try reader.readBreakpoints(&scanner)
            case "server": if !scanner.takeWord("null") { reader.server = try scanner.string(key) }
            case "targetSeconds": reader.targetSeconds = try scanner.number(key)
            case "rounds": reader.rounds = try scanner.integer(key)
            case "acceleratorLimit": reader.acceleratorLimit = try scanner.integer(key)
            case "accelerationFactor": reader.accelerationFactor = try scanner.number(key)
            case "totalSamples": reader.totalSamples = try scanner.integer(key)
            case "minimumSamplesPerWorker": reader.minimumSamplesPerWorker = try scanner.integer(key)
            default: throw Self.unknown(scanner, "", key, Self.keys)
            }
        }
        try scanner.expectEnd()
        self = reader
    }

    private mutating func readNodes(_ scanner: inout JSONScanner) throws(PlacementError) {
        var list: [PlacementInstance.Node] = []
        var positions: [String: Int] = [:]
        try scanner.list("nodes") { scanner, index throws(PlacementError) in
            let field = "nodes[\(index)]"
            if index >= PlacementInstance.maximumNodes {
                throw PlacementError(
                    .tooLarge, field: field,
                    reason: "more than \(PlacementInstance.maximumNodes) nodes; that many are served at most")
            }
            var node = PlacementInstance.Node(id: "")
            var named = false
            try scanner.object(field) { scanner, key throws(PlacementError) in
                let path = "\(field).\(key)"
                switch key {
                case "id":
                    node.id = try scanner.string(path)
                    named = true
                case "tier": if !scanner.takeWord("null") { node.tier = try scanner.string(path) }
                case "accelerator": node.accelerator = try scanner.boolean(path)
                case "canHost": node.canHost = try scanner.boolean(path)
                case "trainingTimeFactor": node.trainingTimeFactor = try scanner.number(path)
                case "availability": node.availability = try scanner.number(path)
                case "capacity": node.capacity = try scanner.integer(path)
                default: throw Self.unknown(scanner, field, key, Self.nodeKeys)
                }
            }
            if !named { throw scanner.fault("\(field).id", "missing; expected the node's name") }
            if node.id.isEmpty { throw scanner.fault("\(field).id", "empty; expected the node's name") }
            if let first = positions.updateValue(index, forKey: node.id) {
                throw scanner.fault("\(field).id", "found \"\(node.id)\", which nodes[\(first)] has already")
            }
            list.append(node)
        }
        nodes = list
        self.positions = positions
    }

    private mutating func readLinks(_ scanner: inout JSONScanner) throws(PlacementError) {
        var links: [(a: String, b: String, seconds: Double)] = []
        try scanner.list("links") { scanner, index throws(PlacementError) in
            let field = "links[\(index)]"
            var a: String?
            var b: String?
            var seconds: Double?
            try scanner.object(field) { scanner, key throws(PlacementError) in
                switch key {
                case "a": a = try scanner.string("\(field).a")
                case "b": b = try scanner.string("\(field).b")
                case "latencySeconds":
                    let path = "\(field).latencySeconds"
                    let place = scanner
                    let value = try scanner.number(path)
                    if value < 0 {
                        throw place.fault(path, "found \(value), a negative latency; expected seconds, 0 or more")
                    }
                    seconds = value
                default: throw Self.unknown(scanner, field, key, Self.linkKeys)
                }
            }
            guard let a else { throw scanner.fault("\(field).a", "missing; expected the name of a node") }
            guard let b else { throw scanner.fault("\(field).b", "missing; expected the name of a node") }
            guard let seconds else {
                throw scanner.fault("\(field).latencySeconds", "missing; expected the link's round trip in seconds")
            }
            if a == b { throw scanner.fault(field, "links \"\(a)\" to itself") }
            links.append((a, b, seconds))
        }
        namedLinks = links
    }

    private mutating func readBreakpoints(_ scanner: inout JSONScanner) throws(PlacementError) {
        var points: [TrainingTimeProfile.Breakpoint] = []
        try scanner.list("trainingTimeBreakpoints") { scanner, index throws(PlacementError) in
            let field = "trainingTimeBreakpoints[\(index)]"
            var workers: Int?
            var seconds: Double?
            try scanner.object(field) { scanner, key throws(PlacementError) in
                switch key {
                case "workers": workers = try scanner.integer("\(field).workers")
                case "seconds": seconds = try scanner.number("\(field).seconds")
                default: throw Self.unknown(scanner, field, key, Self.breakpointKeys)
                }
            }
            guard let workers else { throw scanner.fault("\(field).workers", "missing; expected a worker count") }
            guard let seconds else { throw scanner.fault("\(field).seconds", "missing; expected a time in seconds") }
            points.append(TrainingTimeProfile.Breakpoint(workers: workers, seconds: seconds))
        }
        breakpoints = points
    }

    /// The hot loop: rows of numbers into one flat array. The first row, or the nodes where they came first, say how
    /// long a row is; room is reserved for no more numbers than the bytes left can hold.
    private mutating func readMatrix(_ scanner: inout JSONScanner) throws(PlacementError) {
        let name = "latencySeconds"
        var values: [Double] = []
        var width = nodes?.count
        var rows = 0
        try scanner.list(name) { scanner, row throws(PlacementError) in
            guard scanner.take(UInt8(ascii: "[")) else {
                throw scanner.fault("\(name)[\(row)]", "found \(scanner.found); expected a row, a list of numbers")
            }
            rows = row + 1
            if let width {
                if row >= width {
                    throw scanner.fault("\(name)[\(row)]", "a row too many; expected \(width), one for each node")
                }
                if row == 0 { values.reserveCapacity(min(width * width, scanner.remaining / 2 + 1)) }
            }
            let before = values.count
            let most = width ?? PlacementInstance.maximumNodes
            if !scanner.take(UInt8(ascii: "]")) {
                repeat {
                    if values.count - before == most {
                        throw scanner.fault("\(name)[\(row)][\(most)]", "a value too many; a row has \(most)")
                    }
                    if let value = scanner.numberIfPresent(), value < .infinity {
                        values.append(value)
                    } else {
                        values.append(try Self.cell(&scanner, row, values.count - before))
                    }
                } while scanner.take(UInt8(ascii: ","))
                guard scanner.take(UInt8(ascii: "]")) else {
                    throw scanner.fault(
                        "\(name)[\(row)][\(values.count - before - 1)]",
                        "found \(scanner.found) after the value; expected ',' or ']'")
                }
            }
            let count = values.count - before
            if let width, count != width {
                throw scanner.fault(
                    "\(name)[\(row)]", "found \(count) values; expected \(width), one for each node")
            }
            if width == nil {
                width = count
                values.reserveCapacity(min(count * count, count + scanner.remaining / 2 + 1))
            }
        }
        if let width, rows != width {
            throw scanner.fault(name, "found \(rows) rows; expected \(width), one for each node")
        }
        matrix = (rows, values)
    }

    /// What may stand in a cell beside a finite number: `null` or `Infinity` where two nodes are not connected.
    private static func cell(
        _ scanner: inout JSONScanner, _ row: Int, _ column: Int
    ) throws(PlacementError) -> Double {
        if scanner.takeWord("null") || scanner.takeWord("Infinity") { return .infinity }
        throw scanner.fault(
            "latencySeconds[\(row)][\(column)]",
            "found \(scanner.found); expected a latency in seconds, 0 or more (null: not connected)")
    }

    private func finish() throws(PlacementError) -> PlacementInstance {
        func missing(_ field: String, _ expected: String) -> PlacementError {
            PlacementError(.malformedInput, field: field, reason: "missing; expected \(expected)")
        }
        func both(_ first: String, _ second: String) -> PlacementError {
            PlacementError(.malformedInput, field: second, reason: "\(first) is given too; expected one of them")
        }
        guard let nodes else { throw missing("nodes", "a list of nodes") }
        if nodes.isEmpty {
            throw PlacementError(.malformedInput, field: "nodes", reason: "empty; expected at least one node")
        }
        guard let targetSeconds else { throw missing("targetSeconds", "the target time in seconds") }
        guard let rounds else { throw missing("rounds", "the number of rounds") }
        if nodes.contains(where: \.accelerator) {
            if acceleratorLimit == nil { throw missing("acceleratorLimit", "how many accelerators may be used") }
            if accelerationFactor == nil { throw missing("accelerationFactor", "a factor in (0, 1)") }
        }
        let profile: TrainingTimeProfile
        switch (table, breakpoints) {
        case (let table?, nil):
            profile = try TrainingTimeProfile(table: table)
            let slots = nodes.reduce(0) { $0 &+ max(0, min($1.capacity, PlacementInstance.maximumSlots)) }
            if table.count < nodes.count || table.count > max(nodes.count, slots) {
                throw PlacementError(
                    .malformedInput, field: "trainingTimeSeconds",
                    reason: "found \(table.count) values; expected one for each of the \(nodes.count) nodes")
            }
        case (nil, let breakpoints?): profile = try TrainingTimeProfile(breakpoints: breakpoints)
        case (.some, .some): throw both("trainingTimeSeconds", "trainingTimeBreakpoints")
        case (nil, nil): throw missing("trainingTimeSeconds", "training times, or trainingTimeBreakpoints")
        }
        var links: [PlacementInstance.Link] = []
        let latency: LatencyMatrix
        switch (matrix, namedLinks) {
        case (let matrix?, nil):
            if matrix.count != nodes.count {
                throw PlacementError(
                    .malformedInput, field: "latencySeconds",
                    reason: "found \(matrix.count) rows; expected \(nodes.count), one for each node")
            }
            latency = try LatencyMatrix(count: matrix.count, values: matrix.values) { nodes[$0].id }
        case (nil, let named?):
            links = try resolve(named)
            latency = LatencyMatrix(count: nodes.count, links: links)
        case (.some, .some): throw both("latencySeconds", "links")
        case (nil, nil): throw missing("latencySeconds", "a latency matrix, or links")
        }
        var fixedServer: Int?
        if let server { fixedServer = try position(of: server, "server") }
        var instance = try PlacementInstance(
            nodes: nodes, links: links, latency: latency, trainingTime: profile, fixedServer: fixedServer,
            targetSeconds: targetSeconds, rounds: rounds, acceleratorLimit: acceleratorLimit ?? 0,
            accelerationFactor: accelerationFactor ?? 0.5)
        instance.name = name
        instance.totalSamples = totalSamples
        instance.minimumSamplesPerWorker = minimumSamplesPerWorker
        try instance.validate()
        return instance
    }

    private func resolve(
        _ named: [(a: String, b: String, seconds: Double)]
    ) throws(PlacementError) -> [PlacementInstance.Link] {
        var links: [PlacementInstance.Link] = []
        links.reserveCapacity(named.count)
        for (index, link) in named.enumerated() {
            links.append(
                PlacementInstance.Link(
                    a: try position(of: link.a, "links[\(index)].a"), b: try position(of: link.b, "links[\(index)].b"),
                    latencySeconds: link.seconds))
        }
        return links
    }

    private func position(of id: String, _ field: String) throws(PlacementError) -> Int {
        if let position = positions[id] { return position }
        // Spelling is looked up among a few thousand names at most; it is a help, not a search engine.
        let names = (nodes ?? []).prefix(2000).map(\.id)
        throw PlacementError(
            .malformedInput, field: field,
            reason: "found \"\(id)\", which is no node\(Spelling.suggestion(for: id, among: names))")
    }
}
