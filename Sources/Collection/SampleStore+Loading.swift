import Foundation
import Platform
import Services
import Telemetry

// What a store reads of its file when it is opened.
extension SampleStore {
    static func open(_ path: String) throws(StorageError) -> Database {
        let database = try Database(path: path, migrations: migrations)
        // A damaged page shows at the first statement that meets it, not when the file is opened.
        try database.query("SELECT count(*) FROM entities")
        try database.query("SELECT count(*) FROM blocks")
        return database
    }

    /// Reads what there is; returns how many pieces of unfinished blocks could not be used.
    static func load(
        _ database: Database, upTo horizon: Double, into states: inout [State], counted: inout Counters
    ) throws(StorageError) -> Int {
        var dropped = 0
        for row in try database.query("SELECT id, site, name, type, columns, seen FROM entities ORDER BY id") {
            let id = Int(row[0].integer ?? 0)
            guard let columns = try? JSONDecoder().decode([String].self, from: Data(row[4].blob ?? [])) else {
                continue
            }
            let span = try database.query(
                "SELECT min(first), max(first + count), sum(length(bytes)), sum(count * columns) FROM blocks "
                    + "WHERE entity = ?", [.integer(Int64(id))]
            ).first
            let last = try database.query(
                "SELECT finish FROM blocks WHERE entity = ? ORDER BY first DESC LIMIT 1", [.integer(Int64(id))]
            ).first?.first?.real
            var state = State(
                entity: Entity(
                    number: id, site: row[1].text ?? "", name: row[2].text ?? "", type: row[3].text ?? "",
                    columns: columns, firstRow: Int(span?[0].integer ?? 0), nextRow: Int(span?[1].integer ?? 0),
                    lastTime: last), tail: SampleBlock(columnCount: columns.count))
            state.latestPast = try database.query(
                "SELECT finish FROM blocks WHERE entity = ? AND finish <= ? ORDER BY first DESC LIMIT 1",
                [.integer(Int64(id)), .real(horizon)]
            ).first?.first?.real
            state.seen = row[5].real ?? 0
            state.seenWritten = state.seen
            counted.bytes += Int(span?[2].integer ?? 0)
            counted.samples += Int(span?[3].integer ?? 0)
            for piece in try database.query(
                "SELECT first, count, bytes FROM blocks WHERE entity = ? AND isTail = 1 ORDER BY first",
                [.integer(Int64(id))])
            {
                guard let block = decode(piece[2].blob ?? []),
                    block.rowCount == Int(piece[1].integer ?? 0)
                else {
                    dropped += 1
                    // Rows keep their numbers: what was lost is missing, not moved.
                    for _ in 0..<Int(piece[1].integer ?? 0) {
                        state.tail.append(SampledRow(time: .nan, values: [], quality: .incomplete))
                    }
                    continue
                }
                state.tail.append(block)
            }
            states.append(state)
        }
        return dropped
    }

    /// The checksum that every compressed block carries is part of its form.
    static func decode(_ bytes: [UInt8]) -> SampleBlock? {
        Zstandard.decompressed(bytes, limit: 1 << 30).flatMap { SampleBlock(decoding: $0) }
    }
}
