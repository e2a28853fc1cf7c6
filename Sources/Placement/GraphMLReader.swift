package import Foundation
import Glibc
import Platform

/// Reads a topology from GraphML, such as the files of the Internet Topology Zoo.
///
/// A link's round trip comes from a named attribute of the edge or, without one, from the great-circle distance between
/// its ends (attributes `Latitude` and `Longitude`) at the speed of light in fibre, 200,000 km/s, both ways.
package struct GraphMLReader {
    /// How latencies are found.
    package struct Options: Sendable {
        /// The edge attribute that holds the round trip; nil to use distances.
        package var latencyAttribute: String?
        /// What the attribute's value is multiplied by to give seconds: 0.001 for milliseconds.
        package var latencyUnit = 1.0
        /// The round trip, in seconds, of links whose ends have no place; nil refuses them.
        package var fallbackSeconds: Double?

        /// Distances, no fallback.
        package init() {}
    }

    private static let kilometresPerSecond = 200_000.0
    private static let earthRadius = 6371.0088

    private struct Element {
        var name = ""
        var attributes: [String: String] = [:]
    }

    private let options: Options
    private var keys: [String: String] = [:]
    private var ids: [String: Int] = [:]
    private var nodes: [(id: String, data: [String: String])] = []
    private var edges: [(source: String, target: String, data: [String: String])] = []

    /// Reads a file.
    ///
    /// - Throws: `PlacementError`; its description names the file.
    package static func read(file: String, _ options: Options = Options()) throws(PlacementError) -> Topology {
        let data = try InputFile.read(file)
        do throws(PlacementError) {
            return try read(data, options)
        } catch {
            throw error.named(file)
        }
    }

    /// Reads the bytes of a file.
    package static func read(_ data: Data, _ options: Options = Options()) throws(PlacementError) -> Topology {
        let document: XMLTokens
        do throws(XMLTokens.SyntaxError) {
            document = try XMLTokens(Array(data))
        } catch {
            throw Self.fault("", error.reason, line: error.line)
        }
        var reader = GraphMLReader(options: options)
        try reader.walk(document)
        return try reader.topology()
    }

    private init(options: Options) { self.options = options }

    /// Goes through the tags; only keys, nodes, edges and their data matter.
    private mutating func walk(_ document: XMLTokens) throws(PlacementError) {
        var open: [Element] = []
        var data: [String: String] = [:]
        var value = ""
        for (token, line) in document.tokens {
            switch token {
            case .text(let text): if open.last?.name == "data" { value += text }
            case .start(let name, let attributes):
                if open.isEmpty, name != "graphml" {
                    throw Self.fault(name, "the outermost element is not graphml", line: line)
                }
                if open.count == 64 { throw Self.fault(name, "elements are nested more than 64 deep", line: line) }
                open.append(Element(name: name, attributes: attributes))
                switch name {
                case "key":
                    if let id = attributes["id"], let attribute = attributes["attr.name"] { keys[id] = attribute }
                case "node", "edge": data = [:]
                case "data": value = ""
                default: break
                }
            case .end(let name):
                // expat has seen to it that elements nest.
                guard let element = open.popLast() else { break }
                switch name {
                case "data":
                    if let key = element.attributes["key"] {
                        data[keys[key] ?? key] = value.trimmingCharacters(in: .whitespacesAndNewlines)
                    }
                case "node":
                    guard let id = element.attributes["id"] else { throw Self.fault("node", "has no id", line: line) }
                    if ids.updateValue(nodes.count, forKey: id) != nil {
                        throw Self.fault("node", "found the id \"\(id)\" twice", line: line)
                    }
                    if nodes.count == PlacementInstance.maximumNodes {
                        throw PlacementError(
                            .tooLarge, field: "node",
                            reason: "more than \(PlacementInstance.maximumNodes) nodes; that many are served at most")
                    }
                    nodes.append((id, data))
                case "edge":
                    guard let source = element.attributes["source"], let target = element.attributes["target"] else {
                        throw Self.fault("edge", "has no source or no target", line: line)
                    }
                    edges.append((source, target, data))
                default: break
                }
            }
        }
    }

    /// A fault at a line.
    private static func fault(_ field: String, _ reason: String, line: Int) -> PlacementError {
        PlacementError(.malformedInput, field: field, reason: "\(reason) (line \(line))")
    }

    private func topology() throws(PlacementError) -> Topology {
        if nodes.isEmpty { throw PlacementError(.malformedInput, field: "graph", reason: "has no nodes") }
        var taken: Set<String> = []
        let placed = nodes.map { node -> PlacementInstance.Node in
            var name = node.data["label"] ?? ""
            if name.isEmpty { name = node.id }
            // Labels may come twice, and one may look like what tells two others apart.
            while !taken.insert(name).inserted { name += " (\(node.id))" }
            return PlacementInstance.Node(id: name)
        }
        var links: [PlacementInstance.Link] = []
        for (index, edge) in edges.enumerated() {
            let field = "edge[\(index)]"
            guard let a = ids[edge.source], let b = ids[edge.target] else {
                throw PlacementError(
                    .malformedInput, field: field,
                    reason: "joins \"\(edge.source)\" and \"\(edge.target)\", of which one is no node")
            }
            // Some files of the zoo have loops; they carry no traffic between nodes.
            if a == b { continue }
            links.append(
                PlacementInstance.Link(a: a, b: b, latencySeconds: try seconds(field, a, b, edge.data)))
        }
        return Topology(nodes: placed, links: links)
    }

    private func seconds(
        _ field: String, _ a: Int, _ b: Int, _ data: [String: String]
    ) throws(PlacementError) -> Double {
        if let name = options.latencyAttribute {
            if let text = data[name] {
                guard let value = Double(text), value >= 0, value.isFinite else {
                    throw PlacementError(
                        .malformedInput, field: "\(field).\(name)",
                        reason: "found \"\(text)\"; expected a round trip, 0 or more")
                }
                return value * options.latencyUnit
            }
        } else if let from = place(a), let to = place(b) {
            return 2 * Self.kilometres(from, to) / Self.kilometresPerSecond
        }
        if let fallback = options.fallbackSeconds { return fallback }
        let missing =
            options.latencyAttribute.map { "no attribute \"\($0)\"" } ?? "an end without Latitude and Longitude"
        throw PlacementError(
            .malformedInput, field: field, reason: "has \(missing), and no fallback latency is given")
    }

    private func place(_ node: Int) -> (latitude: Double, longitude: Double)? {
        guard let latitude = nodes[node].data["Latitude"].flatMap(Double.init),
            let longitude = nodes[node].data["Longitude"].flatMap(Double.init), abs(latitude) <= 90,
            abs(longitude) <= 360
        else { return nil }
        return (latitude, longitude)
    }

    /// The great-circle distance (haversine).
    private static func kilometres(
        _ a: (latitude: Double, longitude: Double), _ b: (latitude: Double, longitude: Double)
    ) -> Double {
        let radians = Double.pi / 180
        let latitude = (b.latitude - a.latitude) * radians / 2
        let longitude = (b.longitude - a.longitude) * radians / 2
        let square =
            sin(latitude) * sin(latitude)
            + cos(a.latitude * radians) * cos(b.latitude * radians) * sin(longitude) * sin(longitude)
        return 2 * earthRadius * asin(min(1, square.squareRoot()))
    }
}
