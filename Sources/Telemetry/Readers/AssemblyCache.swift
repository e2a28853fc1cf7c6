import Foundation
import Synchronization

/// Tables that were put together, so that the entities of one file cost one reading of it, and those of a file a day one
/// reading of each.
final class AssemblyCache: Sendable {
    static let shared = AssemblyCache()

    /// An eighth of the machine's memory, half a gigabyte at most.
    private let tables = Mutex(
        ScanCache<FileIdentity, AssembledTable>(
            mostBytes: Int(min(UInt64(1) << 29, ProcessInfo.processInfo.physicalMemory / 8))))

    func table(_ path: String, _ options: ReaderOptions) -> AssembledTable? {
        guard let identity = FileIdentity(path, options) else { return nil }
        return tables.withLock { $0.value(for: identity) }
    }

    func forget() { tables.withLock { $0.remove { _ in true } } }

    func keep(_ table: AssembledTable, _ identity: FileIdentity) {
        tables.withLock {
            // What is left of the file's earlier states.
            $0.remove { $0.path == identity.path && $0.stamp != identity.stamp }
            $0.keep(table, bytes: table.bytes, for: identity)
        }
    }
}

extension DataCatalog {
    /// Forgets the tables that were put together, for measurements of how fast files are read.
    package static func forgetTables() { AssemblyCache.shared.forget() }
}

extension AssembledTable {
    /// Bytes that the rows take.
    fileprivate var bytes: Int {
        entities.reduce(0) { $0 + 8 * ($1.values.count + $1.times.count) + ($1.labels?.count ?? 0) }
    }
}
