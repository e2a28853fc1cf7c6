import Federation
import Platform

/// Versions only grow, at the server, on its disk and at each worker; what was announced is durable and stays what it was.
struct VersionOracle: Oracle {
    let promise = Promise.versionsOnlyGrow
    private var folder = 0
    /// By folder: the digests of the versions on the disk.
    private var durable: [Int: [UInt64: [UInt8]]] = [:]
    private var newest: [Int: UInt64] = [:]
    private var announced: UInt64 = 0

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        switch observation {
        case .serverStarted(let folder, let version, _):
            self.folder = folder
            announced = 0
            let kept = newest[folder] ?? version
            newest[folder] = version
            return version < kept ? ["version \(kept) was committed, and the server starts with \(version)"] : []
        case .committed(let record, let model, _):
            let before = newest[folder] ?? 0
            guard let model else {
                return record.version == before
                    ? [] : ["round \(record.round) made nothing and version \(record.version)"]
            }
            newest[folder] = record.version
            durable[folder, default: [:]][record.version] = SHA256.digest(model)
            return record.version == before + 1 ? [] : ["version \(record.version) after \(before)"]
        case .sent(let envelope, _):
            switch envelope.message {
            case .status(let status): return announce(status.version)
            case .modelPiece(let piece):
                guard let digest = durable[folder]?[piece.version], digest != piece.digest else { return [] }
                return ["version \(piece.version) went out with other bytes than are on the disk"]
            default: return []
            }
        case .adopted(let worker, let version, let model):
            let known = durable.values.contains { $0[version] == SHA256.digest(model) }
            return known ? [] : ["\(worker) holds a version \(version) that nobody committed"]
        default: return []
        }
    }

    private mutating func announce(_ version: UInt64) -> [String] {
        defer { announced = max(announced, version) }
        if version < announced { return ["version \(version) was announced after \(announced)"] }
        if version > newest[folder] ?? 0 { return ["version \(version) was announced and is not on the disk"] }
        return []
    }
}
