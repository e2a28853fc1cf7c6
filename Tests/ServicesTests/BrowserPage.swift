import Foundation
import TestSupport

/// A page in a headless browser, asked by the browser's own protocol (Chrome DevTools Protocol) over a web socket.
final class BrowserPage {
    static let browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    struct Failure: Error { let what: String }

    private let folder: TemporaryFolder
    private let process: Process
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var last = 0
    /// What the page has said on its console, and what went wrong in it.
    private(set) var console: [String] = []

    /// Opens a page.
    init(_ url: String, width: Int = 1_300, height: Int = 1_200) throws {
        guard let browser = Self.browser else { throw Failure(what: "no browser") }
        folder = try TemporaryFolder()
        process = Process()
        process.executableURL = URL(filePath: browser)
        process.arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", "--remote-allow-origins=*",
            "--user-data-dir=\(folder.path("profile"))", "--window-size=\(width),\(height)", "about:blank",
        ]
        // It leaves its sockets there when it is killed.
        process.environment = ProcessInfo.processInfo.environment.merging(["TMPDIR": folder.url.path]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The browser writes there where it listens.
        let file = folder.path("profile/DevToolsActivePort")
        var port = 0
        _ = eventually(within: 30) {
            port =
                (try? String(contentsOfFile: file, encoding: .utf8)).flatMap {
                    $0.split(separator: "\n").first.flatMap { Int($0) }
                } ?? 0
            return port > 0
        }
        struct Target: Decodable {
            let type: String
            let webSocketDebuggerUrl: String
        }
        var path: String?
        _ = eventually(within: 20) {
            let answer = Self.get(port, "/json")
            let start = answer.firstIndex(of: UInt8(ascii: "[")) ?? answer.endIndex
            let targets = (try? JSONDecoder().decode([Target].self, from: Data(answer[start...]))) ?? []
            path = targets.first { $0.type == "page" }.flatMap { URL(string: $0.webSocketDebuggerUrl)?.path }
            return path != nil
        }
        descriptor = RawSocket.connected(to: port) ?? -1
        guard let path, descriptor >= 0 else { throw Failure(what: "the browser does not answer") }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        write(
            Array(
                ("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n").utf8))
        let end = Array("\r\n\r\n".utf8)
        while !received.suffix(4).elementsEqual(end) { received += try read(1) }
        received = []
        for domain in ["Runtime", "Log", "Page"] { try call("\(domain).enable") }
        try call("Page.navigate", ["url": url])
    }

    deinit {
        close(descriptor)
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The whole answer to a request, head and all: the browser speaks HTTP/1.1 only.
    private static func get(_ port: Int, _ path: String) -> [UInt8] {
        guard let descriptor = RawSocket.connected(to: port) else { return [] }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 2, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n\r\n"
        guard Glibc.send(descriptor, request, request.utf8.count, Int32(MSG_NOSIGNAL)) > 0 else { return [] }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return answer }
            answer += buffer[..<count]
        }
    }

    /// The value of an expression in the page, as text.
    func value(_ expression: String) throws -> String {
        let answer = try call("Runtime.evaluate", ["expression": "String(\(expression))", "returnByValue": true])
        let result = (answer["result"] as? [String: Any])?["result"] as? [String: Any]
        return result?["value"] as? String ?? "nothing: \(answer)"
    }

    /// Waits until an expression holds in the page.
    func wait(_ seconds: Int = 20, until expression: String) -> Bool {
        eventually(within: seconds) { (try? value("Boolean(\(expression))")) == "true" }
    }

    @discardableResult
    func call(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
        last += 1
        let message: [String: Any] = ["id": last, "method": method, "params": parameters]
        send(try JSONSerialization.data(withJSONObject: message))
        while true {
            let bytes = try receive()
            guard let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { continue }
            if let method = object["method"] as? String,
                ["Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"].contains(method)
            {
                console.append(String(decoding: bytes, as: UTF8.self))
            }
            if object["id"] as? Int == last { return object }
        }
    }

    // MARK: Frames (RFC 6455, 5.2)

    private func send(_ text: Data) {
        var frame: [UInt8] = [0x81]
        if text.count < 126 {
            frame.append(0x80 | UInt8(text.count))
        } else {
            let bytes = text.count < 65_536 ? 2 : 8
            frame.append(0x80 | (bytes == 2 ? 126 : 127))
            frame += (0..<bytes).reversed().map { UInt8(text.count >> (8 * $0) & 255) }
        }
        // A mask of zeros is one.
        write(frame + [0, 0, 0, 0] + Array(text))
    }

    private func receive() throws -> [UInt8] {
        var message: [UInt8] = []
        while true {
            let head = try read(2)
            var length = Int(head[1] & 0x7F)
            if length == 126 { length = try read(2).reduce(0) { $0 << 8 | Int($1) } }
            if length == 127 { length = try read(8).reduce(0) { $0 << 8 | Int($1) } }
            let body = try read(length)
            if head[0] & 0x0F <= 2 { message += body }
            if head[0] & 0x80 != 0, head[0] & 0x0F <= 2 { return message }
        }
    }

    private func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var have = 0
        while have < count {
            let more = bytes.withUnsafeMutableBytes {
                recv(descriptor, $0.baseAddress.map { $0 + have }, count - have, 0)
            }
            guard more > 0 else { throw Failure(what: "the browser said nothing for 20 s, or has ended") }
            have += more
        }
        return bytes
    }
}
