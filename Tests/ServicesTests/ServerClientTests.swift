import Foundation
import Platform
import Services
import Synchronization
import Testing

/// A server whose machine is there, and that says nothing: as one that was stopped (SIGSTOP).
@Suite struct ServerClientTests {
    /// Takes connections, as far as the system does, and nothing else.
    private final class SilentServer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let port: Int

        init() throws {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let status = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) + listen(descriptor, 8) + getsockname(descriptor, $0, &length)
                }
            }
            try #require(status == 0)
            port = Int(in_port_t(bigEndian: address.sin_port))
        }

        deinit { close(descriptor) }
    }

    private struct Anything: Decodable {}

    @Test func whatASilentServerIsAskedComesToAnEnd() throws {
        let server = try SilentServer()
        var client = ServerClient(HTTPPeer(host: "127.0.0.1", port: server.port))
        #expect(client.silence == .seconds(30))
        client.silence = .seconds(1)
        for request in [
            { (client: ServerClient) in _ = try client.get(Anything.self, "/v1/placement/nodes") },
            { (client: ServerClient) in _ = try client.send(["a": .bool(true)], to: "/v1/placement/nodes", puts: true)
            },
            { (client: ServerClient) in _ = try client.patch(["a": .bool(true)], at: "/v1/configuration") },
            { (client: ServerClient) in try client.delete("/v1/silences/1") },
        ] {
            let error = #expect(throws: (any Error).self) { try request(client) }
            #expect(error.map { "\($0)" } == "no server answers at 127.0.0.1:\(server.port)")
        }
    }

    /// Whoever is told to end does not wait for an answer.
    @Test func nobodyWaitsForWhatIsNotWanted() throws {
        let server = try SilentServer()
        var client = ServerClient(HTTPPeer(host: "127.0.0.1", port: server.port))
        let asked = Mutex(0)
        client.isWanted = {
            asked.withLock {
                $0 += 1
                return $0 < 2
            }
        }
        let start = ContinuousClock.now
        let error = #expect(throws: (any Error).self) { try client.get(Anything.self, "/healthz") }
        #expect(error.map { "\($0)" } == "127.0.0.1:\(server.port): its answer is not waited for")
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
