import Foundation
import Numerics
import Platform

/// Writes tables in the layout of the shared SMD and ASD sets (`index,timestamp,<metrics>[,label]`), and reckons size and
/// checksum on the way.
struct LabelledTableWriter {
    private let path: String
    private let handle: FileHandle
    private var buffer: [UInt8] = []
    private var hash = SHA256()
    private var bytes = 0
    private static let bufferSize = 1 << 20

    /// Creates the file, replacing one that is there.
    ///
    /// - Throws: ``GeneratorError``.
    init(path: String) throws {
        self.path = path
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else {
            throw GeneratorError(
                .cannotWrite, path, found: "a file that cannot be created", expected: "a folder with write permission")
        }
        self.handle = handle
        buffer.reserveCapacity(Self.bufferSize + 1 << 16)
    }

    /// Appends bytes as they are.
    mutating func write(_ text: some Collection<UInt8>) throws {
        buffer += text
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Appends the header of a table.
    mutating func writeHeader(metrics: [String], labelled: Bool) throws {
        let names = ["index", "timestamp"] + metrics.map(SeparatedField.text) + (labelled ? ["label"] : [])
        try write((names.joined(separator: ",") + "\n").utf8)
    }

    /// Appends one row; `cell` appends the text of a column, nothing for a missing value.
    mutating func writeRow(
        index: Int, time: Double, columns: Int, label: UInt8?, cell: (_ column: Int, _ text: inout [UInt8]) -> Void
    ) throws {
        DecimalText.appendDigits(index, to: &buffer)
        buffer.append(UInt8(ascii: ","))
        DecimalText.append(time, decimals: 6, to: &buffer)
        for column in 0..<columns {
            buffer.append(UInt8(ascii: ","))
            cell(column, &buffer)
        }
        if let label {
            buffer.append(UInt8(ascii: ","))
            buffer.append(UInt8(ascii: "0") + label)
        }
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.bufferSize { try flush() }
    }

    private mutating func flush() throws {
        guard !buffer.isEmpty else { return }
        hash.update(buffer)
        bytes += buffer.count
        do {
            try handle.write(contentsOf: Data(buffer))
        } catch {
            throw GeneratorError(
                .cannotWrite, path, found: "an error while writing", expected: "space and permission to write")
        }
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what is pending and closes the file.
    mutating func close(relativePath: String) throws -> DatasetManifest.File {
        try flush()
        do {
            try handle.close()
        } catch {
            throw GeneratorError(
                .cannotWrite, path, found: "an error while closing the file", expected: "space to write")
        }
        return DatasetManifest.File(path: relativePath, bytes: bytes, sha256: hash.hexadecimalDigest())
    }

    /// The text of an interpretation file: one row for each fault, its rows counted from the test part's first.
    static func interpretation(_ faults: [InjectedFault], from firstRow: Int) -> String {
        var text = "start,end_exclusive,dims_0based,metrics,anomaly_type\n"
        for fault in faults.sorted(by: { $0.rows.lowerBound < $1.rows.lowerBound }) {
            let metrics = fault.metrics.sorted { $0.column < $1.column }
            let fields = [
                String(fault.rows.lowerBound - firstRow), String(fault.rows.upperBound - firstRow),
                metrics.map { String($0.column) }.joined(separator: ";"),
                SeparatedField.text(
                    metrics.map { $0.name.replacingOccurrences(of: ";", with: "_") }.joined(separator: ";")),
                fault.fault,
            ]
            text += fields.joined(separator: ",") + "\n"
        }
        return text
    }
}
