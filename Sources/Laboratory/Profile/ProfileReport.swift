import Charts
import CommandLine
import Numerics
import Placement

/// A measured profile as a table and as a picture.
struct ProfileReport {
    /// What was measured.
    let profile: MeasuredProfile

    /// The table and what one has to know to read it.
    var text: String {
        var table = Table([
            "workers", "windows each", "first quartile s", "median s", "third quartile s", "range s", "held-out loss",
        ])
        for measurement in profile.measurements {
            let loss = measurement.heldOutLoss
            table.add([
                "\(measurement.workers)\(measurement.simultaneous ? "" : " *")", "\(measurement.largestShare)",
                Self.short(measurement.firstQuartile), Self.short(measurement.quantile(0.5)),
                Self.short(measurement.quantile(0.75)),
                "\(Self.short(measurement.quantile(0))) to \(Self.short(measurement.quantile(1)))",
                zip(loss.first, loss.last).map { "\(Self.short($0)) to \(Self.short($1))" } ?? "-",
            ])
        }
        var lines = [table.text]
        if profile.measurements.contains(where: { !$0.simultaneous }) {
            lines.append("* more threads than cores: the workers trained one after another, and the slowest counts.")
        }
        if let alpha = profile.accelerationFactor {
            lines.append(
                "With the accelerator a round takes \(Self.short(alpha)) of the CPU's time"
                    + (alpha < 1 ? "." : ": it does not pay."))
        }
        return lines.joined(separator: "\n")
    }

    /// Boxes of the times with p_k through their first quartiles, and the held-out loss by k.
    var picture: ChartGrid {
        let k = profile.measurements.map { Double($0.workers) }
        let boxes = profile.measurements.compactMap { BoxSummary(of: $0.seconds) }
        let axis = Axis("workers k", wholeNumbers: true)
        var panels: [any Picture] = [
            Chart(
                "Training time of a round", xAxis: axis, yAxis: Axis("time", unit: "s", includesZero: true),
                series: [
                    .boxes("measured", x: k, boxes),
                    .line(
                        "p_k, first quartiles", x: profile.trainingTimeBreakpoints.map { Double($0.workers) },
                        y: profile.trainingTimeBreakpoints.map(\.seconds)),
                ], preferredSize: Size(width: 620, height: 330))
        ]
        let judged = profile.measurements.filter { $0.heldOutLoss.count > 1 }
        if let rounds = judged.first?.heldOutLoss.count {
            panels.append(
                Chart(
                    "Held-out loss of the average", xAxis: axis,
                    yAxis: Axis("mean squared error", includesZero: true),
                    series: (1..<rounds).map { round in
                        .line(
                            "after round \(round)", x: judged.map { Double($0.workers) },
                            y: judged.map { $0.heldOutLoss[round] })
                    }, preferredSize: Size(width: 620, height: 330)))
        }
        return ChartGrid("Training-time profile", subtitle: subtitle, panels: panels, columns: 2)
    }

    private var subtitle: String {
        guard let setting = profile.setting else { return "" }
        let batch = setting.batch > 0 ? "batches of \(setting.batch)" : "full batch"
        return
            "\(setting.windows) windows of T = \(setting.window), \(setting.epochs) epochs, \(batch), \(setting.threads) "
            + "thread(s) each, \(setting.accelerator)"
    }

    private static func short(_ value: Double) -> String { Quantity.number(value, digits: 3) }

    private func zip<A, B>(_ a: A?, _ b: B?) -> (A, B)? {
        guard let a, let b else { return nil }
        return (a, b)
    }
}
