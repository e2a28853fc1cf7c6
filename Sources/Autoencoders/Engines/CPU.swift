import Glibc

/// What the system says of its processor.
enum CPU {
    /// Its own name, such as `AMD EPYC`.
    static let name: String = {
        guard let file = unsafe fopen("/proc/cpuinfo", "r") else { return "CPU" }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") else { continue }
            return text[text.index(after: colon)...].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return "CPU"
    }()

    /// Bytes of physical memory.
    static var memoryBytes: UInt64? {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && size > 0 ? UInt64(pages) * UInt64(size) : nil
    }
}

extension VectorBackend {
    /// The level that `FAULTLINE_CPU_LEVEL` names, if it is set.
    static func environmentLevel() throws -> Level? {
        guard let text = unsafe getenv("FAULTLINE_CPU_LEVEL") else { return nil }
        let name = unsafe String(cString: text)
        guard let level = Level.allCases.first(where: { "\($0)" == name }) else {
            throw AcceleratorError(
                .notAvailable, "FAULTLINE_CPU_LEVEL", found: "`\(name)` is none of baseline, avx2 and avx512")
        }
        return level
    }
}
