import Autoencoders
import Numerics
import Platform
import Testing

@Suite struct SafetensorsTests {
    static let tensors: [(name: String, tensor: Tensor<Float>)] = [
        ("encoder.0.weight_ih_l0", Tensor((0..<6).map { Float($0) / 7 }, shape: [2, 3])),
        ("bias", Tensor([-0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude], shape: [3])),
        ("scalar \"quoted\" \\ \n", Tensor([1.5], shape: [])),
        ("empty", Tensor([], shape: [0, 4])),
    ]

    @Test func whatIsWrittenIsRead() throws {
        let bytes = Safetensors.encode(Self.tensors, metadata: ["b": "2\"", "a": "1"])
        let file = try Safetensors(bytes: bytes, path: "memory")
        #expect(file.metadata == ["a": "1", "b": "2\""])
        #expect(file.names == Self.tensors.map(\.name).sorted())
        for (name, tensor) in Self.tensors {
            let read = try file.tensor(name, shape: tensor.shape)
            #expect(read.elements.map(\.bitPattern) == tensor.elements.map(\.bitPattern))
        }
        #expect(Safetensors.encode(Self.tensors, metadata: ["a": "1", "b": "2\""]) == bytes)
    }

    /// A file as the format's specification lays it out, byte by byte.
    @Test func layoutIsTheFormats() {
        let bytes = Safetensors.encode([("x", Tensor([1], shape: [1]))])
        let header = "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        #expect(Array(bytes[0..<8]) == [UInt8(padded.utf8.count), 0, 0, 0, 0, 0, 0, 0])
        #expect(String(decoding: bytes[8..<8 + padded.utf8.count], as: UTF8.self) == padded)
        #expect(Array(bytes.suffix(4)) == [0, 0, 0x80, 0x3f])
    }

    /// Whatever the truncation, the answer is an error and never a crash.
    @Test func everyTruncationIsRefused() {
        let bytes = Safetensors.encode(Self.tensors, metadata: ["a": "1"])
        for length in 0..<bytes.count {
            #expect(throws: StorageError.self) { try Safetensors(bytes: Array(bytes[..<length]), path: "short") }
        }
        #expect(throws: StorageError.self) { try Safetensors(bytes: bytes + [0], path: "long") }
    }

    /// Any byte may be wrong: the file is read or refused, and nothing else happens.
    @Test func garbledBytesNeverCrash() {
        let bytes = Safetensors.encode(Self.tensors, metadata: ["a": "1"])
        var generator = CounterBasedGenerator(seed: 3, purpose: "garble")
        for _ in 0..<4000 {
            var garbled = bytes
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                garbled[Int.random(in: 0..<garbled.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            _ = try? Safetensors(bytes: garbled, path: "garbled").tensor("bias", shape: [3])
        }
    }

    private func file(header: String, data: [UInt8] = []) -> [UInt8] {
        let length = header.utf8.count
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + data
    }

    @Test(arguments: [
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "of 4 bytes"),
        ("{\"x\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", "type F16"),
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "real shape"),
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,4]}}", "real shape"),
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[250000000000],\"data_offsets\":[0,1000000000000]}}", "within the 4"),
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", "within the 4"),
        ("{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", "within the 4"),
        (
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "begins at byte 0"
        ),
        ("{}", "belong to no tensor"),
        ("[1, 2]", "JSON"),
        (String(repeating: "[", count: 200_000), "JSON"),
    ])
    func liesOfTheHeaderAreNamed(header: String, message: String) {
        let error = #expect(throws: StorageError.self) {
            try Safetensors(bytes: file(header: header, data: [0, 0, 0, 0]), path: "liar.safetensors")
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "no error")")
        #expect(error?.description.contains("liar.safetensors") == true)
    }

    @Test func headerOfATerabyteIsRefused() {
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 1, 0, 0] + Array("{}".utf8)
        let error = #expect(throws: StorageError.self) { try Safetensors(bytes: bytes, path: "huge") }
        #expect(error?.code == .corrupt)
    }

    @Test func wrongShapeTypeOrNameIsRefused() throws {
        let file = try Safetensors(bytes: Safetensors.encode(Self.tensors), path: "memory")
        #expect(throws: StorageError.self) { try file.tensor("bias", shape: [1, 3]) }
        #expect(throws: StorageError.self) { try file.tensor("absent", shape: [3]) }
        #expect(throws: StorageError.self) { try file.doubleTensor("bias", shape: [3]) }
    }
}
