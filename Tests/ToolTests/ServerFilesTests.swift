import Foundation
import TestSupport
import Testing

/// What `fl-server`'s commands write, and what they leave alone.
@Suite struct ServerFilesTests {
    @Test func aTokenTakesNoOtherFilesPlace() throws {
        let folder = try TemporaryFolder()
        func make(_ path: String, _ more: String...) throws -> ToolProcess.Result {
            try ToolProcess.run(
                "fl-server", ["keys", "token", "--data-folder", folder.path("server"), "--out", path] + more)
        }
        func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        let token = folder.path("token")
        #expect(try make(token).status == 0)
        let first = try text(token)
        // Its own it may replace, also behind a link.
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: token)
        #expect(try make(folder.path("link")).status == 0)
        #expect(try text(token) != first && text(token).hasPrefix("fl-http-"))
        for (name, contents) in [
            ("notes.txt", "mine"), ("almost", "fl-http-12\n"), ("long", String(repeating: "x", count: 10_000)),
        ] {
            let file = try folder.write(name, contents)
            let refused = try make(file)
            #expect(refused.status == 73 && refused.errors.contains("--force replaces it"), "\(refused)")
            #expect(try text(file) == contents)
            #expect(try make(file, "--force").status == 0)
            #expect(try text(file).hasPrefix("fl-http-"))
        }
        #expect(try make("/dev/null").status == 0)
    }

    @Test func noCopyIntoWhatIsCopied() throws {
        let folder = try TemporaryFolder()
        let server = folder.path("server")
        try FileManager.default.createDirectory(atPath: server + "/deep", withIntermediateDirectories: true)
        try folder.write("server/registry.db", "")
        try FileManager.default.createSymbolicLink(atPath: folder.path("link"), withDestinationPath: server)
        for target in ["server/copy", "server/deep/copy", "link/copy", "server/../server/copy"] {
            let result = try ToolProcess.run(
                "fl-server", ["backup", "--data-folder", server, "--out", folder.path(target)])
            #expect(result.status == 73 && result.errors.contains("expected one outside"), "\(target): \(result)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: server).sorted() == ["deep", "registry.db"])
    }
}
