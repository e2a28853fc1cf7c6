import CMicroHTTP
import Foundation
import Glibc
import Synchronization

/// What a client asked for.
package struct HTTPRequest {
    /// What it wants done.
    package enum Method: String {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    /// What it wants done.
    package var method = Method.get
    /// The path, without the query.
    package var path: String
    /// Looks up a value of the query.
    package var query: (String) -> String?
    /// Looks up a header.
    package var header: (String) -> String?
    /// What it brings; empty for GET, and as a rule for DELETE.
    package var body: [UInt8] = []
}

/// What it gets.
package enum HTTPResponse: Sendable {
    /// A whole body.
    case whole(status: Int, type: String, body: [UInt8])
    /// A stream: `next` gives more bytes, an empty array when there is nothing yet, `nil` at the end. It is called from a
    /// thread of the connection's own and may wait, but not for long.
    case stream(type: String, next: @Sendable () -> [UInt8]?)
}

/// A small HTTP/1.1 server over libmicrohttpd: GET, DELETE, and POST and PUT with small bodies; a thread for each
/// connection, bounded.
@safe package final class HTTPServer: Sendable {
    /// Most connections at a time.
    static let connectionLimit = 64
    /// Most bytes of a request's body.
    package static let longestBody = 65_536

    /// What answers requests; called from the connections' threads.
    package typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    // Unchecked: the pointer is set once, and libmicrohttpd's daemon functions are thread-safe.
    @safe private struct Daemon: @unchecked Sendable { let pointer: OpaquePointer }

    private let daemon: Daemon
    private let handler: Unmanaged<HandlerBox>
    private let stopped = Atomic(false)
    /// The port that it listens on.
    package let port: Int

    /// Listens on `host` and `port`; port 0 lets the system choose.
    ///
    /// - Throws: ``ServiceError`` when the address cannot be had.
    ///
    /// - Parameter longestBody: most bytes of a request's body.
    package init(
        host: String, port: Int, longestBody: Int = HTTPServer.longestBody, handler: @escaping Handler
    ) throws {
        let (descriptor, chosen) = try Self.listen(host: host, port: port)
        self.port = chosen
        let box = unsafe Unmanaged.passRetained(HandlerBox(handler, longestBody: longestBody))
        unsafe self.handler = box
        let started = unsafe faultline_http_start(
            descriptor, UInt32(Self.connectionLimit), 60, answerRequest, endRequest, box.toOpaque())
        guard let started = unsafe started else {
            unsafe box.release()
            close(descriptor)
            throw ServiceError(.unavailable, "the HTTP server cannot be started on \(host):\(port)")
        }
        daemon = unsafe Daemon(pointer: started)
    }

    /// Ends every connection and stops listening.
    package func stop() {
        guard !stopped.exchange(true, ordering: .relaxed) else { return }
        unsafe MHD_stop_daemon(daemon.pointer)
        unsafe handler.release()
    }

    private static func listen(host: String, port: Int) throws -> (descriptor: Int32, port: Int) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = unsafe list else {
            throw ServiceError(.configuration, "HTTP address \(host):\(port): not an address of this machine")
        }
        defer { unsafe freeaddrinfo(list) }
        let descriptor = unsafe socket(
            first.pointee.ai_family, first.pointee.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
            first.pointee.ai_protocol)
        guard descriptor >= 0 else { throw ServiceError(.unavailable, "no socket for the HTTP server") }
        var yes: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
            Glibc.listen(descriptor, 64) == 0
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

private final class HandlerBox: Sendable {
    let handler: HTTPServer.Handler
    let longestBody: Int
    init(_ handler: @escaping HTTPServer.Handler, longestBody: Int) {
        self.handler = handler
        self.longestBody = longestBody
    }
}

/// The body of a request while it comes; used by its connection's thread only.
private final class BodyBox {
    private(set) var bytes: [UInt8] = []
    private(set) var isTooLong = false
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func append(_ more: UnsafeRawBufferPointer) {
        guard !isTooLong, bytes.count + more.count <= limit else {
            isTooLong = true
            bytes = []
            return
        }
        unsafe bytes.append(contentsOf: more)
    }
}

/// The rest of a stream's bytes that the library has not taken yet; used by its connection's thread only.
private final class StreamBox {
    let next: @Sendable () -> [UInt8]?
    var pending: ArraySlice<UInt8> = []
    init(_ next: @escaping @Sendable () -> [UInt8]?) { self.next = next }
}

// Plain functions, not closures: they are called on the library's threads and belong to no actor.

private func answerRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ upload: UnsafePointer<CChar>?,
    _ uploadSize: UnsafeMutablePointer<Int>?, _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context = unsafe context, let connection = unsafe connection, let url = unsafe url,
        let method = unsafe method
    else { return faultline_http_result(0) }
    let box = unsafe Unmanaged<HandlerBox>.fromOpaque(context).takeUnretainedValue()
    guard let method = HTTPRequest.Method(rawValue: unsafe String(cString: method)) else {
        return unsafe queue(.text(405, "only GET, POST, PUT and DELETE are served here\n"), on: connection)
    }
    var body: [UInt8] = []
    if method != .get {
        guard let state = unsafe state, let uploadSize = unsafe uploadSize else { return faultline_http_result(0) }
        guard let held = unsafe state.pointee else {
            // Only the headers are here; the body comes in further calls, the last of them without bytes.
            unsafe state.pointee = Unmanaged.passRetained(BodyBox(limit: box.longestBody)).toOpaque()
            return faultline_http_result(1)
        }
        let collected = unsafe Unmanaged<BodyBox>.fromOpaque(held).takeUnretainedValue()
        if unsafe uploadSize.pointee > 0 {
            unsafe collected.append(UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee))
            unsafe uploadSize.pointee = 0
            return faultline_http_result(1)
        }
        guard !collected.isTooLong else {
            let line = "a body of more than \(box.longestBody) bytes\n"
            return unsafe queue(.text(413, line), on: connection)
        }
        body = collected.bytes
    }
    let request = HTTPRequest(
        method: method, path: unsafe String(cString: url),
        query: { name in unsafe faultline_http_argument(connection, name).map { unsafe String(cString: $0) } },
        header: { name in unsafe faultline_http_header(connection, name).map { unsafe String(cString: $0) } },
        body: body)
    return unsafe queue(box.handler(request), on: connection)
}

/// A request has ended, one way or another: its body goes.
private func endRequest(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ how: MHD_RequestTerminationCode
) {
    guard let held = unsafe state?.pointee else { return }
    unsafe Unmanaged<BodyBox>.fromOpaque(held).release()
    unsafe state?.pointee = nil
}

private func queue(_ answer: HTTPResponse, on connection: OpaquePointer) -> MHD_Result {
    let response: OpaquePointer?
    let contentType: String
    let status: Int
    switch answer {
    case .whole(let code, let type, let body):
        (status, contentType) = (code, type)
        unsafe response = unsafe body.withUnsafeBytes {
            unsafe faultline_http_response($0.baseAddress, $0.count)
        }
    case .stream(let type, let next):
        (status, contentType) = (200, type)
        let box = unsafe Unmanaged.passRetained(StreamBox(next))
        unsafe response = MHD_create_response_from_callback(
            UInt64.max, 16_384, continueStream, box.toOpaque(), endStream)
    }
    guard let made = unsafe response else { return faultline_http_result(0) }
    defer { unsafe MHD_destroy_response(made) }
    unsafe MHD_add_response_header(made, "Content-Type", contentType)
    unsafe MHD_add_response_header(made, "Cache-Control", "no-store")
    return unsafe MHD_queue_response(connection, UInt32(status), made)
}

private func continueStream(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64, _ buffer: UnsafeMutablePointer<CChar>?, _ limit: Int
) -> Int {
    guard let context = unsafe context, let buffer = unsafe buffer else { return -1 }
    let box = unsafe Unmanaged<StreamBox>.fromOpaque(context).takeUnretainedValue()
    while box.pending.isEmpty {
        guard let more = box.next() else { return -1 }
        box.pending = more[...]
    }
    let count = min(limit, box.pending.count)
    unsafe box.pending.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        unsafe UnsafeMutableRawPointer(buffer).copyMemory(from: start, byteCount: count)
    }
    box.pending.removeFirst(count)
    return count
}

private func endStream(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<StreamBox>.fromOpaque(context).release()
}

extension HTTPResponse {
    /// A line of text.
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        .whole(status: status, type: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// JSON.
    package static func json(_ body: [UInt8]) -> HTTPResponse {
        .whole(status: 200, type: "application/json", body: body)
    }

    /// A value as JSON with sorted keys, on one line.
    package static func encoding(_ value: some Encodable) throws -> HTTPResponse {
        .json(Array(try JSONEncoder.oneLine.encode(value)) + [0x0a])
    }

    /// A peer's text as it may stand in a line for people: without control characters, and not long.
    package static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(120).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}

extension JSONEncoder {
    /// Writes JSON on one line, keys sorted; numbers that JSON lacks as `"inf"`, `"-inf"` and `"nan"`.
    static var oneLine: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }
}
