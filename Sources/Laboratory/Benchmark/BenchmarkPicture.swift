import Charts
import Numerics
import Watching

/// One entity's score over time with its threshold and the labelled anomalies, and close-ups of the worst misses and
/// false alarms.
struct BenchmarkPicture {
    let svg: String

    private static let closeUps = 3

    init(entity: BenchmarkEntity, method: String, scores: EntityScores, labels: [Bool], mergeGap: Int) {
        let combined = scores.combined
        let (score, threshold) = (scores.scores[combined], scores.thresholds[combined])
        let events = labels.trueRuns
        let alarms = scores.alarms[combined]
        // The worst miss is the longest; the worst false alarm exceeds its threshold by most.
        let missed = events.filter { !alarms[$0].contains(true) }.sorted { $0.count > $1.count }
        let wrong = AlarmRule(mergeGap: mergeGap).events(alarms).filter { !labels[$0].contains(true) }
        let excess = { (rows: Range<Int>) in rows.map { score[$0] / max(threshold[$0], 1e-12) }.max() ?? 0 }
        let ranked = wrong.map { (rows: $0, excess: excess($0)) }.sorted { $0.excess > $1.excess }.map(\.rows)
        func chart(_ title: String, _ rows: Range<Int>, _ size: Size) -> Chart {
            let positions = rows.map(Double.init)
            return Chart(
                title,
                xAxis: Axis(
                    "sample", range: Double(rows.lowerBound)...Double(max(rows.upperBound, rows.lowerBound + 1))),
                yAxis: Axis("score", includesZero: true),
                series: [
                    .line("score", x: positions, y: rows.map { score[$0] }, color: Palette.blue),
                    .line(
                        "threshold", x: positions, y: rows.map { threshold[$0] }, color: Palette.vermilion, dashed: true
                    ),
                ],
                intervals: events.filter { $0.overlaps(rows) }.map { event in
                    let shown = event.clamped(to: rows)
                    return ShadedInterval(Double(shown.lowerBound), Double(shown.upperBound), color: Palette.orange)
                },
                preferredSize: size)
        }
        let size = Size(width: 900, height: 240)
        var panels = [chart("All samples; labelled anomalies are shaded", 0..<scores.count, size)]
        for (kind, found) in [("missed", missed), ("false alarm", ranked)] {
            for rows in found.prefix(Self.closeUps) {
                let margin = max(60, rows.count)
                let shown = max(0, rows.lowerBound - margin)..<min(scores.count, rows.upperBound + margin)
                panels.append(chart("\(kind): samples \(rows.lowerBound) to \(rows.upperBound - 1)", shown, size))
            }
        }
        svg =
            ChartGrid(
                "\(entity.set)/\(entity.name), method \(method)",
                subtitle:
                    "\(events.count) anomalies, \(missed.count) missed; \(wrong.count) false alarms; the worst below",
                panels: panels, columns: 1, panelSize: size
            ).svg()
    }
}
