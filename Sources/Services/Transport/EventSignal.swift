import CZeroMQ
import Glibc

/// Wakes a thread that waits on file descriptors (Linux eventfd).
final class EventSignal: PortWaker {
    /// Readable while a wake-up is pending.
    let descriptor: Int32

    init() throws(TransportError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw TransportError(.systemFailure, "cannot make an event descriptor: errno \(errno)")
        }
    }

    deinit { Glibc.close(descriptor) }

    func wake() {
        var one: UInt64 = 1
        // The only failure is a full counter, which is a pending wake-up.
        _ = unsafe withUnsafeBytes(of: &one) { unsafe Glibc.write(descriptor, $0.baseAddress, 8) }
    }

    /// Forgets pending wake-ups.
    func clear() {
        var count: UInt64 = 0
        _ = unsafe withUnsafeMutableBytes(of: &count) { unsafe Glibc.read(descriptor, $0.baseAddress, 8) }
    }

    func wait(upTo limit: Duration) {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let (seconds, attoseconds) = limit.components
        let milliseconds = Int32(clamping: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
        if unsafe poll(&item, 1, milliseconds) > 0 { clear() }
    }
}
