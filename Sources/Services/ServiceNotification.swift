import Foundation
import Glibc
import Platform
import Synchronization

/// Tells systemd how a service is: a datagram to the socket that `NOTIFY_SOCKET` names. Where there is none it does nothing.
///
/// Source: sd_notify(3), sd_watchdog_enabled(3).
@safe package final class ServiceNotification: Sendable {
    private struct State {
        var lastSign = ContinuousClock.now
        var isReady = false
        var status = ""
    }

    private let descriptor: Int32
    private let address: [UInt8]
    private let watchdog: Duration?
    private let state = Mutex(State())

    /// Characters of a status line.
    private static let longestStatus = 200

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

    /// The service does what it is for; said once.
    package func ready() {
        let isNews = state.withLock { state in
            defer { state.isReady = true }
            return !state.isReady
        }
        if isNews { send("READY=1") }
    }

    /// What the service does now, in a few words; said when it changes.
    package func status(_ text: @autoclosure () -> String) {
        guard descriptor >= 0 else { return }
        let line = PrintableText.line(text(), limit: Self.longestStatus)
        let isNews = state.withLock { state in
            defer { state.status = line }
            return state.status != line
        }
        if isNews { send("STATUS=\(line)") }
    }

    /// Does what a reload consists of; systemd hears when it begins and when it is over. Before the service is ready it hears
    /// nothing of it: the end of a reload would make it ready.
    package func reloading(_ reload: () -> Void) {
        let isReady = state.withLock { $0.isReady }
        if isReady { send("RELOADING=1\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)") }
        reload()
        if isReady { send("READY=1") }
    }

    /// The service is about to end.
    package func stopping() { send("STOPPING=1") }

    /// The service is alive: said where systemd wants to hear it, twice as often as it must.
    package func alive() {
        guard let watchdog else { return }
        let isDue = state.withLock { state in
            guard ContinuousClock.now - state.lastSign >= watchdog else { return false }
            state.lastSign = .now
            return true
        }
        if isDue { send("WATCHDOG=1") }
    }

    /// The clock that systemd holds a reload's begin against.
    private static var monotonicMicroseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
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
