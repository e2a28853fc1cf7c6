import Federation
import Foundation
import Platform
import Synchronization
import Telemetry

/// A worker's part in moving samples within its domain (if3): hands out its own files to those whom the server has
/// granted them, and copies those of others that it serves.
///
/// Owned by the worker's thread; the endpoint and each holder have threads of their own.
final class SampleExchange: SampleMover {
    /// Where others reach this worker's samples; empty: nowhere.
    let address: String

    private let name: String
    private let identity: [UInt8]
    private let keys: CurveKeys?
    private let folder: MirrorFolder
    private let log: Logger
    private let endpoint: SampleEndpoint?
    private let publish: @Sendable () -> Void
    private let verification: BackgroundThread
    private var links: [String: MirrorLink] = [:]

    /// Opens the data endpoint and looks what copies there are.
    ///
    /// - Parameters:
    ///   - identity: of this process.
    ///   - keys: with which it hands out and fetches samples; `nil`: nothing is encrypted.
    ///   - changed: called with the entities of which there is a whole copy, when there may be others.
    /// - Throws: ``ServiceError`` or `TransportError` when the endpoint cannot be had.
    init(
        settings: WorkerSettings, scoring: LiveScoring, path: String, identity: [UInt8], keys: CurveKeys?, log: Logger,
        changed: @escaping @Sendable ([String]) -> Void
    ) throws {
        name = settings.name
        self.identity = identity
        self.keys = keys
        self.log = log
        let local = LocalSamples(training: scoring.training, streams: scoring.streams, reader: scoring.reader)
        let folder = MirrorFolder(path, limit: settings.mirrorLimitBytes, reading: local.reading)
        self.folder = folder
        endpoint = try settings.dataAddress.map { address in
            if try keys == nil && !Endpoint(address).isLoopback {
                throw ServiceError(
                    .configuration, "plain: found \(address), expected a loopback address: nothing is encrypted")
            }
            for wildcard in ["tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"] where address.hasPrefix(wildcard) {
                throw ServiceError(
                    .configuration, "\(address) names no machine: others of the domain must be able to reach it")
            }
            return try SampleEndpoint(
                address: address, worker: settings.name, keys: keys, files: local, log: log)
        }
        address = endpoint?.address ?? ""
        let mirrored = scoring.mirrored
        let publish: @Sendable () -> Void = {
            let copies = folder.copies
            mirrored.replace(copies)
            changed(copies.map(\.entity))
        }
        self.publish = publish
        // Gigabytes may lie there: the worker does not wait for it.
        verification = BackgroundThread(name: "copies") { isCancelled in
            folder.verify(isCancelled: isCancelled, found: publish) { entity, reason in
                log.warning("a copy of samples is damaged", ["entity": entity, "reason": reason])
            }
        }
    }

    /// The entities of which there is a whole copy.
    var copies: [String] { folder.copies.map(\.entity) }

    /// Lets these and no others read own samples.
    func grant(_ grants: [SampleGrant]) { endpoint?.grant(grants) }

    /// Copies from these and no others.
    func mirror(_ sources: [SampleSource]) {
        folder.assign(sources)
        // A link that has nothing to do stays: its holder's files are written by one thread only, and waiting for its end
        // would keep heartbeats waiting.
        for (holder, link) in links where !sources.contains(where: { $0.holder == holder }) { link.rest() }
        for source in sources {
            if let link = links[source.holder] {
                link.assign(source)
            } else {
                links[source.holder] = MirrorLink(
                    source, reader: name, identity: identity, keys: keys, folder: folder, log: log,
                    changed: publish)
            }
        }
        publish()
    }

    /// Ends every thread.
    func stop() {
        for link in links.values { link.cancel() }
        verification.cancel()
        endpoint?.cancel()
        for link in links.values { link.join(upTo: .milliseconds(300)) }
        endpoint?.join(upTo: .milliseconds(300))
    }
}
