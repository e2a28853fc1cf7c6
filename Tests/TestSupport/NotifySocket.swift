import Foundation

/// A socket as systemd has one for services that say how they are (`NOTIFY_SOCKET`).
public final class NotifySocket {
    /// Where it is.
    public let path: String
    private let folder: TemporaryFolder
    private let descriptor: Int32
    private var heard: [String] = []

    /// A socket in a folder.
    public init(in folder: TemporaryFolder) throws {
        self.folder = folder
        path = folder.path("notify")
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    deinit { close(descriptor) }

    /// All that was said so far, in order.
    public var all: [String] {
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return heard }
            heard.append(String(decoding: buffer.prefix(count), as: UTF8.self))
        }
    }

    /// Forgets what was said so far.
    public func forget() {
        _ = all
        heard = []
    }
}
