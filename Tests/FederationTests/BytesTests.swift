import Federation
import Testing

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
}
