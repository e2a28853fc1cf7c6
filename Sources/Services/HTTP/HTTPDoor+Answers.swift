import CMicroHTTP

extension HTTPDoor {
    /// Hands a connection its answer.
    ///
    /// - Parameters:
    ///   - ends: whether nothing more is taken from the connection after this.
    ///   - isHead: whether only its headers were asked for.
    func queue(
        _ answer: HTTPResponse, on connection: OpaquePointer, ends: Bool = false, isHead: Bool = false
    ) -> MHD_Result {
        if case .stream(_, let isEndless, _, _) = answer, isEndless, !isHead,
            !beginStream(unsafe connection.connectionID)
        {
            return unsafe queue(
                .text(503, "as many streams of events are open as may be at a time\n").adding("Retry-After", "5"),
                on: connection, ends: true)
        }
        let response: OpaquePointer?
        let contentType: String
        let status: Int
        var headers: [String: String] = [:]
        switch answer {
        case .whole(let code, let type, let body, let more):
            (status, contentType, headers) = (code, type, more)
            unsafe response = unsafe body.withUnsafeBytes {
                unsafe faultline_http_response($0.baseAddress, $0.count)
            }
        case .stream(let type, _, let more, let next):
            (status, contentType, headers) = (200, type, more)
            let box = unsafe Unmanaged.passRetained(StreamBox(next))
            unsafe response = MHD_create_response_from_callback(
                UInt64.max, 16_384, continueStream, box.toOpaque(), endStream)
            // The library ends with a chunk even a body that does not go, and the reader would take that for the beginning of
            // the next answer.
            if isHead { _ = unsafe response.map { unsafe faultline_http_close_behind($0) } }
        }
        guard let made = unsafe response else { return faultline_http_result(0) }
        defer { unsafe MHD_destroy_response(made) }
        if !contentType.isEmpty { unsafe MHD_add_response_header(made, "Content-Type", contentType) }
        // What has a tag may be kept, and is asked for again each time.
        headers["Cache-Control"] = headers["ETag"] == nil ? "no-store" : "no-cache"
        for (name, value) in headers { unsafe MHD_add_response_header(made, name, value) }
        unsafe MHD_add_response_header(made, "X-Content-Type-Options", "nosniff")
        if contentType.hasPrefix("text/html") {
            unsafe MHD_add_response_header(made, "Content-Security-Policy", PageFiles.policy)
            unsafe MHD_add_response_header(made, "Referrer-Policy", "no-referrer")
        }
        if status == 401 { unsafe MHD_add_response_header(made, "WWW-Authenticate", challenge) }
        if ends { unsafe MHD_add_response_header(made, "Connection", "close") }
        return unsafe MHD_queue_response(connection, UInt32(status), made)
    }
}

/// The rest of a stream's bytes that the library has not taken yet; used by its connection's thread only.
private final class StreamBox {
    let next: @Sendable () -> [UInt8]?
    var pending: ArraySlice<UInt8> = []
    init(_ next: @escaping @Sendable () -> [UInt8]?) { self.next = next }
}

// Plain functions, not closures: they are called on the library's threads and belong to no actor.

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
