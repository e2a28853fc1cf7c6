import CCurl

/// The body of an answer of libcurl, kept up to a bound while it comes. Used by one thread.
package final class AnswerBody {
    private let limit: Int
    /// What has come; empty where it was too much.
    package private(set) var bytes: [UInt8] = []
    /// Whether there was more than the bound, after which nothing more is taken.
    package private(set) var isTooLarge = false

    /// Nothing so far.
    ///
    /// - Parameter limit: bytes that are taken, unpacked.
    package init(limit: Int) { self.limit = limit }

    /// Lets a handle of libcurl write here; has to live until its request is over.
    package func take(from handle: UnsafeMutableRawPointer) {
        _ = unsafe faultline_curl_body(handle, takeBody, Unmanaged.passUnretained(self).toOpaque())
    }

    fileprivate func append(_ more: UnsafeRawBufferPointer) -> Bool {
        guard more.count <= limit - bytes.count else {
            isTooLarge = true
            bytes = []
            return false
        }
        unsafe bytes.append(contentsOf: more)
        return true
    }
}

private func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let bytes = unsafe bytes, let context = unsafe context else { return 0 }
    let body = unsafe Unmanaged<AnswerBody>.fromOpaque(context).takeUnretainedValue()
    let part = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return unsafe body.append(part) ? part.count : 0
}
