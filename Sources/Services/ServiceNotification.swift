import Foundation
import Glibc

/// Tells systemd how a service is: a datagram to the socket that `NOTIFY_SOCKET` names. Where there is none it does nothing.
///
/// Source: sd_notify(3), sd_watchdog_enabled(3).
@safe package final class ServiceNotification {
    private let descriptor: Int32
    private let address: [UInt8]
    private let watchdog: Duration?
    private var lastSign = ContinuousClock.now

    /// - Parameter environment: of the process.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        var path = Array((environment["NOTIFY_SOCKET"] ?? "").utf8)
        // An abstract name begins with @ and is meant with a 0 there.
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        let isUsable = (2..<108).contains(path.count)
        address = isUsable ? path : []
        descriptor = isUsable ? socket(AF_UNIX, SocketKind.datagram | SocketKind.closesOnExec, 0) : -1
        let isMine = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        watchdog = isMine ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0 / 2) } : nil
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The service does what it is for.
    package func ready() { send("READY=1") }

    /// The service is about to end.
    package func stopping() { send("STOPPING=1") }

    /// The service is alive: said where systemd wants to hear it, twice as often as it must.
    package func alive() {
        guard let watchdog, ContinuousClock.now - lastSign >= watchdog else { return }
        lastSign = .now
        send("WATCHDOG=1")
    }

    private func send(_ text: String) {
        guard descriptor >= 0 else { return }
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &target.sun_path) { unsafe $0.copyBytes(from: address) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + address.count)
        let bytes = Array(text.utf8)
        _ = unsafe withUnsafePointer(to: &target) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
