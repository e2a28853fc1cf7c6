import Foundation
import TestSupport

/// A ZeroMQ subscriber by hand, as ZMTP 3.0 has it (RFC 23), so that what is published is heard by something that is not ours.
///
/// Unchecked: made by one thread, then used by another one.
final class RawSubscriber: @unchecked Sendable {
    private let descriptor: Int32
    private var bytes: [UInt8] = []

    /// Connects to a publisher on this machine and subscribes to what begins with a text; `nil` where nobody is there.
    init?(port: Int, topic: String) {
        guard let descriptor = RawSocket.connected(to: port) else { return nil }
        self.descriptor = descriptor
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let signature = [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f]
        write(signature + [3, 0] + Array("NULL".utf8) + [UInt8](repeating: 0, count: 48))
        _ = read(64)
        let ready = [5] + Array("READY".utf8) + [11] + Array("Socket-Type".utf8) + [0, 0, 0, 3] + Array("SUB".utf8)
        write([4, UInt8(ready.count)] + ready)
        _ = frame()
        write([0, UInt8(topic.utf8.count + 1), 1] + Array(topic.utf8))
    }

    deinit { close(descriptor) }

    private func write(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    private func read(_ count: Int) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while bytes.count < count {
            let got = recv(descriptor, &buffer, buffer.count, 0)
            guard got > 0 else { return [] }
            bytes += buffer[..<got]
        }
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    /// One frame and whether more of its message follow; nothing where nothing comes for ten seconds.
    private func frame() -> (text: String, more: Bool)? {
        guard let flags = read(1).first else { return nil }
        let size = read(flags & 2 == 0 ? 1 : 8).reduce(0) { $0 << 8 | Int($1) }
        return (String(decoding: read(size), as: UTF8.self), flags & 1 == 1)
    }

    /// The next message.
    func message() -> [String] {
        var parts: [String] = []
        while let (text, more) = frame() {
            parts.append(text)
            if !more { break }
        }
        return parts
    }
}
