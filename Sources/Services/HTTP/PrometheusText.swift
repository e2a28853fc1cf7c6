/// Figures in Prometheus' text format 0.0.4.
package struct PrometheusText {
    private var text = ""

    /// No figures yet.
    package init() {}

    /// Adds a metric with its samples; nothing where there is none.
    package mutating func add(
        _ name: String, _ type: String, _ help: String, _ samples: [(labels: [(String, String)], value: Double)]
    ) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help).\n# TYPE \(name) \(type)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(sample.value)\n"
        }
    }

    /// Adds a metric of one sample.
    package mutating func add(_ name: String, _ type: String, _ help: String, _ value: Double) {
        add(name, type, help, [([], value)])
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }

    /// The answer to whoever scrapes.
    package var answer: HTTPResponse {
        .whole(status: 200, type: "text/plain; version=0.0.4; charset=utf-8", body: Array(text.utf8))
    }
}
