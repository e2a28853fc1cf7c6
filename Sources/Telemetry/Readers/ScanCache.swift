/// What was made with some effort and will be asked for again in the same order, over and over: the tables of an entity's
/// files, then those of the next entity's.
///
/// Where not all of it fits, what was used last gives way, not what was used longest ago and will be the next: then some of
/// it stays, and costs nothing. What nobody has asked for in a long time goes first.
package struct ScanCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let bytes: Int
        var lastUse: Int
    }

    private let mostBytes: Int
    private let longestUnused: Int
    private var entries: [Key: Entry] = [:]
    private var uses = 0
    /// Bytes of all values kept.
    package private(set) var bytes = 0

    /// - Parameters:
    ///   - mostBytes: the values kept take so many bytes at most, or are one.
    ///   - longestUnused: uses of others after which a value is of files that nobody reads any more.
    package init(mostBytes: Int, longestUnused: Int = 10_000) {
        self.mostBytes = mostBytes
        self.longestUnused = longestUnused
    }

    /// What was kept; `nil` where nothing was or it had to go.
    package mutating func value(for key: Key) -> Value? {
        uses += 1
        entries[key]?.lastUse = uses
        return entries[key]?.value
    }

    /// Keeps a value. O(number of values kept)
    package mutating func keep(_ value: Value, bytes size: Int, for key: Key) {
        uses += 1
        remove(key)
        for (other, entry) in entries where uses - entry.lastUse > longestUnused { remove(other) }
        while bytes + size > mostBytes, let last = entries.max(by: { $0.value.lastUse < $1.value.lastUse }) {
            remove(last.key)
        }
        bytes += size
        entries[key] = Entry(value: value, bytes: size, lastUse: uses)
    }

    /// Forgets the values of some keys.
    package mutating func remove(where isStale: (Key) -> Bool) {
        for key in entries.keys where isStale(key) { remove(key) }
    }

    private mutating func remove(_ key: Key) { bytes -= entries.removeValue(forKey: key)?.bytes ?? 0 }
}
