import CTLS
import Glibc
import Platform

/// TLS over a connected socket, on the client's side (OpenSSL). Used by one thread.
@safe final class TLSConnection {
    /// Why there is no connection, in one line.
    struct Failure: Error {
        var reason: String
    }

    /// Time that shaking hands may take; the socket itself waits a second at a time.
    private static let patience: Duration = .seconds(10)

    private let context: OpaquePointer
    private let connection: OpaquePointer

    /// Shakes hands, and looks at the certificate.
    ///
    /// - Parameters:
    ///   - descriptor: a connected socket; stays its owner's.
    ///   - peer: whose it has to be.
    init(_ descriptor: Int32, to peer: HTTPPeer, trust: HTTPPeer.Trust) throws(Failure) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()), unsafe faultline_tls_require_12(context) == 1
        else {
            throw Failure(reason: "\(peer): TLS cannot be had: \(Self.lastError)")
        }
        guard let connection = unsafe SSL_new(context) else {
            unsafe SSL_CTX_free(context)
            throw Failure(reason: "\(peer): TLS cannot be had: \(Self.lastError)")
        }
        unsafe self.context = context
        unsafe self.connection = connection
        // Somebody has to vouch for it, unless it is known which one it is.
        if trust.authorities != nil || trust.pin == nil { try requireAuthority(trust.authorities, for: peer) }
        unsafe SSL_set_fd(connection, descriptor)
        let end = ContinuousClock.now + Self.patience
        while true {
            let shaken = Self.withoutSignals { unsafe SSL_connect(connection) }
            if shaken.result == 1 { break }
            guard unsafe SSL_get_error(connection, shaken.result) == SSL_ERROR_WANT_READ, ContinuousClock.now < end
            else { throw Failure(reason: "\(peer): \(whyNot)") }
        }
        if let pin = trust.pin { try requireCertificate(pin, of: peer) }
    }

    deinit {
        unsafe SSL_free(connection)
        unsafe SSL_CTX_free(context)
    }

    private func requireAuthority(_ file: String?, for peer: HTTPPeer) throws(Failure) {
        if let file {
            guard unsafe SSL_CTX_load_verify_file(context, file) == 1 else {
                throw Failure(reason: "\(file): found no certificates in PEM, expected those of authorities to trust")
            }
        } else {
            unsafe SSL_CTX_set_default_verify_paths(context)
        }
        unsafe SSL_set_verify(connection, SSL_VERIFY_PEER, nil)
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), peer.host) != 1 {
            unsafe SSL_set1_host(connection, peer.host)
            unsafe faultline_tls_name(connection, peer.host)
        }
    }

    private func requireCertificate(_ pin: [UInt8], of peer: HTTPPeer) throws(Failure) {
        guard let certificate = unsafe SSL_get1_peer_certificate(connection) else {
            throw Failure(reason: "\(peer): it shows no certificate")
        }
        defer { unsafe X509_free(certificate) }
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 32
        guard unsafe X509_digest(certificate, EVP_sha256(), &digest, &count) == 1, digest == pin else {
            throw Failure(
                reason: "\(peer): found a certificate with the SHA-256 "
                    + "\(SHA256.hexadecimalDigits(digest)), expected \(SHA256.hexadecimalDigits(pin))")
        }
    }

    /// Why hands were not shaken.
    private var whyNot: String {
        let verdict = unsafe SSL_get_verify_result(connection)
        if verdict != Int(X509_V_OK) {
            let found = unsafe String(cString: X509_verify_cert_error_string(verdict))
            return "its certificate is not trusted (\(found)); --ca-file names who vouches for it, --pin its SHA-256"
        }
        return "it does not speak TLS as expected (\(Self.lastError))"
    }

    private static var lastError: String {
        let code = ERR_get_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "the connection broke" }
        return unsafe String(cString: text)
    }

    /// Calls the library, which writes to a peer that may be gone without saying that no signal is wanted. Other writers of
    /// the process keep theirs.
    ///
    /// - Returns: what the call returned, and `errno` after it.
    private static func withoutSignals(_ call: () -> Int32) -> (result: Int32, error: Int32) {
        var (pipe, before) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&pipe)
        unsafe sigaddset(&pipe, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &pipe, &before)
        ERR_clear_error()
        errno = 0
        let result = call()
        let error = errno
        var atOnce = timespec()
        if unsafe sigismember(&before, SIGPIPE) == 0 { while unsafe sigtimedwait(&pipe, nil, &atOnce) > 0 {} }
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        return (result, error)
    }

    /// Sends all of it.
    ///
    /// - Returns: whether it could.
    func send(_ bytes: [UInt8]) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress, let count = Int32(exactly: buffer.count) else {
                return bytes.isEmpty
            }
            return Self.withoutSignals { unsafe SSL_write(connection, start, count) }.result == count
        }
    }

    /// What has come: so many bytes, 0 at the end, -1 when nothing came in time, -2 when it broke.
    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        let (count, error) = Self.withoutSignals {
            unsafe SSL_read(connection, buffer.baseAddress, Int32(clamping: buffer.count))
        }
        if count > 0 { return Int(count) }
        switch unsafe SSL_get_error(connection, count) {
        case SSL_ERROR_ZERO_RETURN: return 0
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return -1
        case SSL_ERROR_SYSCALL where error == EAGAIN || error == EINTR: return -1
        // A server that closes without saying so over TLS: an answer without a length cannot be told from one cut off.
        default: return -2
        }
    }
}
