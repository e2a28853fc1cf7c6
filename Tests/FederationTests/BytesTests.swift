import Federation
import Numerics
import Platform
import Testing

/// Bytes in several parts are the same bytes, and stay where they are.
@Suite struct BytesTests {
    @Test func partsAreWhatTheyWereTakenFrom() {
        let bytes = Bytes([1, 2, 3, 4, 5])
        #expect(bytes[1..<4].array == [2, 3, 4])
        #expect(bytes[1..<4][1..<2].array == [3])
        #expect(bytes[2..<2] == [])
        #expect(bytes[0..<2] == [1, 2] && bytes[0..<2] != [1, 3])
    }

    /// Memory of a library is given back once, when the last part of it is gone.
    @Test func lentMemoryIsGivenBack() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 4, alignment: 1)
        memory.copyMemory(from: [7, 8, 9, 10] as [UInt8], byteCount: 4)
        var returned = 0
        var part: Bytes?
        do {
            let whole = Bytes(LentMemory(start: memory, count: 4) { returned += 1 })
            part = whole[1..<3]
        }
        #expect(returned == 0)
        #expect(part?.array == [8, 9])
        part = nil
        #expect(returned == 1)
        memory.deallocate()
    }

    private static func random(_ count: Int, _ generator: inout CounterBasedGenerator) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test func partsAreTheWhole() {
        var generator = CounterBasedGenerator(seed: 1, purpose: "bytes")
        for _ in 0..<200 {
            let parts = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                Self.random(Int.random(in: 0...9, using: &generator), &generator)
            }
            let whole = parts.flatMap(\.self)
            let joined = Bytes(joining: parts.map { Bytes($0) })
            #expect(joined.array == whole)
            let ends = [0, whole.count].map { _ in Int.random(in: 0...whole.count, using: &generator) }.sorted()
            let part = joined[ends[0]..<ends[1]]
            #expect(part.array == Array(whole[ends[0]..<ends[1]]))
            #expect(part.withUnsafeBytes { Array($0) } == part.array)
            // A part of a part, and parts of parts joined anew.
            let middle = part.count / 2
            let turned = Bytes(joining: [part[middle..<part.count], part[0..<middle]])
            #expect(turned.array == part[middle..<part.count].array + part[0..<middle].array)
            #expect(SHA256.digest(joined) == SHA256.digest(whole))
        }
    }

    @Test func valuesAcrossPartsAreRead() throws {
        var writer = WireWriter()
        writer.put(UInt64(0x0102_0304_0506_0708))
        writer.put("a name")
        writer.put([1.5, -2.25, .pi] as [Float])
        writer.put(0.1)
        for size in 1...writer.bytes.count {
            let parts = stride(from: 0, to: writer.bytes.count, by: size).map {
                Bytes(Array(writer.bytes[$0..<min($0 + size, writer.bytes.count)]))
            }
            var reader = WireReader(Bytes(joining: parts))
            #expect(try reader.integer("number", as: UInt64.self) == 0x0102_0304_0506_0708)
            #expect(try reader.string("name") == "a name")
            #expect(try reader.floats("floats") == [1.5, -2.25, .pi])
            #expect(try reader.double("double") == 0.1)
            try reader.finish("all")
        }
    }

    private static func address(_ bytes: Bytes) -> [UInt] {
        var found: [UInt] = []
        bytes.forEachPart { found.append(UInt(bitPattern: $0.baseAddress)) }
        return found
    }

    /// Large pieces stay in the messages that they came in; small ones do not hold on to theirs.
    @Test func piecesStayWhereTheyArrived() {
        var generator = CounterBasedGenerator(seed: 2, purpose: "pieces")
        var whole: [UInt8] = []
        let pieces = [20_000, 3, 1, 16_384, 5, 40_000].map { Self.random($0, &generator) }
        for piece in pieces { whole += piece }
        var assembly = PieceAssembly(digest: [], totalBytes: whole.count)
        let messages = pieces.map { Bytes([9] + $0) }
        for message in messages {
            let piece = message[1..<message.count]
            assembly.add(piece, at: UInt64(assembly.count) + 1)
            assembly.add(piece, at: UInt64(assembly.count))
        }
        #expect(assembly.isComplete)
        #expect(assembly.bytes.array == whole)
        #expect(assembly.bytes.partCount == 5)
        let held = Self.address(assembly.bytes)
        for index in [0, 3, 5] { #expect(held.contains(Self.address(messages[index])[0] + 1)) }
        assembly.add([1], at: UInt64(assembly.count))
        #expect(assembly.count == whole.count)
    }

    /// Parameters are not copied when a contribution is encoded, nor when a piece of it is put into a message.
    @Test func parametersStayWhereTheyAre() throws {
        let parameters = (0..<10_000).map { Float($0) }
        let contribution = Contribution(
            kind: .training, base: [UInt8](repeating: 1, count: 32), entities: ["s/e"], rawBytes: 1,
            groups: [
                Contribution.GroupUpdate(
                    name: "g", schema: "s", sampleCount: 1, steps: 1, lossBefore: 1, lossAfter: 1,
                    parameters: parameters)
            ])
        let encoded = contribution.encodedParts()
        let own = parameters.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(Self.address(encoded).contains(own))
        #expect(Self.address(encoded[10..<encoded.count]).contains(own))
        #expect(encoded.array == contribution.encoded())
        #expect(try Contribution(decoding: encoded) == contribution)
    }
}
