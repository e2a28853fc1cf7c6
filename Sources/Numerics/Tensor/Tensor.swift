/// A dense, row-major array of scalars in one 64-byte aligned buffer, with value semantics (copy on write).
///
/// The last axis is contiguous: element `(i, j)` of a `[rows, columns]` tensor lies at offset `i * columns + j`.
/// Kernels take the storage through ``withUnsafeBufferPointer(_:)`` and
/// ``withUnsafeMutableBufferPointer(_:)``; pointers never leave those closures.
public struct Tensor<Scalar: BinaryFloatingPoint & Sendable>: Sendable {
    /// The extent of each axis; a scalar has none. Their product is ``count``.
    public let shape: [Int]

    @usableFromInline var storage: AlignedStorage<Scalar>

    /// Number of elements: the product of the extents.
    @inlinable public var count: Int { storage.count }

    /// A tensor with every element equal to `value`.
    ///
    /// - Precondition: no extent is negative and their product does not overflow.
    public init(repeating value: Scalar = 0, shape: [Int]) {
        self.shape = shape
        storage = AlignedStorage(repeating: value, count: Self.count(of: shape))
    }

    /// A tensor of the given shape that takes its elements, in row-major order, from `elements`.
    ///
    /// - Precondition: `elements.count` is the product of the extents.
    public init(_ elements: some Collection<Scalar>, shape: [Int]) {
        precondition(
            elements.count == Self.count(of: shape), "\(elements.count) elements do not fill the shape \(shape)")
        self.shape = shape
        storage = AlignedStorage(elements)
    }

    private static func count(of shape: [Int]) -> Int {
        shape.reduce(1) { product, extent in
            precondition(extent >= 0, "the shape \(shape) has a negative extent")
            let (result, overflow) = product.multipliedReportingOverflow(by: extent)
            precondition(!overflow, "the shape \(shape) has more elements than can be addressed")
            return result
        }
    }

    /// The same elements under another shape; no element is copied.
    ///
    /// - Precondition: both shapes have the same number of elements.
    public func reshaped(_ shape: [Int]) -> Tensor {
        precondition(Self.count(of: shape) == count, "\(self.shape) cannot be reshaped to \(shape)")
        return Tensor(shape: shape, storage: storage)
    }

    init(shape: [Int], storage: AlignedStorage<Scalar>) {
        self.shape = shape
        self.storage = storage
    }

    /// The elements, row-major, for reading. The pointer is valid only inside `body` and is 64-byte aligned.
    @inlinable
    public func withUnsafeBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Scalar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe try body(UnsafeBufferPointer(storage.buffer))
    }

    /// The elements, row-major, for writing; copies them first when the storage is shared. The pointer is valid only
    /// inside `body` and is 64-byte aligned.
    @inlinable
    public mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<Scalar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        makeUnique()
        return unsafe try body(storage.buffer)
    }

    @inlinable
    mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { storage = unsafe AlignedStorage(storage.buffer) }
    }

    /// The elements in row-major order.
    public var elements: [Scalar] { unsafe Array(storage.buffer) }

    /// The element at a row-major offset.
    @inlinable
    public subscript(offset: Int) -> Scalar {
        get {
            precondition(offset >= 0 && offset < count, "offset out of range")
            return unsafe storage.buffer[offset]
        }
        set {
            precondition(offset >= 0 && offset < count, "offset out of range")
            makeUnique()
            unsafe storage.buffer[offset] = newValue
        }
    }

    /// Element `(row, column)` of a tensor with two axes.
    @inlinable
    public subscript(row: Int, column: Int) -> Scalar {
        get { self[offset(row, column)] }
        set { self[offset(row, column)] = newValue }
    }

    @inlinable
    func offset(_ row: Int, _ column: Int) -> Int {
        precondition(shape.count == 2, "two indices need two axes")
        precondition(row >= 0 && row < shape[0] && column >= 0 && column < shape[1], "index out of range")
        return row * shape[1] + column
    }
}

extension Tensor: Equatable {
    /// True when shapes and elements are equal; as for any floating-point comparison, NaN differs from itself.
    public static func == (a: Tensor, b: Tensor) -> Bool {
        unsafe a.shape == b.shape && a.storage.buffer.elementsEqual(b.storage.buffer)
    }
}

/// A 64-byte aligned heap buffer of trivial scalars; freed with its last owner.
///
/// Unchecked: the buffer is written only through a tensor that has found itself to be the sole owner.
@usableFromInline
@safe final class AlignedStorage<Scalar: BinaryFloatingPoint & Sendable>: @unchecked Sendable {
    @usableFromInline let buffer: UnsafeMutableBufferPointer<Scalar>
    @inlinable var count: Int { unsafe buffer.count }

    static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<Scalar> {
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count * MemoryLayout<Scalar>.stride), alignment: 64)
        return unsafe UnsafeMutableBufferPointer(
            start: raw.bindMemory(to: Scalar.self, capacity: max(1, count)), count: count)
    }

    init(repeating value: Scalar, count: Int) {
        unsafe buffer = Self.allocate(count)
        unsafe buffer.initialize(repeating: value)
    }

    @usableFromInline
    init(_ elements: some Collection<Scalar>) {
        unsafe buffer = Self.allocate(elements.count)
        let end = unsafe buffer.initialize(fromContentsOf: elements)
        unsafe precondition(end == buffer.count, "the collection is shorter than its count")
    }

    deinit { unsafe UnsafeMutableRawPointer(buffer.baseAddress)?.deallocate() }
}
