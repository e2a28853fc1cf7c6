import Federation
import Platform
import Services
import Synchronization
import TestSupport
import Testing

/// A server's office of identities while commands change the same folder.
@Suite struct IdentityOfficeTests {
    private let folder: TemporaryFolder
    private let store: IdentityStore
    private let gate = PeerGate()

    init() throws {
        folder = try TemporaryFolder()
        store = try IdentityStore(folder: folder.path("server"))
    }

    /// Invites a worker as `fl-server enrol` does; the key of its token.
    private func invite(_ name: String) throws -> PublicKey {
        let now = IdentityStore.now
        let grant = Grant(name: name, site: "site1")
        let (token, invitation) = try EnrolmentToken.inviting(
            grant, to: try store.serverKeys().publicKey, at: now, for: 600)
        _ = try store.change(at: now) { record in
            _ = record.registry.step(.invited(invitation), at: now)
            return ((), [])
        }
        return token.keys.publicKey
    }

    /// A token that is made while the server starts lets its worker in from the first handshake on: a worker takes a refusal
    /// for good.
    @Test func aTokenMadeWhileTheServerStartsIsGood() throws {
        let office = try IdentityOffice(store: store, gate: gate, localKey: nil)
        let key = try invite("edge-1")
        #expect(gate.caller(with: key) != nil)
        #expect(gate.caller(with: try CurveKeys().publicKey) == nil)
        // The node, which has seen the registry before that, hears of it when the office begins.
        let told = Mutex<[IdentityRegistry]>([])
        office.start(
            announced: { _ in }, changed: { registry in told.withLock { $0.append(registry) } }, failed: { _ in })
        defer { office.stop() }
        #expect(told.withLock { $0.last?.invitations.map(\.grant.name) } == ["edge-1"])
    }

    /// Whoever reads what there is and then when it was written takes one for the other, where a command writes in between.
    @Test func whatACommandWritesIsNeverTakenForWhatWasRead() throws {
        let commands = BackgroundThread(name: "commands") { [store] isCancelled in
            var count = 0
            while !isCancelled(), count < 60 {
                count += 1
                _ = try? store.change(at: 7) { _ in ((), [AuditEvent(.http, of: "somebody", "\(count)")]) }
            }
        }
        defer {
            commands.cancel()
            commands.join()
        }
        for _ in 0..<60 {
            let (record, _, stamp) = try store.change(at: 7) { _ in ((), []) }
            let (now, again) = try store.readWithStamp()
            #expect(stamp != again || record == now)
        }
    }
}
