/// `c ← alpha · a · b + beta · c` on views, for callers that manage memory themselves. O(rows · columns · inner).
///
/// - Precondition: `a` is `[M, K]`, `b` `[K, N]` and `c` `[M, N]`, as seen through their transposition.
@unsafe
public func multiply<Scalar: LinearAlgebraScalar>(
    _ a: MatrixView<Scalar>, _ b: MatrixView<Scalar>, into c: MutableMatrixView<Scalar>, alpha: Scalar = 1,
    beta: Scalar = 0
) {
    let (left, right) = unsafe (a.extent, b.extent)
    let target = unsafe (rows: c.rows, columns: c.columns)
    precondition(
        left.columns == right.rows && left.rows == target.rows && right.columns == target.columns,
        "[\(left.rows), \(left.columns)] · [\(right.rows), \(right.columns)] is not [\(target.rows), \(target.columns)]"
    )
    guard target.rows > 0, target.columns > 0 else { return }
    BLASThreads.restrictToCaller()
    unsafe Scalar.generalProduct(a, b, c, alpha: alpha, beta: beta)
}

/// The product `a · b` of two matrices, either of them transposed on request.
///
/// - Precondition: both have two axes and the inner extents agree.
public func product<Scalar: LinearAlgebraScalar>(
    _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, transposingFirst aTransposed: Bool = false,
    transposingSecond bTransposed: Bool = false
) -> Tensor<Scalar> {
    precondition(a.shape.count == 2 && b.shape.count == 2, "a product needs two matrices")
    let rows = aTransposed ? a.shape[1] : a.shape[0]
    let columns = bTransposed ? b.shape[0] : b.shape[1]
    var result = Tensor<Scalar>(shape: [rows, columns])
    unsafe withMatrix(a) { left in
        unsafe withMatrix(b) { right in
            unsafe withMutableMatrix(&result) { target in
                unsafe multiply(
                    aTransposed ? left.transposed : left, bTransposed ? right.transposed : right, into: target)
            }
        }
    }
    return result
}

/// `aᵀ · a` for samples in rows: `[N, F] → [F, F]`, exactly symmetric. Half the work of a general product.
///
/// - Precondition: `a` has two axes.
public func gramMatrix<Scalar: LinearAlgebraScalar>(_ a: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(a.shape.count == 2, "a Gram matrix needs a matrix")
    let extent = a.shape[1]
    var result = Tensor<Scalar>(shape: [extent, extent])
    guard extent > 0, a.shape[0] > 0 else { return result }
    BLASThreads.restrictToCaller()
    unsafe withMatrix(a) { samples in
        unsafe withMutableMatrix(&result) { target in
            unsafe Scalar.symmetricProduct(samples.transposed, target, alpha: 1, beta: 0)
        }
    }
    unsafe result.withUnsafeMutableBufferPointer { elements in
        for row in 0..<extent {
            for column in 0..<row { unsafe elements[row * extent + column] = elements[column * extent + row] }
        }
    }
    return result
}

/// Runs `body` with a view of a matrix. An empty tensor has a valid, never read address too.
func withMatrix<Scalar: LinearAlgebraScalar, Result>(
    _ tensor: Tensor<Scalar>, _ body: (MatrixView<Scalar>) -> Result
) -> Result {
    unsafe tensor.withUnsafeBufferPointer { elements in
        guard let base = elements.baseAddress else { preconditionFailure("a tensor has storage") }
        return unsafe body(MatrixView(base, rows: tensor.shape[0], columns: tensor.shape[1]))
    }
}

/// Runs `body` with a view of a matrix that it may write.
func withMutableMatrix<Scalar: LinearAlgebraScalar>(
    _ tensor: inout Tensor<Scalar>, _ body: (MutableMatrixView<Scalar>) -> Void
) {
    let (rows, columns) = (tensor.shape[0], tensor.shape[1])
    unsafe tensor.withUnsafeMutableBufferPointer { elements in
        guard let base = elements.baseAddress else { preconditionFailure("a tensor has storage") }
        unsafe body(MutableMatrixView(base, rows: rows, columns: columns))
    }
}
