import Federation
import Platform

/// What is in a server's folder: a value, so that a backup is a copy of it.
struct ServerFolder {
    /// Another after the folder was lost or an older one put in its place.
    var number = 0
    var federation: FederationIdentity
    /// Starts of a server on it.
    var term: UInt32 = 0
    var nextRound: UInt32 = 0
    var version: UInt64 = 0
    var model: [UInt8] = []
    var digest: [UInt8] = []
    /// Kept contributions, by round and worker.
    var kept: [UInt32: [String: [UInt8]]] = [:]
    /// The alarm log, numbered from 1.
    var alarms: [(claim: AlarmClaim, bytes: [UInt8])] = []
    /// How far each worker's spool is in the log.
    var spools: [(worker: String, spool: UInt64, delivered: UInt64)] = []
    /// Who has served what.
    var services: [AlarmStore.Service] = []
    /// Workers that ever joined, and whether the server counts them.
    var workers: [String: String] = [:]

    init(federation: FederationIdentity) { self.federation = federation }

    /// Where the acceptance of alarms goes on.
    var alarmRecovery: AlarmRecovery {
        var recovery = AlarmRecovery()
        recovery.lastSequence = Int64(alarms.count)
        recovery.alarms = alarms.map(\.claim)
        recovery.spools = spools
        recovery.services = services
        return recovery
    }

    /// Where a server that starts on it goes on.
    ///
    /// - Throws: `StorageError` when what is there is not what was written.
    mutating func recover() throws(StorageError) -> ServerRecovery {
        if version > 0, SHA256.digest(model) != digest {
            throw StorageError(
                .corrupt, operation: "read", path: "registry",
                found: "version \(version) that does not match its SHA-256")
        }
        term += 1
        let bundle = version > 0 ? try? FederatedModel(decoding: model) : nil
        return ServerRecovery(term: term, nextRound: nextRound, version: version, bundle: bundle)
    }
}

extension AlarmClaim {
    /// What this event and no other is called.
    var key: String { "\(entity) \(id)#\(revision)" }
}
