package import Platform
package import Telemetry

/// Names the onsets of one stream's alarms, so that the same stream read again gives the same names and another stream,
/// or what follows in a rotated file, gives others.
///
/// With a clock an onset is named by its time. Without one rows are all there is, and any stream has a row 5: then the
/// digest of the stream's first rows goes with the row.
package struct StreamIdentity: Sendable {
    /// Rows whose values tell one stream without a clock from another; before there are so many, those up to the onset.
    package static let digestedRows = 32
    /// Onsets at the same time, in a clock that stands still or was set back, are told apart as long as no more lie
    /// between them.
    private static let rememberedMarks = 256

    private let hasClock: Bool
    /// The digest of the schema and the rows so far.
    private var latest: [UInt8]
    /// The digest of the rows up to each of the first.
    private var digests: [String] = []
    private var marks: [String: Int] = [:]
    private var order: [String] = []

    /// A stream of which nothing was read yet.
    ///
    /// - Parameter clock: how its rows get their times.
    package init(clock: ClockRule, schema: [String]) {
        if case .rows = clock { hasClock = false } else { hasClock = true }
        latest = SHA256.digest(Array(schema.joined(separator: "\n").utf8))
    }

    /// Takes in rows, in their order, before anything in them is named.
    package mutating func see(_ frame: MetricFrame) {
        guard !hasClock, digests.count < Self.digestedRows else { return }
        for row in 0..<frame.rowCount where digests.count < Self.digestedRows {
            var bytes = latest
            for column in 0..<frame.columnCount {
                let value = frame[row, column]
                let bits = value.isNaN ? UInt64.max : value.bitPattern
                for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
            }
            latest = SHA256.digest(bytes)
            digests.append(String(SHA256.hexadecimalDigits(latest).prefix(16)))
        }
    }

    /// The name of an alarm that began at a row: the same for the same row of the same stream, another for every other.
    package mutating func mark(of onset: AlarmEvent.Point) -> String {
        let name = AlarmIdentity.mark(of: onset, digest: hasClock ? nil : digest(upTo: onset.index))
        let count = (marks[name] ?? -1) + 1
        if marks.updateValue(count, forKey: name) == nil {
            order.append(name)
            if order.count > Self.rememberedMarks { marks[order.removeFirst()] = nil }
        }
        return count == 0 ? name : "\(name)#\(count)"
    }

    private func digest(upTo row: Int) -> String {
        guard !digests.isEmpty else { return String(repeating: "0", count: 16) }
        return digests[min(max(row, 0), digests.count - 1)]
    }
}

extension StreamIdentity: StreamState {
    private struct Form: Codable {
        var latest: [UInt8]
        var digests: [String]
        var marks: [String: Int]
        var order: [String]
    }

    /// Writes what names the onsets that come.
    package func save(to state: inout StateWriter) {
        let form = Form(latest: latest, digests: digests, marks: marks, order: order)
        // A value of numbers and texts: it has a form.
        state.append((try? DeterministicJSON.encode(form, pretty: false)) ?? [])
    }

    /// Takes it up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        let bytes = try state.bytes()
        guard let form = try? DeterministicJSON.decode(Form.self, from: bytes), form.latest.count == 32,
            form.digests.count <= Self.digestedRows, form.order.count <= Self.rememberedMarks,
            form.marks.values.allSatisfy({ (0..<Int.max).contains($0) })
        else { throw StateError("names of alarms that cannot be read") }
        (latest, digests, marks, order) = (form.latest, form.digests, form.marks, form.order)
    }
}
