import Foundation

/// Files that are no text, known by their first bytes: they are refused by name, with what to do about it.
enum FileSignature {
    /// What the bytes are and what helps; `nil` when they may be text.
    static func refusal(_ bytes: UnsafeBufferPointer<UInt8>) -> (found: String, expected: String)? {
        let first = Array(bytes.prefix(300))
        func starts(_ prefix: [UInt8]) -> Bool { first.starts(with: prefix) }
        func starts(_ text: String) -> Bool { first.starts(with: Array(text.utf8)) }
        if starts([0x50, 0x4B, 0x03, 0x04]) || starts([0x50, 0x4B, 0x05, 0x06]) {
            return ("a zip archive or an Excel workbook", "CSV text: unpack it, or save the sheet as CSV")
        }
        if starts([0xD0, 0xCF, 0x11, 0xE0]) { return ("an old Excel workbook", "CSV text: save the sheet as CSV") }
        if starts([0xFD, 0x37, 0x7A, 0x58, 0x5A]) {
            return ("an xz file", "text, gzip or zstd: unpack it first (xz -d)")
        }
        if starts("BZh") { return ("a bzip2 file", "text, gzip or zstd: unpack it first (bunzip2)") }
        if starts([0x04, 0x22, 0x4D, 0x18]) { return ("an lz4 file", "text, gzip or zstd: unpack it first (lz4 -d)") }
        if starts([0x37, 0x7A, 0xBC, 0xAF]) { return ("a 7z archive", "text, gzip or zstd: unpack it first") }
        if starts("Rar!") { return ("a rar archive", "text, gzip or zstd: unpack it first") }
        if first.count > 262, Array(first[257..<262]) == Array("ustar".utf8) {
            return ("a tar archive", "the files in it: unpack it first (tar -xf)")
        }
        if starts("PAR1") { return ("a Parquet file", "CSV: pandas.read_parquet(…).to_csv(…)") }
        if starts("ARROW1") || starts("FEA1") { return ("an Arrow file", "CSV: pandas.read_feather(…).to_csv(…)") }
        if starts([0x89, 0x48, 0x44, 0x46]) { return ("an HDF5 file", "CSV: pandas.read_hdf(…).to_csv(…)") }
        if starts([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) { return ("a NumPy file", "CSV: numpy.savetxt with a header") }
        if starts("SQLite format 3") { return ("an SQLite database", "CSV: sqlite3 -header -csv FILE 'SELECT …'") }
        if starts("Obj\u{1}") { return ("an Avro file", "CSV or JSON lines: avro-tools tojson") }
        if starts("RRD\u{0}") { return ("a round-robin database", "CSV or JSON: rrdtool xport --json") }
        if starts([0x89, 0x50, 0x4E, 0x47]) || starts([0xFF, 0xD8, 0xFF]) || starts("GIF8") {
            return ("a picture", "text with metrics")
        }
        if starts([0xD4, 0xC3, 0xB2, 0xA1]) || starts([0xA1, 0xB2, 0xC3, 0xD4]) || starts([0x4D, 0x3C, 0xB2, 0xA1])
            || starts([0x0A, 0x0D, 0x0D, 0x0A])
        {
            return (
                "a capture of packets", "CSV of what is in it: tshark -q -z io,stat, or tshark -T fields -E header=y"
            )
        }
        if starts("MATLAB 5.0") { return ("a MATLAB file", "CSV: writetable, or scipy.io.loadmat and pandas") }
        if starts("RDX") || starts("X\n\u{0}") { return ("an R data file", "CSV: write.csv") }
        if starts("ORC") { return ("an ORC file", "CSV: pandas.read_orc(…).to_csv(…)") }
        if starts("%PDF") { return ("a PDF document", "text with metrics") }
        if starts([0x7F, 0x45, 0x4C, 0x46]) { return ("a program", "text with metrics") }
        if starts([0x96, 0xD5]) || starts([0xD5, 0x96]) {
            return ("a binary file of sysstat", "its text: sadf -d -- -A FILE (one kind of metric at a time)")
        }
        if starts([0x80, 0x02]) || starts([0x80, 0x03]) || starts([0x80, 0x04]) || starts([0x80, 0x05]) {
            return ("a Python pickle", "CSV: pandas.read_pickle(…).to_csv(…)")
        }
        // Text has no such bytes; wide encodings are known before, by their zeros.
        let controls = first.count { $0 < 0x09 || ($0 > 0x0D && $0 < 0x20 && $0 != 0x1B) }
        if first.count >= 64, controls * 10 > first.count, UnicodeSource.Encoding(bytes) == nil {
            return (
                "NUL and control bytes: a binary file of a kind that is not known", "text with metrics: CSV or JSON"
            )
        }
        return nil
    }

    /// What a file is that is no text, and what helps, for files that nobody named; `nil` where it may be text or cannot be
    /// read.
    static func reason(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let bytes = try? file.read(upToCount: 512), let refusal = Array(bytes).withUnsafeBufferPointer(refusal)
        else { return nil }
        let helps = refusal.expected != "text with metrics"
        return refusal.found + (helps ? "; expected \(refusal.expected)" : "")
    }
}
