import Charts
import CommandLine
import Placement

/// `fl-place pareto`.
struct ParetoPlacementCommand: Command {
    private static let accelerators = Option<Bool>(
        "accelerators", default: true, "let workers use accelerators; --no-accelerators does without")
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "table, for people, or json, one object for each point")

    static let manual = CommandManual(
        name: "pareto", summary: "every best trade-off between workers, loop time, spread and accelerators",
        discussion: """
            Prints the exact Pareto front of an instance: all placements within the budget that no other placement \
            equals or beats in the number of workers, the longest loop, the spread and the accelerators in use at \
            once. Whatever the weights of an objective over these four, its optimum is among them.

            The work grows with the fourth power of the number of nodes: under a second for 50 nodes, minutes for \
            some hundred; more than 400 are refused. The exit status is 3 if no placement meets the budget.
            """,
        examples: [
            .init("fl-place pareto --instance edge.json", "the front as a table"),
            .init("fl-place pareto --instance edge.json --plot front.svg", "loop time against workers"),
        ],
        options: [PlaceOptions.instance, accelerators, format, PlaceOptions.plot])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let instance = try InstanceReader.read(file: arguments[PlaceOptions.instance])
        let (front, seconds) = try timed {
            try PlacementSolver.paretoFront(instance, acceleratorsAllowed: arguments[Self.accelerators]) { k, most in
                console.progress("\(k) of up to \(most) workers")
            }
        }
        let report = PlaceReport(instance: instance, objective: PlacementObjective(.aifP))
        switch arguments[Self.format] {
        case .json:
            let points = front.map { point in
                OrderedJSON.object([
                    ("workers", .integer(point.workers)), ("maxLoopSeconds", .seconds(point.maxLoopSeconds)),
                    ("spreadSeconds", .seconds(point.spreadSeconds)), ("accelerators", .integer(point.accelerators)),
                    ("server", .string(instance.nodes[point.placement.server].id)),
                    ("placedWorkers", .strings(report.names(point.placement.workers))),
                    ("accelerated", .strings(report.names(point.placement.accelerated))),
                ])
            }
            console.print(
                OrderedJSON.object([
                    ("budgetSeconds", .seconds(instance.budgetSeconds)), ("solveSeconds", .seconds(seconds)),
                    ("front", .array(points)),
                ]).compact)
        case .table:
            var table = Table(["workers", "longest loop s", "spread s", "accelerators", "server", "placed at"])
            for point in front {
                table.add([
                    "\(point.workers)", PlaceReport.fixed(point.maxLoopSeconds, 6),
                    PlaceReport.fixed(point.spreadSeconds, 6), "\(point.accelerators)",
                    instance.nodes[point.placement.server].id,
                    Self.shortened(report.names(point.placement.workers)),
                ])
            }
            console.print(table.text)
            console.print("\n\(front.count) trade-offs, found in \(PlaceReport.short(seconds)) s")
        }
        if let file = arguments[optional: PlaceOptions.plot] {
            try PlaceReport.write(picture(instance, front).svg(), to: file)
        }
        if front.isEmpty { throw PlaceTool.infeasible }
    }

    private static func shortened(_ names: [String]) -> String {
        names.count <= 6 ? names.joined(separator: " ") : names.prefix(5).joined(separator: " ") + " … (\(names.count))"
    }

    /// Loop time and spread against workers, one colour for each range of accelerators in use.
    private func picture(_ instance: PlacementInstance, _ front: [ParetoPoint]) -> ChartGrid {
        let most = front.map(\.accelerators).max() ?? 0
        // At most five groups: none, and four equal ranges.
        var groups: [(name: String, range: ClosedRange<Int>)] = [("no accelerator", 0...0)]
        if most > 0 {
            let width = max(1, (most + 3) / 4)
            for low in stride(from: 1, through: most, by: width) {
                let high = min(most, low + width - 1)
                groups.append((low == high ? "\(low) accelerators" : "\(low)–\(high) accelerators", low...high))
            }
        }
        func chart(_ title: String, _ unit: String, _ value: (ParetoPoint) -> Double) -> Chart {
            Chart(
                title, xAxis: Axis("workers k", includesZero: true, wholeNumbers: true),
                yAxis: Axis(title.lowercased(), unit: unit, includesZero: true),
                series: groups.enumerated().compactMap { index, group in
                    let points = front.filter { group.range.contains($0.accelerators) }
                    guard !points.isEmpty else { return nil }
                    return .scatter(
                        group.name, x: points.map { Double($0.workers) }, y: points.map(value),
                        color: Palette.category(index))
                }, preferredSize: Size(width: 620, height: 420))
        }
        return ChartGrid(
            "Pareto front of placements",
            subtitle: "\(front.count) trade-offs within \(PlaceReport.short(instance.budgetSeconds)) s per round",
            panels: [
                chart("Longest loop", "s") { $0.maxLoopSeconds }, chart("Spread of loops", "s") { $0.spreadSeconds },
            ])
    }
}
