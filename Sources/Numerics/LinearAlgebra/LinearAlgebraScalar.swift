internal import COpenBLAS

/// `Float` and `Double`: what BLAS computes with.
public protocol LinearAlgebraScalar: BinaryFloatingPoint, Sendable {
    /// `c ← alpha · a · b + beta · c`; called by ``multiply(_:_:into:alpha:beta:)``, which checks the extents.
    @unsafe
    static func generalProduct(
        _ a: MatrixView<Self>, _ b: MatrixView<Self>, _ c: MutableMatrixView<Self>, alpha: Self, beta: Self)
    /// Upper triangle of `c ← alpha · a · aᵀ + beta · c`.
    @unsafe
    static func symmetricProduct(_ a: MatrixView<Self>, _ c: MutableMatrixView<Self>, alpha: Self, beta: Self)
}

extension Float: LinearAlgebraScalar {
    /// `sgemm`.
    @unsafe
    public static func generalProduct(
        _ a: MatrixView<Float>, _ b: MatrixView<Float>, _ c: MutableMatrixView<Float>, alpha: Float, beta: Float
    ) {
        let inner = unsafe a.extent.columns
        unsafe cblas_sgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            blasInteger(c.rows), blasInteger(c.columns), blasInteger(inner), alpha, a.base, leadingExtent(a.rowStride),
            b.base, leadingExtent(b.rowStride), beta, c.base, leadingExtent(c.rowStride))
    }

    /// `ssyrk`.
    @unsafe
    public static func symmetricProduct(
        _ a: MatrixView<Float>, _ c: MutableMatrixView<Float>, alpha: Float, beta: Float
    ) {
        let inner = unsafe a.extent.columns
        unsafe cblas_ssyrk(
            CblasRowMajor, CblasUpper, a.isTransposed ? CblasTrans : CblasNoTrans, blasInteger(c.rows),
            blasInteger(inner), alpha, a.base, leadingExtent(a.rowStride), beta, c.base, leadingExtent(c.rowStride))
    }
}

extension Double: LinearAlgebraScalar {
    /// `dgemm`.
    @unsafe
    public static func generalProduct(
        _ a: MatrixView<Double>, _ b: MatrixView<Double>, _ c: MutableMatrixView<Double>, alpha: Double, beta: Double
    ) {
        let inner = unsafe a.extent.columns
        unsafe cblas_dgemm(
            CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
            blasInteger(c.rows), blasInteger(c.columns), blasInteger(inner), alpha, a.base, leadingExtent(a.rowStride),
            b.base, leadingExtent(b.rowStride), beta, c.base, leadingExtent(c.rowStride))
    }

    /// `dsyrk`.
    @unsafe
    public static func symmetricProduct(
        _ a: MatrixView<Double>, _ c: MutableMatrixView<Double>, alpha: Double, beta: Double
    ) {
        let inner = unsafe a.extent.columns
        unsafe cblas_dsyrk(
            CblasRowMajor, CblasUpper, a.isTransposed ? CblasTrans : CblasNoTrans, blasInteger(c.rows),
            blasInteger(inner), alpha, a.base, leadingExtent(a.rowStride), beta, c.base, leadingExtent(c.rowStride))
    }
}

/// OpenBLAS counts in 32-bit integers; larger extents are a caller's bug, for no such matrix fits a worker.
func blasInteger(_ value: Int) -> Int32 {
    precondition(value <= Int(Int32.max), "an extent of \(value) is more than BLAS can count")
    return Int32(value)
}

/// BLAS wants a leading extent of at least 1, also for an empty matrix.
func leadingExtent(_ value: Int) -> Int32 { blasInteger(max(1, value)) }
