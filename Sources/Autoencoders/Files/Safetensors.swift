import FoundationEssentials
public import Numerics
public import Platform

/// Named tensors in one file: an eight-byte little-endian length, a JSON header of that length that gives each
/// tensor's type, shape and place, then the tensors' bytes, little-endian and row-major.
///
/// Source: the safetensors format, https://github.com/huggingface/safetensors ("Format"). Read here: types `F32` and
/// `F64`. A file is refused unless its tensors cover the data exactly, without overlap or hole, as the format demands;
/// no claim of the header is believed before it is held against the file's real size.
public struct Safetensors: Sendable {
    /// Free text beside the tensors, as the format's `__metadata__`.
    public let metadata: [String: String]
    private let entries: [String: Entry]
    private let bytes: [UInt8]
    private let path: String

    /// Where one tensor lies.
    private struct Entry: Sendable {
        var type: String
        var shape: [Int]
        var range: Range<Int>
    }

    /// The longest header that is read, as in the format's own implementation.
    package static let longestHeader = 100_000_000

    /// Takes a file's bytes apart.
    ///
    /// - Parameter path: the name that errors give.
    /// - Throws: ``StorageError`` with the code `corrupt` or `unsupported`.
    public init(bytes: [UInt8], path: String) throws(StorageError) {
        self.bytes = bytes
        self.path = path
        let header = try Self.header(of: bytes, path: path)
        let dataStart = 8 + header.length
        var entries: [String: Entry] = [:]
        for (name, described) in header.tensors {
            entries[name] = try Self.entry(
                named: name, described, dataStart: dataStart, end: bytes.count, path: path)
        }
        var position = dataStart
        for (name, entry) in entries.sorted(by: { $0.value.range.lowerBound < $1.value.range.lowerBound })
        where !entry.range.isEmpty {
            guard entry.range.lowerBound == position else {
                throw Self.corrupt(
                    path, found: "tensor '\(name)' begins at byte \(entry.range.lowerBound - dataStart) of the data",
                    expected: "\(position - dataStart)")
            }
            position = entry.range.upperBound
        }
        guard position == bytes.count else {
            throw Self.corrupt(
                path, found: "\(bytes.count - position) bytes that belong to no tensor", expected: "none")
        }
        self.entries = entries
        metadata = header.metadata
    }

    /// Reads a file.
    ///
    /// - Throws: ``StorageError``, whatever is wrong with it.
    public init(contentsOf path: String) throws(StorageError) {
        try self.init(bytes: FileContents.read(path), path: path)
    }

    /// The names of all tensors, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// The shape of a tensor; `nil` when there is none of this name.
    public func shape(of name: String) -> [Int]? { entries[name]?.shape }

    /// One tensor, single precision.
    ///
    /// - Parameter shape: the shape it must have.
    /// - Throws: ``StorageError`` with the code `corrupt` when it is missing or has another type or shape.
    public func tensor(_ name: String, shape: [Int]) throws(StorageError) -> Tensor<Float> {
        let entry = try find(name, type: "F32", shape: shape)
        return Tensor(unsafe copy(entry.range) as [Float], shape: shape)
    }

    /// One tensor, double precision; otherwise as ``tensor(_:shape:)``.
    public func doubleTensor(_ name: String, shape: [Int]) throws(StorageError) -> Tensor<Double> {
        let entry = try find(name, type: "F64", shape: shape)
        return Tensor(unsafe copy(entry.range) as [Double], shape: shape)
    }

    private func find(_ name: String, type: String, shape: [Int]) throws(StorageError) -> Entry {
        guard let entry = entries[name] else {
            throw Self.corrupt(path, found: "no tensor '\(name)'", expected: "one of shape \(shape)")
        }
        guard entry.type == type else {
            throw Self.corrupt(path, found: "tensor '\(name)' of type \(entry.type)", expected: type)
        }
        guard entry.shape == shape else {
            throw Self.corrupt(path, found: "tensor '\(name)' of shape \(entry.shape)", expected: "\(shape)")
        }
        return entry
    }

    /// The elements that some bytes are: little-endian, as the processors that this runs on have them.
    @unsafe
    private func copy<Element: BinaryFloatingPoint & BitwiseCopyable>(_ range: Range<Int>) -> [Element] {
        let count = range.count / MemoryLayout<Element>.stride
        return unsafe [Element](unsafeUninitializedCapacity: count) { target, initialized in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
                    from: UnsafeRawBufferPointer(
                        rebasing: source[range.lowerBound..<range.lowerBound + count * MemoryLayout<Element>.stride]))
            }
            initialized = count
        }
    }

    private static func corrupt(_ path: String, found: String, expected: String? = nil) -> StorageError {
        StorageError(.corrupt, operation: "read", path: path, found: found, expected: expected)
    }
}

extension Safetensors {
    /// The header as it stands in the file.
    private struct Header {
        var length: Int
        var metadata: [String: String]
        var tensors: [String: Described]
    }

    /// One tensor as the header describes it.
    fileprivate struct Described: Decodable {
        var dtype: String
        var shape: [Int]
        var dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    /// The JSON object: one key is the metadata, all others are tensors.
    private struct HeaderObject: Decodable {
        var metadata: [String: String] = [:]
        var tensors: [String: Described] = [:]

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            for key in container.allKeys {
                if key.stringValue == "__metadata__" {
                    metadata = try container.decode([String: String].self, forKey: key)
                } else {
                    tensors[key.stringValue] = try container.decode(Described.self, forKey: key)
                }
            }
        }
    }

    private static func header(of bytes: [UInt8], path: String) throws(StorageError) -> Header {
        guard bytes.count >= 8 else {
            throw corrupt(path, found: "\(bytes.count) bytes", expected: "a safetensors file")
        }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
        guard length <= UInt64(min(longestHeader, bytes.count - 8)) else {
            throw corrupt(
                path, found: "a header of \(length) bytes in a file of \(bytes.count)", expected: "a safetensors file")
        }
        let end = 8 + Int(length)
        guard let object = try? JSONDecoder().decode(HeaderObject.self, from: Data(bytes[8..<end])) else {
            throw corrupt(path, found: "a header that is not the format's JSON")
        }
        return Header(length: Int(length), metadata: object.metadata, tensors: object.tensors)
    }

    private static func entry(
        named name: String, _ described: Described, dataStart: Int, end: Int, path: String
    ) throws(StorageError) -> Entry {
        let widths = ["F64": 8, "F32": 4]
        guard let width = widths[described.dtype] else {
            throw StorageError(
                .unsupported, operation: "read", path: path, found: "tensor '\(name)' of type \(described.dtype)",
                expected: "F32 or F64")
        }
        var size = width
        for extent in described.shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else {
                throw corrupt(path, found: "tensor '\(name)' of shape \(described.shape)", expected: "a real shape")
            }
            size = product
        }
        let available = end - dataStart
        let offsets = described.dataOffsets
        guard offsets.count == 2, offsets[0] >= 0, offsets[0] <= offsets[1], offsets[1] <= available else {
            throw corrupt(
                path, found: "tensor '\(name)' at bytes \(offsets)", expected: "within the \(available) bytes of data")
        }
        guard offsets[1] - offsets[0] == size else {
            throw corrupt(
                path, found: "tensor '\(name)' of \(offsets[1] - offsets[0]) bytes",
                expected: "\(size) for the shape \(described.shape)")
        }
        return Entry(
            type: described.dtype, shape: described.shape, range: dataStart + offsets[0]..<dataStart + offsets[1])
    }
}
