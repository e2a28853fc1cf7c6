import CommandLine

/// How much of what is judged is labelled anomalous, and what is to be said of it.
package struct LabelledShare: Sendable, Equatable {
    /// Samples judged.
    package let samples: Int
    /// Anomalous ones among them.
    package let anomalous: Int
    /// Runs of anomalous ones.
    package let events: Int

    /// Of samples, each anomalous or not, `[N]`.
    package init(_ labels: [Bool]) {
        samples = labels.count
        anomalous = labels.count(where: \.self)
        events = labels.trueRuns.count
    }

    /// The share with every figure given.
    package init(samples: Int, anomalous: Int, events: Int) {
        (self.samples, self.anomalous, self.events) = (samples, anomalous, events)
    }

    /// `90 (3.0 %)`.
    package var text: String {
        "\(anomalous) (\(Quantity.fixed(100 * Double(anomalous) / Double(max(1, samples)), 1)) %)"
    }

    /// Why nothing can be judged; `nil` where it can.
    package var refusal: String? {
        guard anomalous == samples, samples > 0 else { return nil }
        return "every one of \(Quantity.count(samples, "row")) is labelled anomalous: expected 0, or a word such as "
            + "normal, for normal rows, or --label-column"
    }

    /// What makes the figures doubtful; `nil` where nothing does.
    package var doubt: String? {
        if anomalous == 0 { return "none of \(Quantity.count(samples, "judged row")) is labelled anomalous" }
        guard 2 * anomalous > samples else { return nil }
        return
            "\(text) of \(samples) judged rows are labelled anomalous, more than are normal: do the labels mean that?"
    }
}
