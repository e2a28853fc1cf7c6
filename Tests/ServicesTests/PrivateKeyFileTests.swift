import Foundation
import Glibc
import Services
import TestSupport
import Testing

/// Who else may read the private key of a server's certificate.
@Suite struct PrivateKeyFileTests {
    @Test func ourOwnIsOursAlone() {
        for mode: UInt32 in [0o600, 0o400, 0o700] { #expect(HTTPServer.isKept(mode: mode, owner: 7, from: 7)) }
        for mode: UInt32 in [0o640, 0o604, 0o660, 0o440, 0o610, 0o601, 0o644] {
            #expect(!HTTPServer.isKept(mode: mode, owner: 7, from: 7), "\(String(mode, radix: 8))")
        }
    }

    /// A kubelet gives a Secret's files to root and to the group of the pod, whatever the mode that was asked for.
    @Test func anothersMayBeReadByItsGroup() {
        for mode: UInt32 in [0o440, 0o640, 0o400, 0o600] { #expect(HTTPServer.isKept(mode: mode, owner: 0, from: 7)) }
        for mode: UInt32 in [0o644, 0o444, 0o404, 0o660, 0o460, 0o441, 0o450] {
            #expect(!HTTPServer.isKept(mode: mode, owner: 0, from: 7), "\(String(mode, radix: 8))")
        }
    }

    @Test func aServerLooks() throws {
        let folder = try TemporaryFolder()
        let files = (certificate: try folder.write("c", "none"), key: try folder.write("k", "none"))
        chmod(files.key, 0o640)
        let words =
            "\(files.key): found mode 640, expected 600, or 440 where it is another user's: others can read the key"
        #expect(throws: ServiceError(.configuration, words)) { try server(files) }
        // What follows is that the files are no PEM.
        chmod(files.key, 0o600)
        #expect(throws: ServiceError(.configuration, "\(files.certificate): found no PEM, expected '-----BEGIN …'")) {
            try server(files)
        }
        // Only root can make a file another's.
        guard geteuid() == 0 else { return }
        chmod(files.key, 0o440)
        chown(files.key, 10_001, 10_001)
        #expect(throws: ServiceError(.configuration, "\(files.certificate): found no PEM, expected '-----BEGIN …'")) {
            try server(files)
        }
    }

    private func server(_ files: (certificate: String, key: String)) throws {
        try HTTPServer(host: "127.0.0.1", port: 0, certificate: files) { _ in .text(200, "") }.stop()
    }
}
