import Foundation
import Platform

/// Consumers that have subscribed to alarms over HTTP, in a file of the server's folder: a change is on the disk before
/// anybody hears of it.
struct SubscriptionFile {
    /// A subscription.
    struct Entry: Codable, Equatable {
        /// Its name in paths.
        let id: String
        /// Where notifications are posted to.
        let consumer: String
    }

    /// Subscriptions at a time.
    static let most = 8

    private let path: String
    private(set) var entries: [Entry] = []

    /// The subscriptions of a folder.
    ///
    /// - Throws: `StorageError` when the file cannot be read, ``ServiceError`` when it is none.
    init(path: String) throws {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else { return }
        let bytes = try FileContents.read(path, limit: 1 << 20)
        guard let read = try? JSONDecoder().decode([Entry].self, from: Data(bytes)) else {
            throw ServiceError(
                .data, "\(path): found no list of subscriptions; remove it, and managers subscribe again")
        }
        entries = Array(read.prefix(Self.most))
    }

    /// Adds one.
    ///
    /// - Throws: `StorageError`; it is as before then.
    mutating func add(_ entry: Entry) throws { try change(to: entries + [entry]) }

    /// Removes one.
    ///
    /// - Throws: `StorageError`; it is as before then.
    mutating func remove(_ id: String) throws { try change(to: entries.filter { $0.id != id }) }

    private mutating func change(to new: [Entry]) throws {
        try FileContents.writeAtomically(Array(try JSONEncoder.oneLine.encode(new)), to: path)
        entries = new
    }
}
