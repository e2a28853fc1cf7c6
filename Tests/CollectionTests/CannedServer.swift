import Foundation
import Glibc
import Synchronization

/// A server that answers each connection with what it is given, byte for byte: what no honest server sends too.
final class CannedServer: Sendable {
    /// What it sends: a head, then pieces until there are no more or the peer is gone.
    struct Script: Sendable {
        var head: String
        var piece: @Sendable (_ number: Int) -> [UInt8]?
    }

    let port: Int
    private let descriptor: Int32
    private let stopped = Atomic(false)
    private let served = Atomic(0)
    private let script: @Sendable (_ path: String) -> Script

    /// How many requests were answered.
    var requests: Int { served.load(ordering: .relaxed) }

    convenience init(status: String = "200 OK", headers: String = "", body: [UInt8]) throws {
        try self.init { _ in
            Script(
                head: "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.count)\r\nConnection: close\r\n\r\n",
                piece: { $0 == 0 ? body : nil })
        }
    }

    init(_ script: @escaping @Sendable (_ path: String) -> Script) throws {
        self.script = script
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = descriptor
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard isOpen else { throw CocoaError(.fileNoSuchFile) }
        port = Int(UInt16(bigEndian: address.sin_port))
        let thread = Thread { [self] in serve() }
        thread.start()
    }

    func stop() {
        stopped.store(true, ordering: .relaxed)
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private func serve() {
        while !stopped.load(ordering: .relaxed) {
            let peer = accept(descriptor, nil, nil)
            guard peer >= 0 else { return }
            let thread = Thread { [self] in
                defer { close(peer) }
                var buffer = [UInt8](repeating: 0, count: 4_096)
                let got = read(peer, &buffer, buffer.count)
                guard got > 0 else { return }
                let line = String(decoding: buffer[..<got], as: UTF8.self).split(separator: " ")
                let script = script(line.count > 1 ? String(line[1]) : "/")
                served.add(1, ordering: .relaxed)
                func put(_ bytes: [UInt8]) -> Bool {
                    var sent = 0
                    while sent < bytes.count {
                        let count = bytes[sent...].withUnsafeBytes {
                            send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                        }
                        guard count > 0 else { return false }
                        sent += count
                    }
                    return true
                }
                guard put(Array(script.head.utf8)) else { return }
                var number = 0
                while !stopped.load(ordering: .relaxed), let piece = script.piece(number), put(piece) { number += 1 }
            }
            thread.start()
        }
    }
}
