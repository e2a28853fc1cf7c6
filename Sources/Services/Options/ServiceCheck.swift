package import CommandLine
import Glibc
import Platform

/// What a service looks at before it is started, where it changes nothing.
package enum ServiceCheck {
    /// Whether a folder can be used, or made.
    ///
    /// - Throws: `CommandLineError` (78).
    package static func folder(_ path: String) throws(CommandLineError) {
        var status = stat()
        if unsafe stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw CommandLineError(.configuration, "data-folder: found \(path), which is a file, expected a folder")
            }
            guard unsafe access(path, W_OK | X_OK) == 0 else { throw refused(path) }
            return
        }
        // The first of its parents that is there.
        var parent = path
        repeat {
            let slash = parent.lastIndex(of: "/")
            parent = slash.map { $0 == parent.startIndex ? "/" : String(parent[..<$0]) } ?? "."
        } while unsafe stat(parent, &status) != 0 && parent != "/" && parent != "."
        guard status.st_mode & S_IFMT == S_IFDIR, unsafe access(parent, W_OK | X_OK) == 0 else { throw refused(path) }
    }

    private static func refused(_ path: String) -> CommandLineError {
        CommandLineError(
            .configuration,
            "data-folder: found \(path), which this user cannot \(unsafe access(path, F_OK) == 0 ? "write" : "make"), "
                + "expected a folder of its own")
    }

    /// Whether texts are addresses of endpoints.
    ///
    /// - Throws: `TransportError` that names what is wrong.
    package static func endpoints(_ addresses: [String]) throws {
        for address in addresses { _ = try Endpoint(address) }
    }
}
