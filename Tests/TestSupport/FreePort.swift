import Foundation
import Synchronization

/// Ports of this machine for servers of tests, each given once: below those that the system gives to connections, which may
/// take one between the moment it was found free and the moment somebody listens there.
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
        return RawSocket.withAddress(port: port) { bind(descriptor, $0, $1) } == 0
    }
}
