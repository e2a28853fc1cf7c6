import Foundation
import Platform
import TestSupport
import Testing

@Suite struct CredentialFileTests {
    @Test func onlyNamesInTheFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("c/token", "x")
        try folder.write("c/.hidden", "x")
        try folder.write("other", "x")
        let environment = ["CREDENTIALS_DIRECTORY": folder.path("c")]
        #expect(CredentialFile.path(named: "token", environment: environment) == folder.path("c/token"))
        for name in ["", "none", ".hidden", "..", "../other", "a/b", "t\u{F6}ken", String(repeating: "x", count: 256)] {
            #expect(CredentialFile.path(named: name, environment: environment) == nil, "\(name)")
        }
        #expect(CredentialFile.path(named: "token", environment: [:]) == nil)
        #expect(CredentialFile.path(named: "token", environment: ["CREDENTIALS_DIRECTORY": "c"]) == nil)
        #expect(try CredentialFile.resolved("credential:token", environment: environment) == folder.path("c/token"))
        #expect(try CredentialFile.resolved("/etc/token", environment: environment) == "/etc/token")
        #expect(throws: StorageError.self) { try CredentialFile.resolved("credential:none", environment: environment) }
    }
}
