import CommandLine
import Foundation
import Glibc
import Platform
import Services

/// `fl-alerts top`.
struct TopCommand: Command {
    private static let interval = Option<Double>(
        "interval", "SECONDS", default: 2, "time between two looks at the server", constraint: "0.5 to 3600",
        valid: { (0.5...3_600).contains($0) })

    static let manual = CommandManual(
        name: "top", summary: "one screen that stays open",
        discussion: """
            Incidents first, those that go on above those that are over, then the alarms that stand, then how the system is. \
            Times are UTC; filters show some of them, and the first line counts all. \
            It follows the size of the terminal and waits for a server that is away. q or Ctrl-C ends it. Where standard output \
            is no terminal it prints once.
            """,
        examples: [
            .init("fl-alerts top", "until q"), .init("fl-alerts top | head -5", "once, for another program"),
        ],
        options: [interval] + AlertsCommand.access + AlarmFilter.options)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let interval = arguments[Self.interval]
        let filter = AlarmFilter(arguments)
        try await BackgroundThread.run {
            guard isatty(STDOUT_FILENO) == 1, isatty(STDIN_FILENO) == 1 else {
                let screen = TopScreen(
                    try TopState(client, filter), width: 120, height: .max, usesColour: console.usesColour)
                return console.write(screen.lines.joined(separator: "\n") + "\n")
            }
            try Self.watch(client, filter, every: interval, console)
        }
    }

    private static func watch(
        _ client: OperationsClient, _ filter: AlarmFilter, every interval: Double, _ console: Console
    ) throws {
        // A wrong address is said before the screen is taken.
        var state = try TopState(client, filter)
        var trouble: String?
        let stop = StopSignal()
        stop.catchTermination()
        let terminal = RawTerminal()
        defer { terminal.restore() }
        console.write("\u{1b}[?1049h\u{1b}[?25l")
        defer { console.write("\u{1b}[?25h\u{1b}[?1049l") }
        var looked = ContinuousClock.now
        var drawn = ""
        while !stop.isSet {
            let (width, height) = RawTerminal.size
            let screen = TopScreen(
                state, width: width, height: height, usesColour: console.usesColour, trouble: trouble)
            let text = screen.lines.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n")
            if text != drawn { console.write("\u{1b}[H\(text)\u{1b}[J") }
            drawn = text
            if RawTerminal.key(within: 250).map({ "qQ\u{3}".utf8.contains($0) }) ?? false { return }
            guard ContinuousClock.now - looked >= .seconds(interval) else { continue }
            looked = .now
            do {
                state = try TopState(client, filter)
                trouble = nil
            } catch {
                trouble = "\(error)"
            }
        }
    }
}

/// The terminal, letting keys through one by one while it lasts.
private final class RawTerminal {
    private var before = termios()

    init() {
        tcgetattr(STDIN_FILENO, &before)
        var raw = before
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
    }

    func restore() { tcsetattr(STDIN_FILENO, TCSANOW, &before) }

    /// Columns and rows.
    static var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// A key that is pressed within some milliseconds.
    static func key(within milliseconds: Int32) -> UInt8? {
        var waiting = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var byte: UInt8 = 0
        return read(STDIN_FILENO, &byte, 1) == 1 ? byte : nil
    }
}
