import Foundation
import Services
import TestSupport
import Testing

@Suite struct ServiceNotificationTests {
    @Test func systemdHearsThatTheServiceIsReady() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("s")
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        func heard() -> String {
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
        let notification = ServiceNotification(environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "0"])
        notification.ready()
        #expect(heard() == "READY=1")
        notification.alive()
        #expect(heard() == "WATCHDOG=1")
        notification.stopping()
        #expect(heard() == "STOPPING=1")
        // Whose watchdog is another's says nothing, and so does a service without systemd.
        let other = ServiceNotification(
            environment: ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "0", "WATCHDOG_PID": "1"])
        other.alive()
        ServiceNotification(environment: [:]).ready()
        #expect(heard() == "")
    }
}
