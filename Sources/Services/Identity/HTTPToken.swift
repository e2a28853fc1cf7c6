import Federation
import Foundation
import Platform

/// What a token for HTTP allows; each includes those before it.
package enum HTTPRole: String, Codable, CaseIterable, Comparable, Sendable {
    /// Look at everything.
    case read
    /// Change the fault library and the target.
    case operate
    /// See who may take part, and shut somebody out.
    case admin

    package static func < (a: HTTPRole, b: HTTPRole) -> Bool {
        (allCases.firstIndex(of: a) ?? 0) < (allCases.firstIndex(of: b) ?? 0)
    }
}

/// A token for HTTP as the server keeps it: its SHA-256, not the token.
package struct HTTPToken: Codable, Hashable, Sendable {
    /// What it was made for.
    package var name: String
    /// What it allows.
    package var role: HTTPRole
    /// SHA-256 of the token's text, in hexadecimal digits.
    package var digest: String
    /// Until when, in seconds since 1970; `nil`: for good.
    package var expires: Int64?

    /// A token with every field given.
    package init(name: String, role: HTTPRole, token: String, expires: Int64? = nil) {
        self.name = name
        self.role = role
        digest = SHA256.hexadecimalDigest(of: Array(token.utf8))
        self.expires = expires
    }

    private static let mark = "fl-http-"
    private static let secretBytes = 32

    /// Whether a file may be written over with a token: there is none, it is a token's, or it is no file that keeps what is
    /// written into it.
    package static func mayReplace(_ path: String) -> Bool {
        // A link counts as what it names.
        let real = URL(filePath: path).resolvingSymlinksInPath().path
        guard let kind = try? FileManager.default.attributesOfItem(atPath: real)[.type] as? FileAttributeType else {
            return true
        }
        guard kind == .typeRegular else { return true }
        guard let bytes = try? FileContents.read(real, limit: 256) else { return false }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        return text.isEmpty
            || (text.hasPrefix(mark) && Hexadecimal.bytes(String(text.dropFirst(mark.count)))?.count == secretBytes)
    }

    /// The text of a new token: 32 random bytes.
    package static func makeText() -> String {
        mark + Hexadecimal.text((0..<secretBytes).map { _ in UInt8.random(in: 0 ... .max) })
    }

    /// The highest role among tokens that are this text; `nil` for none.
    package static func role(of text: String, among tokens: [HTTPToken], at seconds: Int64) -> HTTPRole? {
        token(text, among: tokens, at: seconds)?.role
    }

    /// The token with the highest role among those that are this text; `nil` for none. Digests are compared, every one to
    /// its end, so that the time tells nothing of how much of a guess was right.
    static func token(_ text: String, among tokens: [HTTPToken], at seconds: Int64) -> HTTPToken? {
        let digest = Array(SHA256.hexadecimalDigest(of: Array(text.utf8)).utf8)
        var found: HTTPToken?
        for token in tokens {
            let known = Array(token.digest.utf8)
            var difference: UInt8 = known.count == digest.count ? 0 : 1
            for (a, b) in zip(known, digest) { difference |= a ^ b }
            guard difference == 0, token.expires.map({ seconds < $0 }) ?? true else { continue }
            if found.map({ $0.role < token.role }) ?? true { found = token }
        }
        return found
    }
}
