import FoundationEssentials

/// Files with secrets that systemd hands a service: those that `LoadCredential=` and its like name in the unit lie in the
/// folder that `CREDENTIALS_DIRECTORY` names, and nobody else can read them.
///
/// Source: systemd.exec(5), "Credentials".
package enum CredentialFile {
    /// What stands before the name of one where a configuration takes a file.
    private static let prefix = "credential:"
    private static let longestName = 255

    /// Where the one of this name lies; `nil` where the service has none.
    package static func path(
        named name: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        guard isName(name), let folder = environment["CREDENTIALS_DIRECTORY"], folder.hasPrefix("/") else { return nil }
        let path = folder + "/" + name
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }

    /// The file that a configuration means: `credential:NAME`, or any other path as it is.
    ///
    /// - Throws: ``StorageError`` (`missing`) where the service has no credential of that name.
    package static func resolved(
        _ text: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StorageError) -> String {
        guard text.hasPrefix(prefix) else { return text }
        let name = String(text.dropFirst(prefix.count))
        guard let path = path(named: name, environment: environment) else {
            throw StorageError(
                .missing, operation: "read", path: PrintableText.line(text, limit: 80),
                found: "no such credential", expected: "LoadCredential=\(isName(name) ? name : "NAME"):FILE in the unit"
            )
        }
        return path
    }

    private static func isName(_ name: String) -> Bool {
        (1...longestName).contains(name.utf8.count) && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "._-".utf8.contains(byte)
            }
    }
}
