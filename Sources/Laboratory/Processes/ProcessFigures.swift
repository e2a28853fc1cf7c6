import Foundation

/// What a process has used so far, as the system tells it (`/proc/PID/status`, `/proc/PID/stat`).
struct ProcessFigures {
    /// Largest resident size, in bytes (VmHWM).
    var peakBytes = 0
    /// Resident size now, in bytes (VmRSS).
    var residentBytes = 0
    /// Processor time in user and kernel mode, in seconds.
    var processorSeconds = 0.0

    /// The figures of a process; `nil` when there is none of that number.
    init?(of identifier: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8),
            let times = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)
        else { return nil }
        for line in status.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count > 1, let kibibytes = Int(words[1]) else { continue }
            switch words[0] {
            case "VmHWM:": peakBytes = kibibytes << 10
            case "VmRSS:": residentBytes = kibibytes << 10
            default: break
            }
        }
        // After the name in brackets, which may hold blanks: the 12th and 13th field are ticks in user and kernel mode.
        let fields = times.drop(while: { $0 != ")" }).dropFirst().split(separator: " ")
        if fields.count > 12, let user = Double(fields[11]), let kernel = Double(fields[12]) {
            processorSeconds = (user + kernel) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }
}
