import Foundation
import Platform
package import Services
package import Telemetry

/// An entity's rows in the store as a reader gives them: a part that ends, to learn from, or a stream that never does.
package final class StoredRows: RowProvider {
    /// Which rows.
    package enum Span: Sendable, Hashable {
        /// Those of a window that are good to learn from.
        case window(LearningWindow)
        /// From a row on, whatever their quality, for ever.
        case stream(from: Int)
    }

    private let store: SampleStore
    private let key: String
    private let span: Span

    /// Rows of the entity `key`, which is `site/entity`.
    package init(_ key: String, in store: SampleStore, _ span: Span) {
        self.store = store
        self.key = key
        self.span = span
    }

    package func makeReader() throws -> any FrameReader {
        guard let entity = store.entity(key) else {
            throw TelemetryError(.noData, path: key, found: "no row in the sample store", expected: "samples")
        }
        switch span {
        case .window(let window):
            return StoredRowsReader(
                store: store, entity: entity, rows: window.rows.clamped(to: entity.firstRow..<entity.nextRow),
                isStream: false, excluded: window.excluded)
        case .stream(let from):
            return StoredRowsReader(store: store, entity: entity, rows: from..<Int.max, isStream: true, excluded: [])
        }
    }

    package func countRows() -> Int {
        guard let entity = store.entity(key) else { return 0 }
        switch span {
        case .window(let window): return window.rows.clamped(to: entity.firstRow..<entity.nextRow).count
        case .stream(let from): return max(0, entity.nextRow - from)
        }
    }

    package var byteCount: Int { countRows() * (store.entity(key)?.columns.count ?? 0) * 8 }
}

/// Reads an entity's rows out of the store.
private struct StoredRowsReader: FrameReader {
    let schema: [String]
    let layout: SourceLayout
    private let store: SampleStore
    private let key: String
    private let end: Int
    private let isStream: Bool
    private let excluded: [ClosedRange<Double>]
    private var next: Int
    /// Rows delivered; the rows of a part are counted from 0.
    private var delivered = 0
    /// Whether something was left out before the next row.
    private var isBroken = false

    init(
        store: SampleStore, entity: SampleStore.Entity, rows: Range<Int>, isStream: Bool,
        excluded: [ClosedRange<Double>]
    ) {
        self.store = store
        key = entity.key
        schema = entity.columns
        layout = .live
        next = rows.lowerBound
        end = rows.upperBound
        self.isStream = isStream
        self.excluded = excluded
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        while next < end {
            guard let (first, block) = try store.read(key, from: next, limit: min(maximumRows, end - next)) else {
                break
            }
            var values: [Double] = []
            values.reserveCapacity(block.rowCount * schema.count)
            var times: [Double] = []
            var starts: [Int] = []
            var taken = 0
            for row in 0..<block.rowCount {
                taken += 1
                let quality = block.qualities[row]
                let time = block.times[row]
                let isGood =
                    isStream || (quality.isClean && !excluded.contains { $0.contains(time) })
                guard time.isFinite, isGood else {
                    isBroken = true
                    // Rows of a stream keep their numbers: a frame has no holes.
                    if isStream, !times.isEmpty {
                        taken -= 1
                        break
                    }
                    continue
                }
                if isBroken || quality.contains(.disconnected), delivered + times.count > 0 {
                    starts.append(times.count)
                }
                isBroken = false
                times.append(time)
                let start = row * block.columnCount
                values += block.values[start..<(start + min(block.columnCount, schema.count))]
                for _ in min(block.columnCount, schema.count)..<schema.count { values.append(.nan) }
            }
            let firstRow = isStream ? first + taken - times.count : delivered
            next = first + taken
            guard !times.isEmpty else { continue }
            delivered += times.count
            return MetricFrame(schema: schema, firstRow: firstRow, fileStarts: starts, times: times, values: values)
        }
        // A stream has nothing at the moment; a part is over.
        return isStream ? MetricFrame(schema: schema, firstRow: next, times: [], values: []) : nil
    }
}
