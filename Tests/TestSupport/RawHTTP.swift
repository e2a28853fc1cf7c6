import Foundation

/// HTTP byte by byte.
public enum RawHTTP {
    /// The whole of what a connection to this machine gets for some bytes, head and all, until the other side closes.
    public static func exchange(_ port: Int, _ bytes: [UInt8]) -> String {
        guard let descriptor = RawSocket.connected(to: port) else { return "" }
        defer { close(descriptor) }
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { break }
            sent += count
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    /// The answer to a request with a body.
    public static func exchange(
        _ port: Int, _ method: String, _ path: String, token: String? = nil, type: String = "application/json",
        _ body: String = ""
    ) -> (status: Int, headers: [String: String], body: String) {
        let key = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let content = body.isEmpty ? "" : "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n"
        let text = exchange(
            port, Array("\(method) \(path) HTTP/1.0\r\nHost: localhost\r\n\(key)\(content)\r\n\(body)".utf8))
        guard let end = text.firstRange(of: "\r\n\r\n") else { return (0, [:], text) }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (status, headers, String(text[end.upperBound...]))
    }
}
