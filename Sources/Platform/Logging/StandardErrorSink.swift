import Glibc

/// Writes each record as one `logfmt` line to standard error: `time=… level=… label=… msg="…" key=value`.
package struct StandardErrorSink: LogSink {
    /// The sink of this process.
    package init() {}

    package func write(_ record: LogRecord) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        var seconds = now.tv_sec
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = unsafe strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let date = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
        let bytes = Array("time=\(date).\(milliseconds)Z \(record.logfmt)\n".utf8)
        // One write a line, so that lines of several threads do not mix; a closed descriptor has no remedy.
        _ = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

extension LogRecord {
    /// `level=… label=… msg="…" key=value …`, keys in alphabetical order, values quoted where they need it.
    package var logfmt: String {
        let values = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.quoted($0.value))" }
        return "level=\(level.rawValue) label=\(label) msg=\(Self.quoted(message))\(values.joined())"
    }

    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0 != "\"" && $0 != "=" && $0 != "\\" && PrintableText.shows($0)
            }
        if isPlain { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7f {
                    text += "\\x" + String(scalar.value + 0x100, radix: 16).dropFirst()
                } else {
                    text += PrintableText.line(String(scalar))
                }
            }
        }
        return text + "\""
    }
}
