import Foundation
import Platform
import Synchronization

/// Sockets as they are, for protocols that need no more.
enum RawPeer {
    private static func bound(_ type: __socket_type) throws -> (Int32, Int) {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = bind(descriptor, generic, length)
                _ = getsockname(descriptor, generic, &length)
            }
        }
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    static func datagrams() throws -> (Int32, Int) { try bound(SOCK_DGRAM) }

    static func listener() throws -> (Int32, Int) {
        let made = try bound(SOCK_STREAM)
        _ = listen(made.0, 8)
        return made
    }

    static func receive(_ descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

/// Answers as a mail server would, and remembers what it heard.
final class BackgroundConversation: Sendable {
    private let heard = Heard()

    private final class Heard: Sendable { let text = Mutex("") }

    /// - Parameters:
    ///   - unknown: addresses that it takes no mail for.
    ///   - times: how many connections it takes, one after the other.
    init(_ listener: Int32, unknown: Set<String> = [], times: Int = 1) {
        let heard = heard
        _ = BackgroundThread(name: "smtp") { _ in
            for _ in 0..<times { Self.converse(accept(listener, nil, nil), heard, unknown) }
        }
    }

    private static func converse(_ connection: Int32, _ heard: Heard, _ unknown: Set<String>) {
        func say(_ line: String) { _ = send(connection, line + "\r\n", line.utf8.count + 2, Int32(MSG_NOSIGNAL)) }
        say("220 ready")
        var line = ""
        var isMail = false
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) == 1 {
            line.unicodeScalars.append(Unicode.Scalar(byte))
            guard line.hasSuffix("\r\n") else { continue }
            let whole = line
            heard.text.withLock { $0 += whole }
            defer { line = "" }
            if isMail {
                if line == ".\r\n" {
                    isMail = false
                    say("250 kept")
                }
            } else if line.hasPrefix("DATA") {
                isMail = true
                say("354 go on")
            } else if line.hasPrefix("QUIT") {
                say("221 bye")
            } else if unknown.contains(where: { line.hasPrefix("RCPT TO:<\($0)>") }) {
                say("550 no such mailbox")
            } else {
                say("250 fine")
            }
        }
        close(connection)
    }

    var text: String { heard.text.withLock { $0 } }
}

/// Ports that were free a moment ago, and waiting.
enum FreePorts {
    static func take(_ count: Int) throws -> [Int] {
        let sockets = try (0..<count).map { _ in try RawPeer.listener() }
        defer { for (descriptor, _) in sockets { close(descriptor) } }
        return sockets.map(\.1)
    }

    /// Looks until a condition holds, for at most some seconds.
    static func wait(_ seconds: Int, until condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if condition() { return true }
            poll(nil, 0, 20)
        }
        return condition()
    }
}
