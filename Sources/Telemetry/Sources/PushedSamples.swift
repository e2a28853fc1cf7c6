/// Samples that somebody sent: of a remote write, an OTLP export or an answer to a range query.
package struct PushedSamples: Sendable {
    /// One series with some of its samples.
    package struct Series: Sendable {
        /// The series.
        package var series: MetricSeries
        /// Times in seconds since 1970 and values.
        package var samples: [(time: Double, value: Double)]

        /// A series with the given samples.
        package init(series: MetricSeries, samples: [(time: Double, value: Double)]) {
            self.series = series
            self.samples = samples
        }
    }

    /// The series, in their order.
    package var series: [Series] = []
    /// What the sender says of its families.
    package var kinds: [String: MetricSeries.Kind] = [:]
    /// Samples of kinds that are not taken, such as native histograms.
    package var unsupported = 0
    /// Points of metrics without a name, or of a kind that is not known.
    package var unnamed = 0

    /// Nothing.
    package init() {}

    /// The number of samples.
    package var count: Int { series.reduce(0) { $0 + $1.samples.count } }

    /// Samples with times that are ahead of a clock.
    package struct Ahead: Sendable, Equatable {
        /// How many.
        package var count = 0
        /// The first one's series.
        package let series: String
        /// Its time, seconds since 1970.
        package let time: Double

        /// A line for people who have the given time.
        package func description(at now: Double) -> String {
            let seconds = time - now
            let times = count == 1 ? "a time" : "\(count) times"
            return "found \(times) ahead of the clock, first of \(series.prefix(200)) by "
                + "\(Int(seconds < 9e18 ? seconds : 9e18)) s, expected at most \(Int(SourceIntake.mostAheadSeconds)) s"
        }
    }

    /// Takes out the samples that are further ahead of the given time than it may be, and series that have no other.
    ///
    /// - Returns: which these were; `nil`: none.
    package mutating func removeAhead(of now: Double) -> Ahead? {
        let latest = now + SourceIntake.mostAheadSeconds
        var ahead: Ahead?
        for index in series.indices where series[index].samples.contains(where: { !($0.time <= latest) }) {
            let name = series[index].series.text
            series[index].samples.removeAll { sample in
                guard !(sample.time <= latest) else { return false }
                ahead.add(name, at: sample.time)
                return true
            }
        }
        if ahead != nil { series.removeAll { $0.samples.isEmpty } }
        return ahead
    }
}

extension PushedSamples.Ahead? {
    /// Counts one more.
    mutating func add(_ series: @autoclosure () -> String, at time: Double) {
        if self == nil { self = PushedSamples.Ahead(series: series(), time: time) }
        self?.count += 1
    }
}

extension PushedSamples {
    /// Reads a `prometheus.WriteRequest` (remote write 1.0, unpacked).
    ///
    /// - Throws: `ProtobufReader.Malformed` where it is none.
    package init(remoteWrite bytes: [UInt8]) throws(ProtobufReader.Malformed) {
        var request = ProtobufReader(bytes[...])
        while let (field, value) = try request.next() {
            guard let part = value.bytes else { continue }
            switch field {
            case 1: try add(timeSeries: part)
            case 3: try add(metadata: part)
            default: break
            }
        }
    }

    private mutating func add(timeSeries bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        var name = ""
        var labels: [MetricSeries.Label] = []
        var samples: [(time: Double, value: Double)] = []
        while let (field, value) = try reader.next() {
            guard let part = value.bytes else { continue }
            switch field {
            case 1:
                var label = MetricSeries.Label("", "")
                var pair = ProtobufReader(part)
                while let (field, value) = try pair.next() {
                    if field == 1 {
                        label.name = value.text ?? ""
                    } else if field == 2 {
                        label.value = value.text ?? ""
                    }
                }
                if label.name == "__name__" { name = label.value } else { labels.append(label) }
            case 2:
                var sample = (time: 0.0, value: 0.0)
                var pair = ProtobufReader(part)
                while let (field, value) = try pair.next() {
                    if field == 1 {
                        sample.value = value.double ?? 0
                    } else if field == 2 {
                        sample.time = Double(value.integer ?? 0) / 1_000
                    }
                }
                samples.append(sample)
            case 4: unsupported += 1
            default: break
            }
        }
        guard !name.isEmpty, !samples.isEmpty else { return }
        series.append(Series(series: MetricSeries(name: name, labels: labels), samples: samples))
    }

    private mutating func add(metadata bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        var (name, kind) = ("", Int64(0))
        while let (field, value) = try reader.next() {
            if field == 1 { kind = value.integer ?? 0 } else if field == 2 { name = value.text ?? "" }
        }
        let known: [MetricSeries.Kind] = [
            .unknown, .counter, .gauge, .histogram, .histogram, .summary, .info, .stateSet,
        ]
        if !name.isEmpty, let index = Int(exactly: kind), known.indices.contains(index) { kinds[name] = known[index] }
    }
}
