import Foundation

/// Labels of one entity's rows: 1 where a row is anomalous.
public struct RowLabels: Hashable, Sendable, Codable {
    /// The label of each row, `[rows]`, by its index.
    public var values: [UInt8]

    /// Labels for the rows `0 ..< values.count`.
    public init(values: [UInt8]) { self.values = values }

    /// Labels that are 1 in the rows of some segments; parts of segments beyond `rowCount` are left out.
    public init(segments: [AnomalySegment], rowCount: Int) {
        precondition(rowCount >= 0, "the number of rows is not negative")
        values = [UInt8](repeating: 0, count: rowCount)
        for segment in segments {
            for row in segment.rows.clamped(to: 0..<rowCount) { values[row] = 1 }
        }
    }

    /// Runs of rows labelled 1.
    public var runs: [Range<Int>] {
        var runs: [Range<Int>] = []
        var start: Int?
        for (row, label) in values.enumerated() {
            if label != 0 {
                start = start ?? row
            } else if let first = start {
                runs.append(first..<row)
                start = nil
            }
        }
        if let start { runs.append(start..<values.count) }
        return runs
    }

    /// Writes an `index,label` file.
    ///
    /// - Throws: ``TelemetryError`` when it cannot be written.
    public func write(to path: String) throws {
        var text = "index,label\n"
        for (index, label) in values.enumerated() { text += "\(index),\(label)\n" }
        try Self.write(text, to: path)
    }

    static func write(_ text: String, to path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw TelemetryError(
                .unreadable, path: path, found: "a place that cannot be written", expected: "a writable folder")
        }
    }
}
