import Foundation
import Synchronization

/// Ports of this machine for servers of tests, each given once: below those that the system gives to connections, which may take one
/// between the moment it was found free and the moment somebody listens there.
public enum FreePort {
    private static let range = 10_000..<32_000
    private static let next = Mutex(range.lowerBound + Int(getpid()) * 61 % range.count)

    /// A port on which nobody listens.
    public static func one() -> Int { inARow(1) }

    /// The first of so many ports in a row.
    public static func inARow(_ count: Int) -> Int {
        next.withLock { next in
            while true {
                if next + count > range.upperBound { next = range.lowerBound }
                let ports = next..<next + count
                next += count
                if ports.allSatisfy(isFree) { return ports.lowerBound }
            }
        }
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
