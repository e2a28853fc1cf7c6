import Telemetry

extension DependencyGraph {
    /// Reads a table with the columns `Source`, `Target` and, if there are weights, `Weight`; others are passed over.
    ///
    /// - Throws: `TelemetryError` that names line and field.
    package init(contentsOf path: String) throws {
        let rows = try TextRows(path: path, columns: [["source"], ["target"], ["weight"]], required: 2)
        var edges: [Edge] = []
        try rows.forEach { line, fields in
            var weight = 1.0
            if let text = fields[2] {
                guard let value = Double(text), value.isFinite, value >= 0 else {
                    throw TelemetryError(
                        .notANumber, path: path, line: line, field: "Weight", found: "'\(text)'",
                        expected: "a number from 0")
                }
                weight = value
            }
            guard let source = fields[0], let target = fields[1]
            else {
                throw TelemetryError(
                    .malformed, path: path, line: line, found: "a dependency without a name",
                    expected: "a source and a target")
            }
            guard edges.count < Self.mostEdges else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line, found: "more than \(Self.mostEdges) dependencies",
                    expected: "at most that many")
            }
            edges.append(Edge(source: source, target: target, weight: weight))
        }
        self.init(edges)
    }
}
