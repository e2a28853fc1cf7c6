/// Bytes that are read and not copied: a part of an array, or memory of a library that lives as long as its owner.
///
/// What arrives from a socket is one of these, and so is each part of it: a piece of an update is copied from the
/// message where it is put together, and nowhere before.
package struct Bytes: Sendable {
    private enum Storage: Sendable {
        case array([UInt8])
        case lent(LentMemory)
    }

    private let storage: Storage
    private let start: Int
    /// How many there are.
    package let count: Int

    /// The bytes of an array.
    package init(_ array: [UInt8]) {
        storage = .array(array)
        start = 0
        count = array.count
    }

    /// Memory that is not Swift's.
    package init(_ memory: LentMemory) {
        storage = .lent(memory)
        start = 0
        count = memory.count
    }

    private init(_ storage: Storage, from start: Int, count: Int) {
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// Some of them, without a copy.
    ///
    /// - Precondition: the range lies within.
    package subscript(range: Range<Int>) -> Bytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a part of \(count) bytes: \(range)")
        return Bytes(storage, from: start + range.lowerBound, count: range.count)
    }

    /// Lends the bytes; the pointer is valid in the closure only.
    package func withUnsafeBytes<Value, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        switch storage {
        case .array(let array):
            // The standard library's own version does not pass typed errors on.
            let result: Result<Value, Failure> = array.withUnsafeBytes { buffer in
                do throws(Failure) {
                    return .success(try body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + count])))
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        case .lent(let memory):
            defer { withExtendedLifetime(memory) {} }
            return try body(UnsafeRawBufferPointer(start: memory.start + start, count: count))
        }
    }

    /// The bytes as an array; a copy, unless they are the whole of one.
    package var array: [UInt8] {
        if case .array(let array) = storage, count == array.count { return array }
        return withUnsafeBytes { Array($0) }
    }
}

extension Bytes: Equatable {
    package static func == (a: Bytes, b: Bytes) -> Bool {
        guard a.count == b.count else { return false }
        return a.withUnsafeBytes { one in b.withUnsafeBytes { other in one.elementsEqual(other) } }
    }
}

extension Bytes: ExpressibleByArrayLiteral {
    package init(arrayLiteral elements: UInt8...) { self.init(elements) }
}

/// Memory of a library, given back when nobody looks at it any more.
///
/// Unchecked: nobody writes to the memory while it is lent.
package final class LentMemory: @unchecked Sendable {
    let start: UnsafeRawPointer
    let count: Int
    private let giveBack: () -> Void

    /// Takes over memory.
    ///
    /// - Parameters:
    ///   - start: the first byte.
    ///   - count: bytes that may be read.
    ///   - giveBack: called once, from any thread.
    package init(start: UnsafeRawPointer, count: Int, giveBack: @escaping () -> Void) {
        self.start = start
        self.count = count
        self.giveBack = giveBack
    }

    deinit { giveBack() }
}
