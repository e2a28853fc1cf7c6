import Glibc
import Platform
import Synchronization

/// Standard output and standard error of a command. Safe to use from several threads: each call is written whole.
package final class Console: Sendable {
    /// The name of the tool, which starts every message on standard error.
    package let tool: String
    /// Whether a person sees standard error as it is written; only then progress is shown.
    package let showsProgress: Bool
    /// Whether standard output takes colours: it is a terminal, and `NO_COLOR` is not set.
    package let usesColour: Bool
    private let progressWidth = Mutex(0)
    private let trouble = Mutex<Int32?>(nil)

    /// Why something could not be written to standard output; `nil`: everything was, or its reader has gone away.
    package var outputTrouble: String? {
        trouble.withLock { $0 }.flatMap { $0 == EPIPE ? nil : String(cString: strerror($0)) }
    }

    /// The console of this process.
    package init(tool: String) {
        self.tool = tool
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        showsProgress = isatty(STDERR_FILENO) == 1 && !isDumb
        usesColour = isatty(STDOUT_FILENO) == 1 && !isDumb && getenv("NO_COLOR") == nil
    }

    /// Writes a line to standard output.
    package func print(_ text: String) {
        clearProgress()
        put(text + "\n")
    }

    /// Writes text to standard output as it is.
    package func write(_ text: String) {
        clearProgress()
        put(text)
    }

    private func put(_ text: String) {
        if let code = Self.write(text, to: STDOUT_FILENO) { trouble.withLock { $0 = $0 ?? code } }
    }

    /// Writes a line for people to standard error, after the tool's name. Control characters, which a damaged file may
    /// have brought into a message, reach no terminal; a very long text loses its end.
    package func note(_ text: String) {
        clearProgress()
        Self.write("\(tool): \(Self.printable(text))\n", to: STDERR_FILENO)
    }

    /// The longest message, in Unicode scalars.
    private static let longestNote = 1000

    /// The text as one line in which everything can be seen.
    static func printable(_ text: String) -> String {
        let line = text.unicodeScalars.prefix(longestNote + 1).map { $0 == "\n" || $0 == "\t" ? " " : $0 }
        return PrintableText.line(String(String.UnicodeScalarView(line)), limit: longestNote)
    }

    /// Replaces the progress line; does nothing when nobody sees it.
    package func progress(_ text: String) {
        guard showsProgress else { return }
        progressWidth.withLock { width in
            let line = String(text.prefix(Self.terminalWidth - 1))
            let blanks = String(repeating: " ", count: max(0, width - line.count))
            Self.write("\r\(line)\(blanks)", to: STDERR_FILENO)
            width = line.count
        }
    }

    /// Removes the progress line.
    package func clearProgress() {
        progressWidth.withLock { width in
            if width > 0 { Self.write("\r\(String(repeating: " ", count: width))\r", to: STDERR_FILENO) }
            width = 0
        }
    }

    private static var terminalWidth: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// - Returns: why not all was written.
    @discardableResult
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                guard errno == EINTR || errno == EAGAIN else { return errno }
                continue
            }
            rest = rest.dropFirst(written)
        }
        return nil
    }
}
