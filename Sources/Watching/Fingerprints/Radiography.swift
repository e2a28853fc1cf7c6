package import Charts
import Telemetry

/// The picture of an anomaly: the combined score with its threshold, the scores of all groups by layer, and the metrics
/// of the fingerprint, over the same time.
package struct Radiography: Picture {
    /// The combined score over time.
    let score: Chart
    /// Groups × time; colour is the score in units of its threshold.
    let groups: HeatMap
    /// Metrics × time; colour is the deviation.
    let metrics: HeatMap

    /// Draws an event with some time around it.
    ///
    /// - Parameters:
    ///   - scores: the entity's scores.
    ///   - context: samples before and after the event; `nil`: as many as the event has, but at least 60.
    package init(of fingerprint: Fingerprint, in scores: EntityScores, firstIndex: Int = 0, context: Int? = nil) {
        let event = (fingerprint.startIndex - firstIndex)..<(fingerprint.endIndex - firstIndex)
        let margin = context ?? max(60, event.count)
        let rows = max(0, event.lowerBound - margin)..<min(scores.count, event.upperBound + margin)
        precondition(!event.isEmpty && event.lowerBound >= 0 && event.upperBound <= scores.count, "an event of scores")
        let axis = Self.timeAxis(scores.times, rows)
        let times = rows.map { scores.times[$0] }
        let combined = scores.combined
        let interval = ShadedInterval(
            scores.times[event.lowerBound], scores.times[event.upperBound - 1],
            label: scores.alarms[combined][event].contains(true) ? "event" : "no alarm")
        var chart = Chart(
            "Anomaly at \(fingerprint.entity)",
            subtitle: Self.summary(fingerprint),
            xAxis: axis, yAxis: Axis("score", includesZero: true),
            series: [
                .line("score", x: times, y: rows.map { scores.scores[combined][$0] }, color: Palette.blue),
                .line(
                    "threshold", x: times, y: rows.map { scores.thresholds[combined][$0] }, color: Palette.vermilion,
                    dashed: true),
            ],
            intervals: [interval])
        chart.preferredSize = Size(width: Self.width, height: 260)
        score = chart
        groups = Self.groupMap(scores, rows, axis, interval, fingerprint)
        metrics = Self.metricMap(scores, rows, axis, interval, fingerprint)
    }

    private static let width = 1_040.0

    /// The axis of seconds or of dates, whichever the times are.
    private static func timeAxis(_ times: [Double], _ rows: Range<Int>) -> Axis {
        let first = times[rows.lowerBound]
        let last = times[rows.upperBound - 1]
        let step = rows.count > 1 ? (last - first) / Double(rows.count - 1) : 1
        let isDate = first > 631_152_000
        return Axis("time", format: isDate ? .clock : .elapsed, range: first...(last + max(step, 1e-9)))
    }

    private static func summary(_ fingerprint: Fingerprint) -> String {
        let first = fingerprint.firstGroup.map { "first moved: \($0)" }
        let causes = fingerprint.causes.prefix(3).map(\.metric).joined(separator: ", ")
        return [first, causes.isEmpty ? nil : "suspects: \(causes)"].compactMap(\.self).joined(separator: " · ")
    }

    private static func groupMap(
        _ scores: EntityScores, _ rows: Range<Int>, _ axis: Axis, _ event: ShadedInterval, _ fingerprint: Fingerprint
    ) -> HeatMap {
        var onsets: [String: Double] = [:]
        for part in fingerprint.groups { onsets[part.group] = part.shape.onsetTime }
        var values: [Float] = []
        let order = scores.groups.indices.sorted { a, b in
            let (left, right) = (MetricGroup(name: scores.groups[a]), MetricGroup(name: scores.groups[b]))
            return (left.layer, scores.groups[a]) < (right.layer, scores.groups[b])
        }
        let labels = order.map { index in
            let group = MetricGroup(name: scores.groups[index])
            for row in rows {
                let threshold = scores.thresholds[index][row]
                values.append(threshold > 0 ? Float(scores.scores[index][row] / threshold) : 0)
            }
            let name = group.resource + (group.type.map { "@\($0)" } ?? "")
            return HeatMap.Row(name, groups: group.layer.isEmpty ? [] : [group.layer], threshold: 1)
        }
        let onset = fingerprint.firstGroup.flatMap { onsets[$0] }.map {
            [ShadedInterval($0, $0, label: "onset", color: Palette.blue)]
        }
        return HeatMap(
            "Groups", subtitle: "score in units of its threshold; above 1 is an alarm", rows: labels,
            columns: rows.count, values: values, xAxis: axis, valueTitle: "score / threshold",
            valueRange: 0...max(2, Double(values.max() ?? 2)), threshold: (1, "threshold"),
            intervals: [event] + (onset ?? []), preferredWidth: width)
    }

    private static func metricMap(
        _ scores: EntityScores, _ rows: Range<Int>, _ axis: Axis, _ event: ShadedInterval, _ fingerprint: Fingerprint
    ) -> HeatMap {
        let width = scores.found.metrics.count
        let parts = fingerprint.parts.prefix(40).enumerated().sorted { a, b in
            let (left, right) = (MetricGroup(name: a.element.group), MetricGroup(name: b.element.group))
            return (left.layer, a.element.group, a.offset) < (right.layer, b.element.group, b.offset)
        }.map(\.element)
        var values: [Float] = []
        let labels = parts.map { part in
            let metric = scores.found.metrics.firstIndex(of: part.metric) ?? 0
            for row in rows { values.append(Float(scores.found.deviations[row * width + metric])) }
            let group = MetricGroup(name: part.group)
            let side = part.side > 0 ? " ▲" : part.side < 0 ? " ▼" : ""
            return HeatMap.Row(part.metric + side, groups: [group.layer, group.resource].filter { !$0.isEmpty })
        }
        return HeatMap(
            "Metrics", subtitle: "the metrics that make up 90 % of the deviation; ▲ above, ▼ below what is expected",
            rows: labels, columns: rows.count, values: values, xAxis: axis, valueTitle: "deviation",
            valueRange: 0...max(1e-6, Double(values.max() ?? 1)),
            intervals: [event], preferredWidth: Self.width)
    }

    private var pictures: [any Picture] { metrics.rows.isEmpty ? [score, groups] : [score, groups, metrics] }

    /// What it shows.
    package var title: String { score.title }

    /// The three pictures one above the other.
    package var preferredSize: Size {
        Size(
            width: pictures.map(\.preferredSize.width).max() ?? Self.width,
            height: pictures.reduce(0) { $0 + $1.preferredSize.height })
    }

    /// Draws the radiography into a rectangle of a page.
    package func draw(on canvas: inout SVGCanvas, in frame: Rectangle) {
        let scale = frame.height / max(1, preferredSize.height)
        var y = frame.y
        for picture in pictures {
            let height = picture.preferredSize.height * scale
            picture.draw(on: &canvas, in: Rectangle(x: frame.x, y: y, width: frame.width, height: height))
            y += height
        }
    }
}
