import Glibc

/// Talks to an HTTP server: one request on a connection of its own, the answer's body as it comes. HTTP/1.0, so that the
/// body is the bytes up to the end of the connection.
package enum HTTPClient {
    /// What came of a request.
    package enum Outcome: Equatable, Sendable {
        /// The whole body was read, or the reader had enough.
        case finished
        /// The server refused; with what it says is wrong, or the first line of its body.
        case refused(Int, String)
        /// No server there, or the connection broke.
        case unreachable(String)
    }

    /// Bytes of a refusal's body that are kept.
    private static let longestRefusal = 4_096

    /// Gets a path and hands on the body as it comes.
    ///
    /// - Parameters:
    ///   - headers: further headers.
    ///   - read: takes bytes, or none when nothing has come for a second; returns whether it wants more.
    package static func get(
        _ peer: HTTPPeer, path: String, headers: [String: String] = [:], read: ([UInt8]) -> Bool
    ) -> Outcome {
        let shown = peer.token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        return exchange("GET", peer, path: path, headers: headers.merging(shown) { $1 }, body: [], read: read)
    }

    /// The same of a server that needs no encryption.
    package static func get(
        host: String, port: Int, path: String, headers: [String: String] = [:], read: ([UInt8]) -> Bool
    ) -> Outcome {
        get(HTTPPeer(host: host, port: port), path: path, headers: headers, read: read)
    }

    /// Posts JSON to a path, or puts it there, and hands on the answer's body as it comes.
    package static func post(
        _ peer: HTTPPeer, path: String, json: String, puts: Bool = false, read: ([UInt8]) -> Bool
    ) -> Outcome {
        let body = Array(json.utf8)
        let headers = authorization(peer).merging(
            ["Content-Type": "application/json", "Content-Length": "\(body.count)"]) { $1 }
        return exchange(puts ? "PUT" : "POST", peer, path: path, headers: headers, body: body, read: read)
    }

    /// The same to a server that needs no encryption.
    ///
    /// - Parameter token: what allows it; `nil`: what a server of the same user on this machine has put down.
    package static func post(
        host: String, port: Int, path: String, json: String, puts: Bool = false, token: String? = nil,
        read: ([UInt8]) -> Bool
    ) -> Outcome {
        post(HTTPPeer(host: host, port: port, token: token), path: path, json: json, puts: puts, read: read)
    }

    /// Deletes what a path names and hands on the answer's body as it comes.
    package static func delete(_ peer: HTTPPeer, path: String, read: ([UInt8]) -> Bool) -> Outcome {
        exchange("DELETE", peer, path: path, headers: authorization(peer), body: [], read: read)
    }

    /// The same of a server that needs no encryption.
    ///
    /// - Parameter token: as for ``post(host:port:path:json:puts:token:read:)``.
    package static func delete(
        host: String, port: Int, path: String, token: String? = nil, read: ([UInt8]) -> Bool
    ) -> Outcome {
        delete(HTTPPeer(host: host, port: port, token: token), path: path, read: read)
    }

    private static func authorization(_ peer: HTTPPeer) -> [String: String] {
        let isHere = LoopbackAddress.contains(
            peer.host.contains(":") ? "tcp://[\(peer.host)]:1" : "tcp://\(peer.host):1")
        guard let token = peer.token ?? (isHere ? LocalDoor.token(http: peer.port) : nil) else { return [:] }
        return ["Authorization": "Bearer \(token)"]
    }

    /// A name as one part of a path: everything but letters, digits and `-._~` as %HH (RFC 3986, 2.3).
    package static func pathPart(_ name: String) -> String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        return String(
            decoding: name.utf8.flatMap { byte -> [UInt8] in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"):
                    [byte]
                default: [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
                }
            }, as: UTF8.self)
    }

    private static func exchange(
        _ method: String, _ peer: HTTPPeer, path: String, headers: [String: String], body sent: [UInt8],
        read: ([UInt8]) -> Bool
    ) -> Outcome {
        guard let descriptor = connect(peer.host, peer.port) else {
            return .unreachable("no server answers at \(peer)")
        }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\r\n" }.joined()
        let request = Array("\(method) \(path) HTTP/1.0\r\nHost: \(peer.host)\r\n\(lines)\r\n".utf8) + sent
        let link: Link
        do throws(TLSConnection.Failure) {
            link = try Link(descriptor, to: peer)
        } catch {
            return .unreachable(error.reason)
        }
        guard link.send(request) else { return .unreachable("the connection to \(peer) broke") }
        var head: [UInt8] = []
        var status: Int?
        var body: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe link.receive($0) }
            if count == -1 {
                guard read([]) else { return .finished }
                continue
            }
            guard count >= 0 else { return .unreachable("the connection to \(peer) broke") }
            guard count > 0 else { break }
            var bytes = Array(buffer[..<count])
            if status == nil {
                head += bytes
                guard let end = Self.endOfHead(head) else {
                    guard head.count < 65_536 else { return .unreachable("\(peer) does not speak HTTP") }
                    continue
                }
                let words = String(decoding: head.prefix(64), as: UTF8.self).split(separator: " ")
                guard head.starts(with: Array("HTTP/1.".utf8)), words.count > 1, let code = Int(words[1]) else {
                    return .unreachable("\(peer) does not speak HTTP")
                }
                status = code
                bytes = Array(head[end...])
            }
            guard (200..<300).contains(status ?? 0) else {
                // Its first line is shown; what follows is read and forgotten.
                body += bytes.prefix(Self.longestRefusal - body.count)
                continue
            }
            if !bytes.isEmpty, !read(bytes) { return .finished }
        }
        guard let status else { return .unreachable("the connection to \(peer) broke") }
        guard (200..<300).contains(status) else {
            let line = String(decoding: body, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
            return .refused(status, Problem.detail(of: line) ?? line)
        }
        return .finished
    }

    /// The connection, encrypted or not.
    private struct Link {
        let descriptor: Int32
        let secured: TLSConnection?

        init(_ descriptor: Int32, to peer: HTTPPeer) throws(TLSConnection.Failure) {
            self.descriptor = descriptor
            guard let trust = peer.trust else {
                secured = nil
                return
            }
            secured = try TLSConnection(descriptor, to: peer, trust: trust)
        }

        func send(_ bytes: [UInt8]) -> Bool {
            if let secured { return secured.send(bytes) }
            return unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            } == bytes.count
        }

        /// As ``TLSConnection/receive(_:)``.
        func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
            if let secured { return unsafe secured.receive(buffer) }
            while true {
                let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count >= 0 { return count }
                if errno != EINTR { return errno == EAGAIN ? -1 : 0 }
            }
        }
    }

    private static func endOfHead(_ head: [UInt8]) -> Int? {
        let blank = Array("\r\n\r\n".utf8)
        guard head.count >= 4 else { return nil }
        return (0...head.count - 4).first { head[$0..<$0 + 4].elementsEqual(blank) }.map { $0 + 4 }
    }

    private static func connect(_ host: String, _ port: Int) -> Int32? {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &list) == 0 else { return nil }
        defer { unsafe freeaddrinfo(list) }
        var next = unsafe list
        while let address = unsafe next {
            let descriptor = unsafe socket(
                address.pointee.ai_family, address.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
                address.pointee.ai_protocol)
            if descriptor >= 0 {
                if unsafe Glibc.connect(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 {
                    return descriptor
                }
                close(descriptor)
            }
            unsafe next = address.pointee.ai_next
        }
        return nil
    }
}
