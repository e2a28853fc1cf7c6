import CMicroHTTP
import Foundation
import Glibc
import Platform
import Synchronization

/// A small HTTP/1.1 server over libmicrohttpd: GET and HEAD, DELETE, and POST, PUT and PATCH with small bodies; a thread for
/// each connection, bounded.
///
/// What the library does not do is done here: the host that a request names is looked at (``HostRule``), requests whose
/// end two readers could see at different places are refused, and connections that hold others up are ended
/// (``ConnectionWatch``).
@safe package final class HTTPServer: Sendable {
    /// Most bytes of a request's body.
    package static let longestBody = 65_536

    /// What answers requests; called from the connections' threads.
    package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    /// How many requests each asker may make, and how askers are told apart.
    package struct Quota: Sendable {
        /// The bounds.
        package var limits: RequestQuota.Limits
        /// Whose token a request shows, by name; `nil`: nobody's, then its address counts.
        package var asker: @Sendable (HTTPRequest) -> String?

        /// Counts what is refused.
        package var refused: RefusedRequests

        /// A quota with every field given.
        package init(
            limits: RequestQuota.Limits = .init(), refused: RefusedRequests,
            asker: @escaping @Sendable (HTTPRequest) -> String?
        ) {
            self.limits = limits
            self.refused = refused
            self.asker = asker
        }
    }

    let daemons: Mutex<Daemons>
    private let mostConnections: Int
    private let door: Unmanaged<HTTPDoor>
    private let stopped = Atomic(false)
    private let warden: BackgroundThread
    /// The port that it listens on.
    package let port: Int

    /// Listens on `host` and `port`; port 0 lets the system choose.
    ///
    /// - Parameters:
    ///   - names: under which requests may know the server besides `host`, this machine's name and `localhost`.
    ///   - hosts: in place of these, which hosts and pages may stand in requests.
    ///   - certificate: files of the certificate and its private key, in PEM: TLS; `nil`: HTTP as it is.
    ///   - quota: how many requests each asker may make; `nil`: as many as come.
    ///   - listening: called with the port before anybody gets an answer.
    ///   - allowed: the methods of a path, as the header `Allow` has them.
    /// - Throws: ``ServiceError`` when the address cannot be had.
    package init(
        host: String, port: Int, names: [String] = [], hosts: HostRule? = nil, limits: ConnectionWatch.Limits = .init(),
        longestBody: Int = HTTPServer.longestBody, largeBodies: [LargeBodies] = [],
        certificate: (certificate: String, key: String)? = nil, quota: Quota? = nil,
        listening: (Int) throws -> Void = { _ in },
        allowed: @escaping @Sendable (_ path: String) -> String = { _ in "GET, HEAD, POST, PUT, PATCH, DELETE" },
        handler: @escaping Handler
    ) throws {
        let pem = try certificate.map { try Self.pem($0) }
        let (descriptor, chosen) = try Self.listen(host: host, port: port)
        self.port = chosen
        do {
            try listening(chosen)
        } catch {
            close(descriptor)
            throw error
        }
        let machine = ProcessInfo.processInfo.hostName
        let door = HTTPDoor(
            hosts: hosts ?? HostRule(names: names + [host, machine]), limits: limits, longestBody: longestBody,
            largeBodies: largeBodies, isEncrypted: pem != nil, quota: quota, allowed: allowed, handler: handler)
        let box = unsafe Unmanaged.passRetained(door)
        unsafe self.door = box
        mostConnections = limits.most
        daemons = Mutex(Daemons(listening: pem == nil ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0), pem: pem))
        guard let started = unsafe Self.start(descriptor, pem, limits.most, box.toOpaque()) else {
            unsafe box.release()
            close(descriptor)
            daemons.withLock { if $0.listening >= 0 { close($0.listening) } }
            throw ServiceError(
                .unavailable,
                "the HTTP server cannot be started on \(host):\(port)"
                    + (pem == nil ? "" : ": are certificate and key in PEM, and of each other?"))
        }
        daemons.withLock { $0.all = [unsafe Daemons.Daemon(pointer: started)] }
        warden = BackgroundThread(name: "http") { isCancelled in
            while !isCancelled() {
                door.endOverdue()
                usleep(100_000)
            }
        }
    }

    private static func start(
        _ descriptor: Int32, _ pem: (certificate: String, key: String)?, _ connections: Int,
        _ context: UnsafeMutableRawPointer
    ) -> OpaquePointer? {
        unsafe faultline_http_start(
            descriptor, UInt32(connections), 60, answerRequest, endRequest, noteConnection, context, pem?.certificate,
            pem?.key)
    }

    /// One more that takes connections from a listening socket.
    func start(_ descriptor: Int32, _ pem: (certificate: String, key: String)) -> OpaquePointer? {
        unsafe Self.start(descriptor, pem, mostConnections, door.toOpaque())
    }

    /// Ends every connection and stops listening.
    package func stop() {
        guard !stopped.exchange(true, ordering: .relaxed) else { return }
        warden.cancel()
        warden.join(upTo: .seconds(1))
        let all = daemons.withLock { daemons in
            defer { daemons = Daemons(listening: -1) }
            if daemons.listening >= 0 { close(daemons.listening) }
            return daemons.all
        }
        for daemon in all { unsafe MHD_stop_daemon(daemon.pointer) }
        unsafe door.release()
    }

    private static func listen(host: String, port: Int) throws -> (descriptor: Int32, port: Int) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = SocketKind.stream
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = unsafe list else {
            throw ServiceError(.configuration, "HTTP address \(host):\(port): not an address of this machine")
        }
        defer { unsafe freeaddrinfo(list) }
        let descriptor = unsafe socket(
            first.pointee.ai_family, first.pointee.ai_socktype | SocketKind.closesOnExec,
            first.pointee.ai_protocol)
        guard descriptor >= 0 else { throw ServiceError(.unavailable, "no socket for the HTTP server") }
        var yes: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
            Glibc.listen(descriptor, 511) == 0
        else {
            let number = errno
            close(descriptor)
            guard number == EADDRINUSE else {
                throw ServiceError(
                    .configuration, "HTTP address \(host):\(port): \(unsafe String(cString: strerror(number)))")
            }
            throw ServiceError(
                .unavailable, "HTTP address \(host):\(port): another process listens there; choose another port")
        }
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let chosen = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe getsockname(descriptor, generic, &length)
            }
            // The port lies at the same place for both families.
            return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: unsafe $0.pointee.sin_port))
            }
        }
        return (descriptor, chosen)
    }
}

/// The body of a request while it comes; used by its connection's thread only.
private final class BodyBox {
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLong = false
    let limit: Int
    private let ended: () -> Void

    /// - Parameter ended: called when the body goes.
    init(limit: Int, ended: @escaping () -> Void = {}) {
        self.limit = limit
        self.ended = ended
    }

    deinit { ended() }

    func append(_ more: UnsafeRawBufferPointer) {
        guard !isTooLong, bytes.count + more.count <= limit else {
            isTooLong = true
            bytes = []
            return
        }
        unsafe bytes.append(contentsOf: more)
    }
}

// Plain functions, not closures: they are called on the library's threads and belong to no actor.

private func noteConnection(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ what: MHD_ConnectionNotificationCode
) {
    guard let context = unsafe context, let connection = unsafe connection else { return }
    let door = unsafe Unmanaged<HTTPDoor>.fromOpaque(context).takeUnretainedValue()
    guard faultline_http_is_opened(what) != 0 else { return door.closed(unsafe connection.connectionID) }
    door.opened(
        unsafe connection.connectionID, unsafe faultline_http_descriptor(connection),
        from: unsafe address(of: connection))
}

/// The bytes of a peer's address, without its port.
private func address(of connection: OpaquePointer) -> [UInt8] {
    guard let generic = unsafe faultline_http_address(connection) else { return [] }
    let raw = unsafe UnsafeRawPointer(generic)
    switch Int32(unsafe generic.pointee.sa_family) {
    case AF_INET:
        return unsafe withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in.self).sin_addr) { unsafe Array($0) }
    case AF_INET6:
        let bytes = unsafe withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr) { unsafe Array($0) }
        // A socket for both families has addresses of IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
        let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        return isMapped ? Array(bytes.suffix(4)) : bytes
    default: return []
    }
}

/// Why a request is not looked at, by its headers; `nil` for one that may go on.
private func refusal(
    _ connection: OpaquePointer, method: String, version: String, target: HTTPTarget, door: HTTPDoor
) -> HTTPResponse? {
    func count(_ name: String) -> Int32 { unsafe faultline_http_header_count(connection, name) }
    func header(_ name: String) -> String? {
        unsafe faultline_http_header(connection, name).map { unsafe String(cString: $0) }
    }
    let isReading = method == "GET" || method == "HEAD"
    guard unsafe faultline_http_headers_are_sound(connection) != 0 else {
        return .text(400, "found a header with characters that no header has\n")
    }
    guard count("Authorization") <= 1, count("Origin") <= 1 else {
        return .text(400, "expected at most one Authorization and one Origin\n")
    }
    // Two readers, one of them a proxy, shall not see the end of a request at two places.
    let coding = header("Transfer-Encoding")
    guard count("Content-Length") + count("Transfer-Encoding") <= 1,
        coding.map({ $0.lowercased() == "chunked" }) ?? true
    else { return .text(400, "expected one Content-Length, or Transfer-Encoding: chunked, and not both\n") }
    guard !isReading || (coding == nil && header("Content-Length").map { $0 == "0" } ?? true) else {
        return .text(400, "a \(method) brings no body here\n")
    }
    guard count("Host") == 1 || (count("Host") == 0 && version == "HTTP/1.0") else {
        return .text(400, "expected one Host header\n")
    }
    for host in [header("Host"), target.authority].compactMap(\.self) where !door.hosts.allows(host) {
        return .text(421, "'\(HTTPResponse.printable(host))' is no name of this server\n")
    }
    if !isReading || door.hosts.refusesPages, let origin = header("Origin"),
        !door.hosts.allows(origin: origin, host: header("Host"))
    {
        return .text(403, "a page of '\(HTTPResponse.printable(origin))' may change nothing here\n")
    }
    return nil
}

private func answerRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ upload: UnsafePointer<CChar>?,
    _ uploadSize: UnsafeMutablePointer<Int>?, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let connection = unsafe connection, let url = unsafe url,
        let methodText = unsafe method, let state = unsafe state, let uploadSize = unsafe uploadSize
    else { return faultline_http_result(0) }
    let door = unsafe Unmanaged<HTTPDoor>.fromOpaque(context).takeUnretainedValue()
    let method = unsafe String(cString: methodText)
    let target = unsafe HTTPTarget(String(cString: url))
    guard let held = unsafe state.pointee else {
        // Only the headers are here; a body comes in further calls, the last of them without bytes.
        door.entered(.receiving, unsafe connection.connectionID)
        let path = target.path
        let large = door.largeBodies.first { $0.path == path && method == $0.method.rawValue }
        var busy = false
        var box = BodyBox(limit: door.longestBody)
        if let large {
            busy = door.largeCount.add(1, ordering: .relaxed).newValue > large.atOnce
            box = BodyBox(limit: busy ? 0 : large.longest) { door.largeCount.subtract(1, ordering: .relaxed) }
        }
        unsafe state.pointee = Unmanaged.passRetained(box).toOpaque()
        let version = unsafe version.map { unsafe String(cString: $0) } ?? ""
        if let refusal = unsafe refusal(
            connection, method: method, version: version, target: target, door: door)
        {
            return unsafe door.queue(refusal, on: connection, ends: true)
        }
        guard HTTPRequest.Method(word: method) != nil else {
            let line = "only GET, HEAD, POST, PUT, PATCH and DELETE are served here\n"
            let refusal = HTTPResponse.text(405, line).adding("Allow", door.allowed(path))
            return unsafe door.queue(refusal, on: connection, ends: true)
        }
        // Nobody waits for a body that is not taken.
        let length = unsafe faultline_http_header(connection, "Content-Length").flatMap {
            unsafe UInt64(String(cString: $0))
        }
        if !busy, let length, length > box.limit {
            return unsafe door.queue(
                .text(413, "a body of more than \(box.limit) bytes\n"), on: connection, ends: true)
        }
        if let large {
            let early = unsafe HTTPRequest(connection, large.method, path: path, body: [])
            let refused =
                large.refusal(early)
                ?? (busy ? .text(503, "\(large.atOnce) bodies of this size are here, as many as may be\n") : nil)
            if let refused { return unsafe door.queue(refused, on: connection, ends: true) }
        }
        return faultline_http_result(1)
    }
    let collected = unsafe Unmanaged<BodyBox>.fromOpaque(held).takeUnretainedValue()
    if unsafe uploadSize.pointee > 0 {
        unsafe collected.append(UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee))
        unsafe uploadSize.pointee = 0
        return faultline_http_result(1)
    }
    guard !collected.isTooLong else {
        let line = "a body of more than \(collected.limit) bytes\n"
        return unsafe door.queue(.text(413, line), on: connection, ends: true)
    }
    guard let asked = HTTPRequest.Method(word: method) else { return faultline_http_result(0) }
    let request = unsafe HTTPRequest(connection, asked, path: target.path, body: collected.bytes)
    door.entered(.answering, unsafe connection.connectionID)
    let answer = door.answer(request, on: unsafe connection.connectionID)
    return unsafe door.queue(answer, on: connection, isHead: method == "HEAD")
}

extension HTTPRequest {
    /// What a connection asks for; the queries and headers are looked up while it is open.
    fileprivate init(_ connection: OpaquePointer, _ method: Method, path: String, body: [UInt8]) {
        self.init(
            method: method, path: path,
            query: { name in unsafe faultline_http_argument(connection, name).map { unsafe String(cString: $0) } },
            header: { name in unsafe faultline_http_header(connection, name).map { unsafe String(cString: $0) } },
            body: body)
        queryCount = { name in unsafe Int(faultline_http_argument_count(connection, name)) }
        // Of two nobody can tell which one is meant.
        guard unsafe faultline_http_header_count(connection, TraceContext.name) == 1,
            let parent = header(TraceContext.name).flatMap(TraceContext.init(parsing:))
        else { return }
        (trace, isTraced) = (Self.step(of: parent), true)
    }
}

/// A request has ended, one way or another: its body goes.
private func endRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ how: MHD_RequestTerminationCode
) {
    if let context = unsafe context, let connection = unsafe connection {
        unsafe Unmanaged<HTTPDoor>.fromOpaque(context).takeUnretainedValue().entered(.idle, connection.connectionID)
    }
    guard let held = unsafe state?.pointee else { return }
    unsafe Unmanaged<BodyBox>.fromOpaque(held).release()
    unsafe state?.pointee = nil
}
