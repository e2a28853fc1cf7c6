import Platform
import Testing

/// States that are written and read, and bytes that are none.
struct StreamStateTests {
    private func written() -> StateWriter {
        var state = StateWriter()
        state.append(-7)
        state.append(Double.nan)
        state.append(nil as Double?)
        state.append(0.1 as Double?)
        state.append([1.5, -0.0, .infinity])
        state.append([2.5] as [Float])
        state.append([3, -4] as [Int8])
        state.append([5, .max])
        state.append([true, false])
        return state
    }

    @Test("What was written is read back, bit for bit")
    func roundTrip() throws {
        var reader = StateReader(written().bytes)
        #expect(try reader.int() == -7)
        #expect(try reader.double().isNaN)
        #expect(try reader.optionalDouble() == nil)
        #expect(try reader.optionalDouble() == 0.1)
        #expect(try reader.doubles(count: 3).map(\.bitPattern) == [1.5, -0.0, .infinity].map(\.bitPattern))
        #expect(try reader.floats() == [2.5])
        #expect(try reader.smallInts(count: 2) == [3, -4])
        #expect(try reader.ints() == [5, .max])
        #expect(try reader.bools(count: 2) == [true, false])
        #expect(reader.isAtEnd)
    }

    @Test("A length that the bytes do not hold, another length, and an end too early are refused")
    func refusals() {
        var huge = StateWriter()
        huge.append(Int.max)
        #expect(throws: StateError.self) {
            var reader = StateReader(huge.bytes); _ = try reader.doubles()
        }
        var negative = StateWriter()
        negative.append(-1)
        #expect(throws: StateError.self) {
            var reader = StateReader(negative.bytes); _ = try reader.bytes()
        }
        var list = StateWriter()
        list.append([1.0, 2])
        #expect(throws: StateError.self) {
            var reader = StateReader(list.bytes); _ = try reader.doubles(count: 3)
        }
        #expect(throws: StateError.self) {
            var reader = StateReader([1, 2, 3]); _ = try reader.int()
        }
        #expect(throws: StateError.self) {
            var reader = StateReader([7]); _ = try reader.bool()
        }
        #expect(throws: StateError.self) {
            var reader = StateReader([]); _ = try reader.bool()
        }
    }
}
