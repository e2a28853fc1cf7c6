import Foundation
import Synchronization

/// Runs a command of an engine to its end, for a bounded time and with a bounded answer.
enum EngineProcess {
    /// What it left.
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Seconds after which a command that has not ended is killed.
    private static let patience = 20.0
    /// Bytes of an answer that are read.
    private static let longestAnswer = 64 << 20

    /// - Throws: ``EngineError`` where it cannot be started, takes too long or says too much.
    static func run(_ path: String, _ arguments: [String], input: String) throws(EngineError) -> Result {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = errors
        do { try process.run() } catch {
            throw EngineError(.configuration, "\(path) cannot be started")
        }
        let guardian = Guardian(process.processIdentifier)
        DispatchQueue.global().asyncAfter(deadline: .now() + patience) { guardian.end() }
        let said = Collected(), complaint = Collected()
        let group = DispatchGroup()
        for (pipe, place) in [(output, said), (errors, complaint)] {
            let handle = pipe.fileHandleForReading
            DispatchQueue.global().async(group: group) {
                while let bytes = try? handle.read(upToCount: 1 << 16), !bytes.isEmpty {
                    if !place.append(bytes, limit: longestAnswer) { guardian.end() }
                }
            }
        }
        // Scripts are smaller than what a pipe holds, so that this does not wait.
        try? standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? standardInput.fileHandleForWriting.close()
        group.wait()
        process.waitUntilExit()
        guard guardian.retire() else {
            throw EngineError(.unavailable, "\(path): it did not end within \(Int(patience)) s, or said too much")
        }
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Result(status: status, output: said.text, errors: complaint.text)
    }

    /// Kills a process that is late, and nobody who has its number afterwards.
    private final class Guardian: Sendable {
        private let state: Mutex<(process: Int32?, hasKilled: Bool)>

        init(_ process: Int32) { state = Mutex((process, false)) }

        func end() {
            state.withLock {
                guard let process = $0.process else { return }
                kill(process, SIGKILL)
                $0.hasKilled = true
            }
        }

        /// Whether it never had to.
        func retire() -> Bool {
            state.withLock {
                $0.process = nil
                return !$0.hasKilled
            }
        }
    }

    private final class Collected: Sendable {
        private let bytes = Mutex(Data())

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

        func append(_ more: Data, limit: Int) -> Bool {
            bytes.withLock {
                guard $0.count + more.count <= limit else { return false }
                $0.append(more)
                return true
            }
        }
    }
}
