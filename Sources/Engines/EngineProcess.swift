import Foundation
import Platform
import Synchronization

/// Runs a command of an engine to its end, for a bounded time and with a bounded answer.
package enum EngineProcess {
    /// What it left.
    package struct Result: Sendable {
        /// The exit status; 128 and the signal where one ended it.
        package var status: Int32
        /// What it said.
        package var output: String
        /// What it said on standard error.
        package var errors: String
    }

    /// How long a command may take before it is killed, and whatever it started.
    package static let patience: Duration = .seconds(20)
    /// Bytes of an answer that are read.
    private static let longestAnswer = 64 << 20

    /// - Parameter isOver: asked now and then: whether nobody waits for it any more.
    /// - Throws: ``EngineError`` where it cannot be started, takes too long or says too much.
    package static func run(
        _ path: String, _ arguments: [String], input: String, patience: Duration = patience,
        isOver: () -> Bool = { false }
    ) throws(EngineError) -> Result {
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let (standardInput, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = standardInput
        process.standardOutput = output
        process.standardError = errors
        let ended = SteadySemaphore()
        process.terminationHandler = { _ in ended.signal() }
        do { try process.run() } catch {
            throw EngineError(.configuration, "\(path) cannot be started")
        }
        var talk = PipedTalk(
            input: standardInput.fileHandleForWriting, output: output.fileHandleForReading,
            errors: errors.fileHandleForReading, says: Array(input.utf8))
        let end = ContinuousClock.now + patience
        let isHeard = talk.go(until: end, longest: longestAnswer, isOver: isOver)
        // Whoever closes its output may go on all the same.
        let left = max(.zero, end - ContinuousClock.now)
        guard isHeard, ended.wait(upTo: left) else {
            // It leads a group of its own, of which its children are, who may have its pipes.
            kill(-process.processIdentifier, SIGKILL)
            throw EngineError(
                .unavailable,
                isOver()
                    ? "\(path): it is not waited for"
                    : "\(path): it did not end within \(Int(patience.seconds)) s, or said too much")
        }
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Result(status: status, output: talk.said, errors: talk.complaint)
    }
}

/// Writes what a process is to read, and reads what it says, at the same time and until a deadline.
private struct PipedTalk {
    private let input: FileHandle
    private let output: FileHandle
    private let errors: FileHandle
    private var unsaid: ArraySlice<UInt8>
    private var heard: [[UInt8]] = [[], []]

    var said: String { String(decoding: heard[0], as: UTF8.self) }
    var complaint: String { String(decoding: heard[1], as: UTF8.self) }

    init(input: FileHandle, output: FileHandle, errors: FileHandle, says: [UInt8]) {
        (self.input, self.output, self.errors) = (input, output, errors)
        unsaid = says[...]
        for handle in [input, output, errors] {
            let descriptor = handle.fileDescriptor
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        }
    }

    /// Whether all of it was heard.
    mutating func go(until end: ContinuousClock.Instant, longest: Int, isOver: () -> Bool) -> Bool {
        var open = [output.fileDescriptor, errors.fileDescriptor]
        var writes = true
        while true {
            if writes, unsaid.isEmpty {
                try? input.close()
                writes = false
            }
            guard writes || open.contains(where: { $0 >= 0 }) else { return true }
            // Negative descriptors are passed over.
            var waited = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            waited.append(pollfd(fd: writes ? input.fileDescriptor : -1, events: Int16(POLLOUT), revents: 0))
            let left = end - ContinuousClock.now
            guard left > .zero, !isOver() else { return false }
            let wait = min(left.milliseconds + 1, 200)
            if poll(&waited, nfds_t(waited.count), Int32(clamping: wait)) < 0 { continue }
            for index in open.indices where waited[index].revents != 0 {
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                let count = read(open[index], &bytes, bytes.count)
                if count > 0 {
                    heard[index] += bytes[..<count]
                    if heard[index].count > longest { return false }
                } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                    open[index] = -1
                }
            }
            if writes, waited[2].revents != 0 {
                let count = unsaid.withUnsafeBytes { Self.write(input.fileDescriptor, $0) }
                if count > 0 {
                    unsaid = unsaid.dropFirst(count)
                } else if errno != EAGAIN, errno != EINTR {
                    unsaid = []
                }
            }
        }
    }

    /// Writes, without a signal where nobody reads any more.
    private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        var (pipes, before) = (sigset_t(), sigset_t())
        sigemptyset(&pipes)
        sigaddset(&pipes, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipes, &before)
        let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        let trouble = errno
        if count < 0, trouble == EPIPE {
            var none = timespec()
            while sigtimedwait(&pipes, nil, &none) < 0, errno == EINTR {}
        }
        pthread_sigmask(SIG_SETMASK, &before, nil)
        errno = trouble
        return count
    }
}
