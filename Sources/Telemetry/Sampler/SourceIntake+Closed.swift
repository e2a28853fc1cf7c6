// What rows say of the watching when they are closed.
extension SourceIntake {
    /// Takes the rows that an entity's sampler has closed, and says what they show of its watching.
    mutating func finish(_ closed: EntitySampler.Closed, of entity: Int, arrival: Double) {
        let (name, source) = (entities[entity].name, settings.source)
        for row in closed.rows { rows.append(Row(entity: entity, row: row)) }
        let time = closed.rows.last?.time ?? arrival
        if closed.rows.isEmpty {
            // What is pushed late comes beside what is new.
            if !settings.sampler.isPushed { health[entity].batchesWithoutRow += 1 }
            if health[entity].batchesWithoutRow == 5 {
                book.raise(
                    .sourceStale, entity: name, source: source, at: arrival,
                    detail: "it answers, but the times of its samples do not advance")
            }
        } else {
            health[entity].batchesWithoutRow = 0
            hear(entity, at: time)
        }
        if closed.refused > 0 {
            health[entity].rowsWithoutRefusal = 0
            if closed.rows.isEmpty == false || health[entity].batchesWithoutRow < 5 {
                book.raise(
                    .samplesRefused, entity: name, source: source, at: time, count: closed.refused,
                    detail: "samples came twice or too late and were left out")
            }
        } else if !closed.rows.isEmpty {
            health[entity].rowsWithoutRefusal += closed.rows.count
            if health[entity].rowsWithoutRefusal >= 10 {
                book.clear(.samplesRefused, entity: name, source: source, at: time)
            }
        }
        if let step = closed.clockStep {
            book.mention(
                .clockStep, entity: name, source: source, at: time,
                detail: "the clock was set by \(Self.rounded(step)) s")
        }
        if let interval = closed.interval {
            book.mention(
                .intervalChanged, entity: name, source: source, at: time,
                detail: "a sample every \(Self.rounded(interval)) s now")
        }
        if closed.rows.contains(where: { $0.quality.contains(.restarted) }) {
            book.mention(
                .restarted, entity: name, source: source, at: time,
                detail: "\(closed.resets) counters began anew")
        }
        if let gone = closed.vanished {
            if gone.isEmpty {
                book.clear(.metricsVanished, entity: name, source: source, at: time)
            } else {
                book.raise(
                    .metricsVanished, entity: name, source: source, at: time, subjects: gone, count: gone.count,
                    detail: gone.count == 1 ? "a metric is gone" : "\(gone.count) metrics are gone")
            }
        }
        if !closed.new.isEmpty {
            book.mention(
                .metricsNew, entity: name, source: source, at: time, subjects: closed.new,
                detail: closed.new.count == 1 ? "a metric has come" : "\(closed.new.count) metrics have come")
        }
        if let isIncomplete = closed.incomplete {
            health[entity].incompleteRows = isIncomplete ? health[entity].incompleteRows + 1 : 0
            if health[entity].incompleteRows == 3 {
                book.raise(
                    .halfEmpty, entity: name, source: source, at: time, detail: "most of its metrics are missing")
            } else if !isIncomplete {
                book.clear(.halfEmpty, entity: name, source: source, at: time)
            }
        }
    }

    private static func rounded(_ seconds: Double) -> String {
        let tenths = (seconds * 10).rounded() / 10
        return tenths == tenths.rounded() && abs(tenths) < 1e15 ? "\(Int(tenths))" : "\(tenths)"
    }
}
