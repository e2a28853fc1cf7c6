import Foundation
import Platform
import Services
import Telemetry

/// What a worker has taken from its sources, out of its folder: read beside a worker that runs, which is not disturbed.
package final class StoredHistory {
    private let store: SampleStore
    private let copy: URL

    /// Copies the samples in a worker's folder, as they are now.
    ///
    /// - Parameter folder: `--data-folder` of the worker.
    /// - Throws: `StorageError` when there are none, or they cannot be read.
    package init(folder: String) throws {
        let file = folder + "/samples.db"
        guard FileManager.default.fileExists(atPath: file) else {
            throw StorageError(
                .missing, operation: "read", path: file, found: "no such file",
                expected: "the data folder of a worker with live sources")
        }
        copy = FileManager.default.temporaryDirectory.appending(path: "faultline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: copy, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        do {
            let path = copy.appending(path: "samples.db").path
            try Database(reading: file).copy(to: path)
            store = try SampleStore(path: path)
        } catch {
            try? FileManager.default.removeItem(at: copy)
            throw error
        }
    }

    deinit { try? FileManager.default.removeItem(at: copy) }

    /// The entities, in the order in which they came.
    package var entities: [SampleStore.Entity] { store.entities }

    /// The rows of an entity: all, or those of its last seconds.
    package func rows(of entity: SampleStore.Entity, last seconds: Double?) throws -> HistoryReader.Entity {
        var rows = SampleBlock(columnCount: entity.columns.count)
        let start = seconds.flatMap { seconds in entity.lastTime.map { $0 - seconds } } ?? -.infinity
        var next = entity.firstRow
        while let (first, block) = try store.read(entity.key, from: next, limit: 4_096) {
            next = first + block.rowCount
            for row in 0..<block.rowCount where block.times[row] >= start { rows.append(block[row]) }
        }
        return HistoryReader.Entity(name: entity.name, type: entity.type, columns: entity.columns, rows: rows)
    }
}
