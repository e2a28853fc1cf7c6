package import Autoencoders
import Numerics
package import Platform
package import Telemetry

/// What the autoencoders of all groups say of one entity's stream: reconstruction minus sample, scaled, for each
/// metric. They run once for a row, whoever looks at what they say.
package struct ResidualStream {
    private var groups: [Group]

    /// One group with a model.
    fileprivate struct Group {
        /// Its place among the groups of the rows.
        let place: Int
        /// Its metrics that vary: the model's features.
        let metrics: Range<Int>
        let scorer: ResidualScorer
        let scaling: [MetricScaler.Map]
        /// The latest T − 1 scaled rows, `[T − 1, F]`, filled up at their old end with copies of the segment's first
        /// row; empty before the first row.
        var history: [Float] = []
    }

    /// A stream at its start. Groups without a model are left out.
    ///
    /// - Throws: `TelemetryError` when a group of the stream has other metrics than its model, or what the backend
    ///   throws.
    package init(bundle: ModelBundle, engines: ModelEngines, schema: StreamSchema) throws {
        let scorers = try engines.scorers()
        groups = try schema.groups.indices.compactMap { place in
            let group = schema.groups[place]
            let name = group.group.name
            guard let scorer = scorers[name] else { return nil }
            let scaler = try bundle.scaler(of: name)
            try scaler.require(schema.metrics[group.varying], of: group.group)
            return Group(place: place, metrics: group.varying, scorer: scorer, scaling: scaler.maps)
        }
    }

    /// The metrics that a model looks at, by their places, ascending.
    package var metrics: [Int] { groups.flatMap { Array($0.metrics) } }

    /// The residuals of the next rows, `[N × M]`; 0 where a metric has no model.
    ///
    /// - Throws: what the backend throws.
    package mutating func residuals(of rows: CleanRows) throws -> [Float] {
        var result = [Float](repeating: 0, count: rows.count * rows.width)
        for index in groups.indices { try groups[index].add(rows, to: &result) }
        return result
    }
}

extension ResidualStream.Group {
    /// Lays the scaled rows out behind the history, so that a window ends with each of them, and scores these windows.
    fileprivate mutating func add(_ rows: CleanRows, to result: inout [Float]) throws {
        guard rows.count > 0 else { return }
        let (width, earlier) = (metrics.count, scorer.shape.window - 1)
        var samples = history
        samples.reserveCapacity((earlier + rows.count) * width)
        var starts: [Int] = []
        starts.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            let base = row * rows.width
            let first = samples.count
            for (feature, metric) in metrics.enumerated() {
                samples.append(Float(scaling[feature](rows.values[base + metric])))
            }
            if samples.count == width || rows.startsGroupSegment[row * rows.schema.groups.count + place] {
                // As if the entity had stood still before.
                let sample = Array(samples[first...])
                for _ in 0..<earlier { samples += sample }
            }
            starts.append(samples.count / width - scorer.shape.window)
        }
        history = Array(samples.suffix(earlier * width))
        let table = Tensor(samples, shape: [samples.count / width, width])
        let found = try scorer.residuals(WindowBatch(samples: table, starts: starts[...]))
        for row in 0..<rows.count {
            let target = row * rows.width + metrics.lowerBound
            for feature in 0..<width { result[target + feature] = found[row * width + feature] }
        }
    }
}

extension ResidualStream: StreamState {
    /// Writes the latest rows of each group.
    package func save(to state: inout StateWriter) {
        for group in groups { state.append(group.history) }
    }

    /// Takes them up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        for index in groups.indices {
            let rows = try state.floats()
            let expected = (groups[index].scorer.shape.window - 1) * groups[index].metrics.count
            guard rows.isEmpty || rows.count == expected else {
                throw StateError("\(rows.count) values of a window's \(expected)")
            }
            groups[index].history = rows
        }
    }
}
