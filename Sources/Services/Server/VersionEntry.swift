import Foundation
import Platform

/// A kept version as `/v1/versions` has it.
package struct VersionEntry: Codable, Sendable {
    /// Its number.
    package let number: Int64
    /// Bytes of its bundle.
    package let bytes: Int
    /// The bundle's SHA-256.
    package let digest: String
    /// The round that made it; `nil` where its record cannot be read.
    package let round: UInt32?
    /// The loss before that round and after it.
    package let lossBefore, lossAfter: Double?
    /// The version that it takes again.
    package let restores: UInt64?
    /// Who asked for that; `nil` where the gate did it.
    package let restoredBy: String?

    init(_ kept: VersionRegistry.Kept) {
        (number, bytes, digest) = (kept.number, kept.bytes, SHA256.hexadecimalDigits(kept.digest))
        let entry = kept.record.flatMap { try? JSONDecoder().decode(RoundEntry.self, from: Data($0)) }
        (round, lossBefore, lossAfter) = (entry?.round, entry?.lossBefore, entry?.lossAfter)
        (restores, restoredBy) = (entry?.restores, entry?.restoredBy)
    }

    /// Some of them, the latest first.
    package struct Page: Codable, Sendable {
        /// The federation.
        package let federation: String
        /// The version that holds.
        package let current: UInt64
        /// The versions.
        package let versions: [VersionEntry]
        /// Whether there are earlier ones.
        package let more: Bool
    }
}
