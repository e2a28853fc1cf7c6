import Telemetry
import Testing

@Suite struct SampleBlockTests {
    private struct Random {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
    }

    /// Values of every form that a block knows, and of those that it does not.
    private func block(seed: UInt64, rows: Int, columns: Int) -> SampleBlock {
        var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15 | 1)
        var block = SampleBlock(columnCount: columns)
        let kinds = (0..<columns).map { _ in random.next() % 9 }
        var counter = 0.0
        for row in 0..<rows {
            counter += Double(random.next() % 1_000)
            let values = kinds.map { kind -> Double in
                switch kind {
                case 0: .nan
                case 1: 3.25
                case 2: counter
                case 3: Double(random.next() % 10_000) / 100
                case 4: random.unit()
                case 5: random.next() % 5 == 0 ? .nan : Double(row)
                case 6: random.next() % 7 == 0 ? .infinity : -random.unit() * 1e300
                case 7: random.next() % 2 == 0 ? -0.0 : 0
                default: Double(bitPattern: random.next() & ~(0x7ff << 52)) * 1e-300
                }
            }
            block.append(
                SampledRow(
                    time: 1_700_000_000.125 + Double(row) * 0.08, values: values,
                    quality: random.next() % 10 == 0 ? .incomplete : []))
        }
        return block
    }

    @Test(arguments: 0..<60) func bitsComeBack(seed: UInt64) throws {
        let block = block(seed: seed, rows: [0, 1, 2, 7, 100, 513][Int(seed) % 6], columns: Int(seed % 13))
        let again = try #require(SampleBlock(decoding: block.encoded()), "seed \(seed)")
        #expect(again == block, "seed \(seed)")
    }

    @Test func damageIsSeenOrReadNeverTrapped() {
        let bytes = block(seed: 5, rows: 20, columns: 9).encoded()
        for count in bytes.indices { #expect(SampleBlock(decoding: Array(bytes[..<count])) == nil) }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0xff
            _ = SampleBlock(decoding: damaged)
        }
    }

    /// A few bytes that speak of a thousand million values get no room for them.
    @Test func whatIsClaimedIsHeldAgainstWhatIsThere() {
        func number(_ value: Int) -> [UInt8] {
            value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + number(value >> 7)
        }
        for (rows, columns) in [(1 << 24, 64), (64, 1 << 24), (1 << 15, 1 << 15)] {
            let head = [1] + number(rows) + number(columns)
            // The time of all rows is the same, and so is each column, missing throughout.
            let constant: [UInt8] = [1] + [UInt8](repeating: 0, count: 8)
            let bytes = head + constant + [UInt8](repeating: 0, count: 70_000)
            #expect(SampleBlock(decoding: bytes) == nil, "\(rows) rows of \(columns) columns")
        }
        #expect(SampleBlock(decoding: [1, 0] + number(1 << 30)) == nil)
    }

    @Test func columnsThatComeLaterAreMissingBefore() {
        var block = SampleBlock(columnCount: 1)
        block.append(SampledRow(time: 0, values: [1]))
        block.append(SampledRow(time: 1, values: [2, 3]))
        block.append(SampledRow(time: 2, values: [4]))
        #expect(block.columnCount == 2)
        #expect(block[0] == SampledRow(time: 0, values: [1, .nan]))
        #expect(block[1] == SampledRow(time: 1, values: [2, 3]))
        #expect(block[2] == SampledRow(time: 2, values: [4, .nan]))
        var other = SampleBlock(columnCount: 3)
        other.append(SampledRow(time: 3, values: [5, 6, 7]))
        block.append(other)
        #expect(block[0].values.count == 3 && block[3].values == [5, 6, 7])
    }
}
