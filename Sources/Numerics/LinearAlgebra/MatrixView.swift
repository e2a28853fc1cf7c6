/// A row-major matrix inside memory that somebody else owns: element `(i, j)` lies at `base + i * rowStride + j`.
///
/// Valid only as long as the memory; made inside a `withUnsafeBufferPointer` closure and never kept.
@unsafe
public struct MatrixView<Scalar: LinearAlgebraScalar> {
    /// Element `(0, 0)`.
    public let base: UnsafePointer<Scalar>
    /// Number of rows.
    public let rows: Int
    /// Number of columns.
    public let columns: Int
    /// Elements between the starts of two rows; at least `columns`.
    public let rowStride: Int
    /// Whether operations see the transpose of what is stored.
    public let isTransposed: Bool

    /// A view of stored `rows` × `columns` elements.
    ///
    /// - Parameter rowStride: elements between the starts of two rows; `columns` if left out.
    public init(_ base: UnsafePointer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil) {
        unsafe self.init(base, rows: rows, columns: columns, rowStride: rowStride ?? columns, isTransposed: false)
    }

    init(_ base: UnsafePointer<Scalar>, rows: Int, columns: Int, rowStride: Int, isTransposed: Bool) {
        precondition(rows >= 0 && columns >= 0 && rowStride >= columns, "rows do not overlap")
        unsafe self.base = base
        unsafe self.rows = rows
        unsafe self.columns = columns
        unsafe self.rowStride = rowStride
        unsafe self.isTransposed = isTransposed
    }

    /// The same elements seen as the transposed matrix; nothing moves.
    public var transposed: MatrixView {
        unsafe MatrixView(
            base, rows: rows, columns: columns, rowStride: rowStride, isTransposed: !isTransposed)
    }

    /// Rows and columns as an operation sees them.
    var extent: (rows: Int, columns: Int) { unsafe isTransposed ? (columns, rows) : (rows, columns) }
}

/// A row-major matrix that an operation writes; see ``MatrixView``.
@unsafe
public struct MutableMatrixView<Scalar: LinearAlgebraScalar> {
    /// Element `(0, 0)`.
    public let base: UnsafeMutablePointer<Scalar>
    /// Number of rows.
    public let rows: Int
    /// Number of columns.
    public let columns: Int
    /// Elements between the starts of two rows; at least `columns`.
    public let rowStride: Int

    /// A view of `rows` × `columns` elements.
    ///
    /// - Parameter rowStride: elements between the starts of two rows; `columns` if left out.
    public init(_ base: UnsafeMutablePointer<Scalar>, rows: Int, columns: Int, rowStride: Int? = nil) {
        let stride = rowStride ?? columns
        precondition(rows >= 0 && columns >= 0 && stride >= columns, "rows do not overlap")
        unsafe self.base = base
        unsafe self.rows = rows
        unsafe self.columns = columns
        unsafe self.rowStride = stride
    }
}
