public import Numerics
import Platform

extension Safetensors {
    /// The bytes of a file with these tensors, in this order. The same tensors and metadata give the same bytes.
    ///
    /// The header is padded with spaces to a multiple of eight bytes, so that the data is aligned when mapped.
    ///
    /// - Precondition: names differ and none is `__metadata__`.
    public static func encode(
        _ tensors: [(name: String, tensor: Tensor<Float>)], metadata: [String: String] = [:]
    ) -> [UInt8] {
        encode(
            tensors.map { (name: $0.name, type: "F32", shape: $0.tensor.shape, size: 4 * $0.tensor.count) },
            metadata: metadata
        ) { bytes in
            for (_, tensor) in tensors { append(tensor, to: &bytes) }
        }
    }

    private static func encode(
        _ tensors: [(name: String, type: String, shape: [Int], size: Int)], metadata: [String: String],
        _ appendData: (inout [UInt8]) -> Void
    ) -> [UInt8] {
        precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors have the same name")
        var fields: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map {
                "\(JSONText.quoted($0.key)):\(JSONText.quoted($0.value))"
            }
            fields.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for (name, type, shape, size) in tensors {
            precondition(name != "__metadata__", "this name is the format's own")
            let shape = shape.map(String.init).joined(separator: ",")
            let end = offset + size
            fields.append(
                "\(JSONText.quoted(name)):"
                    + "{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var header = Array("{\(fields.joined(separator: ","))}".utf8)
        header.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + offset)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: header.count >> (8 * shift))) }
        bytes.append(contentsOf: header)
        appendData(&bytes)
        return bytes
    }

    /// Appends a tensor's elements, little-endian, as the processors that this runs on have them.
    package static func append(_ tensor: Tensor<Float>, to bytes: inout [UInt8]) {
        unsafe tensor.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: UnsafeRawBufferPointer($0)) }
    }
}
