import Foundation
import Services
import TestSupport
import Testing

@Suite struct ServiceNotificationTests {
    @Test func systemdHearsHowTheServiceIs() throws {
        let systemd = try NotifySocket(in: TemporaryFolder())
        let notification = ServiceNotification(environment: ["NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "0"])
        // A reload that comes before the service is ready would make it ready.
        notification.reloading {}
        #expect(systemd.all.isEmpty)
        notification.status("waiting\nfor \u{202E}rows")
        notification.ready()
        notification.ready()
        notification.status("waiting\nfor \u{202E}rows")
        notification.status("at work")
        notification.alive()
        #expect(
            systemd.all == [
                #"STATUS=waiting\u{A}for \u{202E}rows"#, "READY=1", "STATUS=at work", "WATCHDOG=1",
            ])
        systemd.forget()
        notification.reloading { #expect(systemd.all.count == 1) }
        let reload = systemd.all
        #expect(reload.count == 2 && reload.last == "READY=1", "\(reload)")
        let begin = try #require(reload.first?.firstMatch(of: /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/))
        #expect(try #require(Int64(begin.1)) > 0)
        systemd.forget()
        notification.stopping()
        // Whose watchdog is another's says nothing, and so does a service without systemd.
        let other = ServiceNotification(
            environment: ["NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "0", "WATCHDOG_PID": "1"])
        other.alive()
        let none = ServiceNotification(environment: [:])
        none.ready()
        none.status("x")
        #expect(systemd.all == ["STOPPING=1"])
    }
}
