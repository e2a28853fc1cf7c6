import Charts
import Federation
import Foundation
import Telemetry

/// An entity's strip drawn: its combined score with the threshold, or the scores of all groups as a heat map, in the look of
/// the radiography of an alarm.
enum ScorePicture {
    private static let width = 1_040.0
    private static let columns = 360

    /// The combined score over time.
    static func chart(_ key: String, _ strip: ScoreStrips.Strip) -> Chart {
        let times = strip.cells.map(\.time)
        let scores = strip.cells.map { ScoreLevel.ratio(of: $0.whole) ?? .nan }
        let highest = scores.reduce(2) { $1 > $0 ? $1 : $0 }
        var chart = Chart(
            "Score of \(key)", subtitle: subtitle(strip), xAxis: axis(strip),
            yAxis: Axis("score / threshold", range: 0...(highest * 1.05), includesZero: true),
            series: [.line("score", x: times, y: scores, color: Palette.blue)],
            referenceLines: [ReferenceLine(1, label: "threshold")], intervals: intervals(strip))
        chart.preferredSize = Size(width: width, height: 260)
        return chart
    }

    /// Groups × time; colour is the score in units of its threshold.
    static func radiography(_ key: String, _ strip: ScoreStrips.Strip) -> HeatMap {
        let order = strip.groups.indices.sorted { a, b in
            let (left, right) = (MetricGroup(name: strip.groups[a]), MetricGroup(name: strip.groups[b]))
            return (left.layer, strip.groups[a]) < (right.layer, strip.groups[b])
        }
        let places = places(strip)
        var values = row(strip, places) { $0.whole }
        var rows = [HeatMap.Row("all groups", groups: ["together"], threshold: 1)]
        for index in order {
            let group = MetricGroup(name: strip.groups[index])
            let name = group.resource + (group.type.map { "@\($0)" } ?? "")
            rows.append(HeatMap.Row(name, groups: group.layer.isEmpty ? [] : [group.layer], threshold: 1))
            values += row(strip, places) { $0.groups[index] }
        }
        let highest = values.reduce(Float(2)) { $1 > $0 ? $1 : $0 }
        return HeatMap(
            "Radiography of \(key)",
            subtitle: "score in units of its threshold; above 1 is an alarm · \(subtitle(strip))",
            rows: rows, columns: places.count, values: values, xAxis: axis(strip), valueTitle: "score / threshold",
            valueRange: 0...Double(highest), threshold: (1, "threshold"), intervals: intervals(strip),
            preferredWidth: width)
    }

    /// The combined score as bars on a grid, as high as their logarithm, for programs that want cells alone.
    static func bars(_ key: String, _ strip: ScoreStrips.Strip, height: Int = 48) -> HeatMap {
        let places = places(strip)
        let scores = row(strip, places) { $0.whole }
        var values: [Float] = []
        for line in 0..<height {
            // From 1/16 at the foot to 16 at the top.
            let exponent = 8 * (1 - (Double(line) + 0.5) / Double(height)) - 4
            values += scores.map { $0.isNaN || Double($0) < exp2(exponent) ? .nan : $0 }
        }
        return HeatMap(
            key, rows: Array(repeating: HeatMap.Row(""), count: height), columns: places.count, values: values,
            xAxis: axis(strip), valueTitle: "score / threshold", valueRange: 0...4)
    }

    private static func subtitle(_ strip: ScoreStrips.Strip) -> String {
        "the largest of about ten seconds each, as worker \(strip.entity.worker) told it"
    }

    private static func axis(_ strip: ScoreStrips.Strip) -> Axis {
        let (first, last) = ends(strip)
        return Axis("time", format: first > 631_152_000 ? .clock : .elapsed, range: first...last)
    }

    /// What the cells cover: the first begins as long before its end as the second.
    private static func ends(_ strip: ScoreStrips.Strip) -> (Double, Double) {
        let times = strip.cells.map(\.time)
        guard let first = times.first, let last = times.last else { return (0, 1) }
        let step = times.count > 1 ? max(times[1] - first, 1e-3) : 1
        return (first - step, max(last, first - step + 1e-3))
    }

    /// Columns of equal length, each with the cells that reach into it.
    private static func places(_ strip: ScoreStrips.Strip) -> [Range<Int>] {
        let cells = strip.cells
        guard !cells.isEmpty else { return [] }
        let (begin, end) = ends(strip)
        let count = min(columns, max(cells.count, 1))
        var first = 0
        return (0..<count).map { column in
            let left = begin + (end - begin) * Double(column) / Double(count)
            let right = begin + (end - begin) * Double(column + 1) / Double(count)
            while first < cells.count - 1, cells[first].time <= left { first += 1 }
            var next = first + 1
            while next < cells.count, cells[next - 1].time < right { next += 1 }
            return first..<next
        }
    }

    private static func row(
        _ strip: ScoreStrips.Strip, _ places: [Range<Int>], _ level: (ScoreStrips.Cell) -> UInt8
    ) -> [Float] {
        places.map { place in
            let highest = strip.cells[place].reduce(ScoreLevel.none) { max($0, level($1)) }
            return ScoreLevel.ratio(of: highest).map(Float.init) ?? .nan
        }
    }

    private static func intervals(_ strip: ScoreStrips.Strip) -> [ShadedInterval] {
        StripEntry.spans(strip.cells, of: .alarm).map { ShadedInterval($0.from, $0.to, label: "alarm") }
            + StripEntry.spans(strip.cells, of: .missing).map {
                ShadedInterval($0.from, $0.to, label: "metrics missing", color: Palette.category(7))
            }
    }
}
