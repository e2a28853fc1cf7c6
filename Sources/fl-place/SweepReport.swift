import Charts
import CommandLine
import Placement

/// The cells of a sweep as a table, as JSON and as the published figures.
struct SweepReport {
    let cells: [PlacementSweep.Cell]

    /// One row for each cell.
    var table: String {
        var table = Table([
            "T s", "R", "model", "feasible", "learning time s", "workers", "accelerators", "spread s",
        ])
        func plusMinus(_ spread: PlacementSweep.Spread?, _ decimals: Int) -> String {
            guard let spread else { return "-" }
            return "\(PlaceReport.fixed(spread.mean, decimals)) ± \(PlaceReport.fixed(spread.deviation, decimals))"
        }
        for cell in cells {
            table.add([
                PlaceReport.short(cell.targetSeconds), "\(cell.rounds)", cell.contender,
                "\(cell.feasible)/\(cell.instances)", plusMinus(cell.learningSeconds, 3), plusMinus(cell.workers, 1),
                plusMinus(cell.accelerators, 1), plusMinus(cell.spreadSeconds, 6),
            ])
        }
        return table.text
    }

    /// One object for each cell.
    var json: OrderedJSON {
        func spread(_ spread: PlacementSweep.Spread?) -> OrderedJSON {
            guard let spread else { return .null }
            return .object([
                ("mean", .seconds(spread.mean)), ("deviation", .seconds(spread.deviation)),
                ("least", .seconds(spread.least)), ("most", .seconds(spread.most)),
            ])
        }
        return .array(
            cells.map { cell in
                .object([
                    ("targetSeconds", .number(cell.targetSeconds)), ("rounds", .integer(cell.rounds)),
                    ("model", .string(cell.contender)), ("instances", .integer(cell.instances)),
                    ("feasible", .integer(cell.feasible)), ("learningSeconds", spread(cell.learningSeconds)),
                    ("workers", spread(cell.workers)), ("accelerators", spread(cell.accelerators)),
                    ("spreadSeconds", spread(cell.spreadSeconds)),
                ])
            })
    }

    /// Learning time and active AIFs against rounds, one row of charts for each target time.
    func picture(subtitle: String) -> ChartGrid {
        var targets: [Double] = []
        var names: [String] = []
        for cell in cells {
            if !targets.contains(cell.targetSeconds) { targets.append(cell.targetSeconds) }
            if !names.contains(cell.contender) { names.append(cell.contender) }
        }
        var panels: [any Picture] = []
        let largest = cells.map(\.rounds).max() ?? 1
        // Models of one cell stand a little apart, so that their bars can be told from one another.
        let step = Double(largest) * 0.018
        let xAxis = Axis("rounds R", range: 0...Double(largest) * 1.06, wholeNumbers: true)
        for target in targets {
            func series(_ value: (PlacementSweep.Cell) -> PlacementSweep.Spread?) -> [Series] {
                names.enumerated().compactMap { index, name in
                    let found = cells.filter { $0.targetSeconds == target && $0.contender == name }
                    let points = found.compactMap { cell in value(cell).map { (cell.rounds, $0) } }
                    guard !points.isEmpty else { return nil }
                    let offset = (Double(index) - Double(names.count - 1) / 2) * step
                    return .scatter(
                        name, x: points.map { Double($0.0) + offset }, y: points.map(\.1.mean),
                        lower: points.map { $0.1.mean - $0.1.deviation },
                        upper: points.map { $0.1.mean + $0.1.deviation }, color: Palette.category(index))
                }
            }
            let heading = "T = \(PlaceReport.short(target)) s"
            panels.append(
                Chart(
                    "\(heading): maximum learning time",
                    xAxis: xAxis,
                    yAxis: Axis("R · max loop time", unit: "s", includesZero: true),
                    series: series(\.learningSeconds),
                    referenceLines: [ReferenceLine(target, label: "target \(PlaceReport.short(target)) s")],
                    preferredSize: Size(width: 620, height: 330)))
            panels.append(
                Chart(
                    "\(heading): active AIFs", xAxis: xAxis,
                    yAxis: Axis("workers k", includesZero: true, wholeNumbers: true), series: series(\.workers),
                    preferredSize: Size(width: 620, height: 330)))
        }
        return ChartGrid("Placement sweep", subtitle: subtitle, panels: panels, columns: 2)
    }
}
