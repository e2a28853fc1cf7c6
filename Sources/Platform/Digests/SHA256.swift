import COpenSSL

/// SHA-256 over a stream of bytes, by libcrypto, which uses what the processor has for it: names the content of models,
/// updates and files.
///
/// Source: NIST FIPS 180-4, section 6.2.
public struct SHA256: Sendable {
    private var context = SHA256state_st()

    /// The hash of no bytes yet.
    public init() { unsafe SHA256_Init(&context) }

    /// The digest of `bytes` as 64 lower-case hexadecimal digits.
    public static func hexadecimalDigest(of bytes: some Sequence<UInt8>) -> String {
        var hash = SHA256()
        hash.update(Array(bytes))
        return hash.hexadecimalDigest()
    }

    /// The digest of `bytes`, 32 bytes.
    public static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.digest()
    }

    /// Appends bytes to the stream.
    public mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update($0) }
    }

    /// Appends bytes to the stream.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        unsafe SHA256_Update(&context, start, bytes.count)
    }

    /// The digest of the bytes so far, 32 bytes; the stream may go on.
    public func digest() -> [UInt8] {
        var copy = context
        return unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            unsafe SHA256_Final(buffer.baseAddress, &copy)
            count = 32
        }
    }

    /// The digest of the bytes so far as 64 lower-case hexadecimal digits.
    public func hexadecimalDigest() -> String { Self.hexadecimalDigits(digest()) }

    /// Bytes as pairs of lower-case hexadecimal digits.
    public static func hexadecimalDigits(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
