import CommandLine
import Laboratory
import Telemetry

/// The options of commands that put faults into data.
enum FaultOptions {
    static let severity = Option<String>(
        "severity", "SIGMAS", default: "3-6",
        "size of the faults in standard deviations of each metric over the training part: a number or LOW-HIGH",
        constraint: "such as 4 or 2-6, within 0.5 to 20", valid: { range($0) != nil })
    static let force = Option<Bool>(
        "force", default: false, "replace what an earlier run wrote to the folder instead of refusing")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print the summary")

    /// `4` or `2-6` as a range.
    static func range(_ text: String) -> ClosedRange<Double>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Double($0) }
        guard (1...2).contains(parts.count), let low = parts[0], let high = parts[parts.count - 1] else { return nil }
        return low <= high && low >= 0.5 && high <= 20 ? low...high : nil
    }

    /// A number, `all`, or names with commas between them.
    static func selection(_ text: String) -> FaultSelection? {
        let names = text.split(separator: ",").map(String.init)
        if names.count == 1, let count = Int(names[0]) { return count >= 0 ? .count(count) : nil }
        if names == ["all"] { return .all }
        return names.isEmpty ? nil : .named(names)
    }

    /// The catalogue of faults for the end of a help text.
    static var catalogText: String {
        "The faults:\n\n"
            + FaultKind.catalog.map { "\($0.name) (\($0.shape.rawValue)): \($0.summary)." }.joined(separator: "\n\n")
    }
}

/// What `generate` and `inject` print.
struct DatasetSummary: Encodable {
    struct Entity: Encodable {
        var site: String
        var entity: String
        var metrics: Int
        var trainingRows: Int
        var testRows: Int
        var faults: [Fault]
        var leftOut: [String]
    }

    struct Fault: Encodable {
        var fault: String
        var shape: String
        var start: Int
        var endExclusive: Int
        var severity: Double
        var groups: [String]
        var metrics: [String]
    }

    var folder: String
    var files: Int
    var bytes: Int
    var entities: [Entity]
    var passedOver: [String]

    init(_ manifest: DatasetManifest, folder: String, passedOver: [String] = []) {
        self.folder = folder
        self.passedOver = passedOver
        files = manifest.files.count + 1
        bytes = manifest.files.reduce(0) { $0 + $1.bytes }
        entities = manifest.entities.map { entity in
            Entity(
                site: entity.site, entity: entity.entity, metrics: entity.spreads.count,
                trainingRows: entity.trainingRows, testRows: entity.testRows,
                faults: entity.faults.map { fault in
                    Fault(
                        fault: fault.fault, shape: fault.shape.rawValue, start: fault.rows.lowerBound,
                        endExclusive: fault.rows.upperBound, severity: fault.severity, groups: fault.groups,
                        metrics: fault.metrics.map(\.name))
                }, leftOut: entity.leftOut)
        }
    }

    func print(as format: OutputFormat, on console: Console) throws {
        switch format {
        case .json: try console.printJSON(self)
        case .table: console.print(text)
        }
    }

    private var text: String {
        var table = Table(["site", "entity", "metrics", "train rows", "test rows", "faults in the test part"])
        var shown = entities.prefix(40).map(\.self)
        if entities.count == 41 { shown = entities }
        for entity in shown {
            let names = entity.faults.map { "\($0.fault) \(Quantity.number($0.severity))σ" }
            table.add([
                entity.site, entity.entity, "\(entity.metrics)", "\(entity.trainingRows)", "\(entity.testRows)",
                names.isEmpty
                    ? "none"
                    : names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", … (\(names.count))" : ""),
            ])
        }
        var lines = [table.text]
        if shown.count < entities.count { lines.append("… and \(entities.count - shown.count) more entities") }
        let leftOut = entities.filter { !$0.leftOut.isEmpty }
        if !leftOut.isEmpty {
            lines += ["", "faults that fit no metric of an entity and were left out there:"]
            var byFaults: [String: [String]] = [:]
            for entity in leftOut {
                byFaults[entity.leftOut.joined(separator: ", "), default: []].append("\(entity.site)/\(entity.entity)")
            }
            for (faults, names) in byFaults.sorted(by: { $0.value[0] < $1.value[0] }) {
                let more = names.count > 4 ? ", … (\(names.count))" : ""
                lines.append("  \(names.prefix(4).joined(separator: ", "))\(more): \(faults)")
            }
        }
        if !passedOver.isEmpty { lines += ["", "passed over:"] + passedOver.map { "  \($0)" } }
        let faultCount = entities.reduce(0) { $0 + $1.faults.count }
        lines += [
            "",
            "\(Quantity.count(entities.count, "entity", "entities")), \(Quantity.count(faultCount, "fault")), "
                + "\(Quantity.count(files, "file")), \(Quantity.bytes(bytes)) in \(folder)",
        ]
        return lines.joined(separator: "\n")
    }
}
