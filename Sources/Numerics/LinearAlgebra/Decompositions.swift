internal import COpenBLAS

/// Eigenvalues and eigenvectors of a symmetric matrix.
public struct SymmetricEigen: Equatable, Sendable {
    /// Eigenvalues `[N]`, largest first.
    public let values: Tensor<Double>
    /// Eigenvectors `[N, N]`, one a row, of length 1, in the order of the values. The component of largest magnitude
    /// (the first of several) is positive, so that the sign does not depend on the library.
    public let vectors: Tensor<Double>
}

/// The singular value decomposition `a = uᵀ · diag(values) · v` in its thin form.
public struct SingularValues: Equatable, Sendable {
    /// Singular values `[K]`, K = min(M, N), largest first.
    public let values: Tensor<Double>
    /// Left singular vectors `[K, M]`, one a row.
    public let left: Tensor<Double>
    /// Right singular vectors `[K, N]`, one a row; the component of largest magnitude is positive.
    public let right: Tensor<Double>
}

/// Eigenvalues and eigenvectors of the symmetric matrix whose upper triangle `matrix` holds (LAPACK `dsyevd`).
/// O(N³).
///
/// - Precondition: `matrix` is square.
/// - Throws: ``LinearAlgebraError`` when an element is not finite or the iteration does not converge.
public func symmetricEigen(_ matrix: Tensor<Double>) throws(LinearAlgebraError) -> SymmetricEigen {
    let operation = "symmetric eigen-decomposition"
    let extent = squareExtent(matrix)
    try requireFinite(matrix, operation)
    guard extent > 0 else { return SymmetricEigen(values: Tensor(shape: [0]), vectors: Tensor(shape: [0, 0])) }
    BLASThreads.restrictToCaller()
    var ascending = Tensor<Double>(shape: [extent])
    var columns = matrix
    let order = try lapackInteger(extent, operation)
    // Column-major LAPACK sees the transpose: our upper triangle is its lower one, and its columns of eigenvectors
    // are our rows.
    let status = unsafe columns.withUnsafeMutableBufferPointer { vectors in
        unsafe ascending.withUnsafeMutableBufferPointer { values in
            unsafe LAPACKE_dsyevd(
                LAPACK_COL_MAJOR, 0x56 /* V */, 0x4c /* L */, order, vectors.baseAddress, order, values.baseAddress)
        }
    }
    try check(status, operation, positive: .noConvergence, "\(status) off-diagonal elements did not converge to zero")
    var values = Tensor<Double>(shape: [extent])
    var vectors = Tensor<Double>(shape: [extent, extent])
    for index in 0..<extent {
        let source = extent - 1 - index
        values[index] = ascending[source]
        let sign = signOfLargest(columns, row: source, count: extent)
        for column in 0..<extent { vectors[index, column] = sign * columns[source, column] }
    }
    return SymmetricEigen(values: values, vectors: vectors)
}

/// The thin singular value decomposition of a matrix `[M, N]` (LAPACK `dgesdd`). O(M · N · min(M, N)).
///
/// - Precondition: `matrix` has two axes.
/// - Throws: ``LinearAlgebraError`` when an element is not finite or the iteration does not converge.
public func singularValues(_ matrix: Tensor<Double>) throws(LinearAlgebraError) -> SingularValues {
    let operation = "singular value decomposition"
    precondition(matrix.shape.count == 2, "a decomposition needs a matrix")
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    let rank = min(rows, columns)
    try requireFinite(matrix, operation)
    var values = Tensor<Double>(shape: [rank])
    var left = Tensor<Double>(shape: [rank, rows])
    var right = Tensor<Double>(shape: [rank, columns])
    guard rank > 0 else { return SingularValues(values: values, left: left, right: right) }
    BLASThreads.restrictToCaller()
    var work = matrix
    let (m, n, k) = (
        try lapackInteger(columns, operation), try lapackInteger(rows, operation), try lapackInteger(rank, operation)
    )
    // Column-major LAPACK decomposes the transpose `[N, M]`: its left vectors (columns of length N) are our right
    // ones, each a row; its right vectors arrive as `[K, M]` column-major, which is `[M, K]` here.
    var mixed = Tensor<Double>(shape: [rows, rank])
    let status = unsafe work.withUnsafeMutableBufferPointer { a in
        unsafe values.withUnsafeMutableBufferPointer { s in
            unsafe right.withUnsafeMutableBufferPointer { u in
                unsafe mixed.withUnsafeMutableBufferPointer { vt in
                    unsafe LAPACKE_dgesdd(
                        LAPACK_COL_MAJOR, 0x53 /* S */, m, n, a.baseAddress, m, s.baseAddress, u.baseAddress, m,
                        vt.baseAddress, k)
                }
            }
        }
    }
    try check(status, operation, positive: .noConvergence, "the iteration did not converge")
    for index in 0..<rank {
        let sign = signOfLargest(right, row: index, count: columns)
        for column in 0..<columns { right[index, column] *= sign }
        for row in 0..<rows { left[index, row] = sign * mixed[row, index] }
    }
    return SingularValues(values: values, left: left, right: right)
}

/// The lower Cholesky factor L of a symmetric positive definite matrix, `matrix = L · Lᵀ` (LAPACK `dpotrf`); only the
/// lower triangle of `matrix` is read. O(N³).
///
/// - Precondition: `matrix` is square.
/// - Throws: ``LinearAlgebraError`` when an element is not finite or the matrix is not positive definite.
public func choleskyFactor(_ matrix: Tensor<Double>) throws(LinearAlgebraError) -> Tensor<Double> {
    let operation = "Cholesky decomposition"
    let extent = squareExtent(matrix)
    try requireFinite(matrix, operation)
    guard extent > 0 else { return matrix }
    BLASThreads.restrictToCaller()
    var factor = matrix
    let order = try lapackInteger(extent, operation)
    let status = unsafe factor.withUnsafeMutableBufferPointer { a in
        // Our lower triangle is the upper one of column-major LAPACK, whose U = Lᵀ is our L.
        unsafe LAPACKE_dpotrf(LAPACK_COL_MAJOR, 0x55 /* U */, order, a.baseAddress, order)
    }
    try check(status, operation, positive: .notPositiveDefinite, "the leading minor of order \(status) is not positive")
    for row in 0..<extent {
        for column in (row + 1)..<max(row + 1, extent) { factor[row, column] = 0 }
    }
    return factor
}

/// The solution X of `matrix · X = rightHandSides` by LU decomposition with partial pivoting (LAPACK `dgesv`).
/// `[N, N], [N, K] → [N, K]`, O(N³ + N² · K).
///
/// - Precondition: `matrix` is square and `rightHandSides` has as many rows.
/// - Throws: ``LinearAlgebraError`` when an element is not finite or the matrix is singular.
public func solve(_ matrix: Tensor<Double>, _ rightHandSides: Tensor<Double>) throws(LinearAlgebraError)
    -> Tensor<Double>
{
    try unsafe solve(matrix, rightHandSides, "solution of linear equations", positive: .singular) {
        order, count, a, b in
        var pivots = [Int32](repeating: 0, count: Int(order))
        return unsafe LAPACKE_dgesv(LAPACK_COL_MAJOR, order, count, a, order, &pivots, b, order)
    }
}

/// The solution X of `matrix · X = rightHandSides` for a symmetric positive definite matrix (LAPACK `dposv`).
/// `[N, N], [N, K] → [N, K]`, half the work of ``solve(_:_:)``; only the lower triangle of `matrix` is read.
///
/// - Precondition: `matrix` is square and `rightHandSides` has as many rows.
/// - Throws: ``LinearAlgebraError`` when an element is not finite or the matrix is not positive definite.
public func solvePositiveDefinite(_ matrix: Tensor<Double>, _ rightHandSides: Tensor<Double>)
    throws(LinearAlgebraError) -> Tensor<Double>
{
    try unsafe solve(matrix, rightHandSides, "solution of normal equations", positive: .notPositiveDefinite) {
        order, count, a, b in
        unsafe LAPACKE_dposv(LAPACK_COL_MAJOR, 0x4c /* L */, order, count, a, order, b, order)
    }
}

private func solve(
    _ matrix: Tensor<Double>, _ rightHandSides: Tensor<Double>, _ operation: String,
    positive: LinearAlgebraError.Code,
    _ call: (Int32, Int32, UnsafeMutablePointer<Double>?, UnsafeMutablePointer<Double>?) -> Int32
) throws(LinearAlgebraError) -> Tensor<Double> {
    let extent = squareExtent(matrix)
    precondition(
        rightHandSides.shape.count == 2 && rightHandSides.shape[0] == extent, "one right-hand row for each equation")
    try requireFinite(matrix, operation)
    try requireFinite(rightHandSides, operation)
    guard rightHandSides.count > 0 else { return rightHandSides }
    BLASThreads.restrictToCaller()
    var (a, b) = (transpose(matrix), transpose(rightHandSides))
    let (order, count) = (
        try lapackInteger(extent, operation), try lapackInteger(rightHandSides.shape[1], operation)
    )
    let status = unsafe a.withUnsafeMutableBufferPointer { left in
        unsafe b.withUnsafeMutableBufferPointer { right in
            unsafe call(order, count, left.baseAddress, right.baseAddress)
        }
    }
    try check(status, operation, positive: positive, "pivot \(status) is not usable")
    return transpose(b)
}

/// The transposed copy of a matrix.
///
/// - Precondition: `matrix` has two axes.
public func transpose<Scalar>(_ matrix: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(matrix.shape.count == 2, "a transpose needs a matrix")
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    var result = Tensor<Scalar>(shape: [columns, rows])
    unsafe matrix.withUnsafeBufferPointer { source in
        unsafe result.withUnsafeMutableBufferPointer { target in
            for row in 0..<rows {
                for column in 0..<columns {
                    unsafe target[column * rows + row] = source[row * columns + column]
                }
            }
        }
    }
    return result
}

private func squareExtent(_ matrix: Tensor<Double>) -> Int {
    precondition(matrix.shape.count == 2 && matrix.shape[0] == matrix.shape[1], "the matrix is square")
    return matrix.shape[0]
}

private func requireFinite(_ matrix: Tensor<Double>, _ operation: String) throws(LinearAlgebraError) {
    let index = unsafe matrix.withUnsafeBufferPointer { elements in unsafe elements.firstIndex { !$0.isFinite } }
    guard let index else { return }
    throw LinearAlgebraError(.notFinite, operation, found: "element \(index) is \(matrix[index])")
}

private func lapackInteger(_ value: Int, _ operation: String) throws(LinearAlgebraError) -> Int32 {
    guard let result = Int32(exactly: value) else {
        throw LinearAlgebraError(.tooLarge, operation, found: "an extent of \(value) is more than LAPACK can count")
    }
    return result
}

private func check(_ status: Int32, _ operation: String, positive: LinearAlgebraError.Code, _ found: String)
    throws(LinearAlgebraError)
{
    switch status {
    case 0: return
    case 1...: throw LinearAlgebraError(positive, operation, found: found)
    case -1010, -1011: throw LinearAlgebraError(.outOfMemory, operation, found: "no memory for LAPACK's work space")
    default: throw LinearAlgebraError(.refusedArgument, operation, found: "LAPACK refused its argument \(-status)")
    }
}

private func signOfLargest(_ matrix: Tensor<Double>, row: Int, count: Int) -> Double {
    var largest = 0.0
    for column in 0..<count where abs(matrix[row, column]) > abs(largest) { largest = matrix[row, column] }
    return largest < 0 ? -1 : 1
}
