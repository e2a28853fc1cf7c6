package import Platform

/// Bytes that are read and not copied: a part of an array, memory of a library that lives as long as its owner, or several
/// of those, one behind the other.
///
/// What arrives from a socket is one of these, and so is each part of it: an update that comes in pieces is those pieces
/// until the disk has it, and what a worker sends is its parameters where they are.
package struct Bytes: Sendable {
    private enum Storage: Sendable {
        case array([UInt8])
        case floats([Float])
        case lent(LentMemory)
        /// Always the whole of them; each has some bytes, and `ends` says where it ends.
        case joined([Bytes], ends: [Int])
    }

    private let storage: Storage
    private let start: Int
    /// How many there are.
    package let count: Int

    /// The bytes of an array.
    package init(_ array: [UInt8]) { self.init(.array(array), from: 0, count: array.count) }

    /// The bits of floats, little-endian.
    package init(floats: [Float]) {
        #if _endian(little)
            self.init(.floats(floats), from: 0, count: floats.count * MemoryLayout<Float>.size)
        #else
            self.init(floats.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } })
        #endif
    }

    /// Memory that is not Swift's.
    package init(_ memory: LentMemory) { self.init(.lent(memory), from: 0, count: memory.count) }

    /// Several, one behind the other.
    package init(joining parts: [Bytes]) {
        let parts = parts.filter { $0.count > 0 }
        guard parts.count > 1 else {
            self = parts.first ?? []
            return
        }
        var ends: [Int] = []
        for part in parts { ends.append((ends.last ?? 0) + part.count) }
        self.init(.joined(parts, ends: ends), from: 0, count: ends[ends.count - 1])
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
        guard case .joined(let parts, let ends) = storage else {
            return Bytes(storage, from: start + range.lowerBound, count: range.count)
        }
        guard !range.isEmpty else { return [] }
        var index = Self.part(at: range.lowerBound, ends)
        var found: [Bytes] = []
        while index < parts.count {
            let begin = ends[index] - parts[index].count
            guard begin < range.upperBound else { break }
            found.append(
                parts[index][max(0, range.lowerBound - begin)..<min(parts[index].count, range.upperBound - begin)])
            index += 1
        }
        return Bytes(joining: found)
    }

    /// The part in which a byte lies.
    private static func part(at place: Int, _ ends: [Int]) -> Int {
        var (low, high) = (0, ends.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > place { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Lends the bytes; the pointer is valid in the closure only. Where they are several parts they are copied first.
    package func withUnsafeBytes<Value, Failure>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        // The standard library's own version does not pass typed errors on.
        func lend(_ whole: UnsafeRawBufferPointer) -> Result<Value, Failure> {
            do throws(Failure) {
                return .success(try body(UnsafeRawBufferPointer(rebasing: whole[start..<start + count])))
            } catch {
                return .failure(error)
            }
        }
        switch storage {
        case .array(let array): return try array.withUnsafeBytes(lend).get()
        case .floats(let floats): return try floats.withUnsafeBytes(lend).get()
        case .lent(let memory):
            defer { withExtendedLifetime(memory) {} }
            return try body(UnsafeRawBufferPointer(start: memory.start + start, count: count))
        case .joined: return try Bytes(array).withUnsafeBytes(body)
        }
    }

    /// Lends the bytes part by part, in their order.
    package func forEachPart(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard case .joined(let parts, _) = storage else { return withUnsafeBytes(body) }
        for part in parts { part.forEachPart(body) }
    }

    /// How many parts they are in.
    package var partCount: Int { if case .joined(let parts, _) = storage { parts.count } else { 1 } }

    /// Copies them all.
    ///
    /// - Precondition: there is room for them.
    package func copy(to target: UnsafeMutableRawBufferPointer) {
        precondition(target.count >= count, "room for \(target.count) of \(count) bytes")
        var offset = 0
        forEachPart { part in
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + part.count]).copyMemory(from: part)
            offset += part.count
        }
    }

    /// The bytes as an array; a copy, unless they are the whole of one.
    package var array: [UInt8] {
        if case .array(let array) = storage, count == array.count { return array }
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            copy(to: UnsafeMutableRawBufferPointer(buffer))
            initialized = count
        }
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

extension SHA256 {
    /// The digest of bytes, 32 bytes.
    package static func digest(_ bytes: Bytes) -> [UInt8] {
        var hash = SHA256()
        bytes.forEachPart { hash.update($0) }
        return hash.digest()
    }
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
