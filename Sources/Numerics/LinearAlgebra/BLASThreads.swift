internal import COpenBLAS

/// OpenBLAS's own threads. Everything here parallelises above BLAS, so that results do not depend on the number of
/// threads and no core is asked for twice: OpenBLAS is held at one thread from its first use.
public enum BLASThreads {
    private static let oneThread: Void = openblas_set_num_threads(1)

    /// Makes sure that OpenBLAS computes on its caller's thread. Called by every operation of this module.
    public static func restrictToCaller() { oneThread }

    /// The number of threads OpenBLAS uses now.
    public static var count: Int {
        restrictToCaller()
        return Int(openblas_get_num_threads())
    }

    /// OpenBLAS's version and the CPU kernels it has chosen, such as `OpenBLAS 0.3.21 … SkylakeX`.
    public static var libraryDescription: String {
        guard let text = unsafe openblas_get_config() else { return "OpenBLAS" }
        return unsafe String(cString: text).trimmedEnd
    }
}

extension String {
    fileprivate var trimmedEnd: String {
        var result = self
        while let last = result.last, last.isWhitespace { result.removeLast() }
        return result
    }
}
