import CVectorKernels
public import Numerics

/// The CPU with OpenBLAS for its products: the plain, portable path, and what our own kernels are measured against.
///
/// Layout, threads, shards and gates are those of ``VectorBackend``; every product of matrices is one call of `sgemm` on
/// one thread. A block of 16 units is one product with 64 columns, so OpenBLAS sees matrices of 32 rows and 64 columns.
public struct OpenBLASBackend: AcceleratorBackend {
    private let cpu: VectorBackend

    /// A backend with the given number of threads an engine; OpenBLAS itself never starts any.
    ///
    /// - Throws: ``AcceleratorError`` as ``VectorBackend`` does.
    /// - Precondition: `threads` is positive.
    public init(threads: Int = 1) throws {
        cpu = try VectorBackend(threads: threads)
        BLASThreads.restrictToCaller()
    }

    /// This CPU.
    public var device: DeviceDescription {
        var device = cpu.device
        device.backend = "openblas"
        device.name = "\(CPU.name) (\(BLASThreads.libraryDescription))"
        return device
    }

    /// An engine with zero weights.
    public func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine {
        guard let own = unsafe VKKernelsForLevel(VKLevel(UInt32(cpu.level.rawValue))) else {
            throw AcceleratorError(
                .notAvailable, "CPU level \(cpu.level)", found: "this CPU is \(VectorBackend.Level.best)")
        }
        var kernels = unsafe own.pointee
        unsafe kernels.panelProduct = OpenBLASKernels.panelProduct
        unsafe kernels.outerProduct = OpenBLASKernels.outerProduct
        unsafe kernels.forwardStep = OpenBLASKernels.forwardStep(cpu.level)
        return try unsafe VectorEngine(
            shape: shape, kernels: kernels, projectsInputs: false, threads: cpu.threads)
    }
}

/// The kernels of the CPU engine that multiply, by OpenBLAS; see `CVectorKernels.h` for what each does.
private enum OpenBLASKernels {
    static let panelProduct: @convention(c) (UnsafePointer<VKPanelProduct>?) -> Void = { product in
        guard let product = unsafe product?.pointee else { return }
        let width = unsafe product.vectors * 16
        for row in 0..<(unsafe product.rows) {
            let target = unsafe product.c + row * product.cStride
            if let initial = unsafe product.initial {
                unsafe target.update(from: initial + row * product.initialStride, count: width)
            } else {
                unsafe target.update(repeating: 0, count: width)
            }
        }
        for segment in 0..<(unsafe product.segments) {
            unsafe add(
                product.a + segment * product.segmentStride, product.aStride, rows: product.rows, inner: product.inner,
                product.panel + segment * product.inner * width, columns: width, product.c, product.cStride)
        }
    }

    static let outerProduct: @convention(c) (UnsafePointer<VKOuterProduct>?) -> Void = { product in
        guard let product = unsafe product?.pointee else { return }
        unsafe multiply(
            MatrixView(product.a, rows: product.inner, columns: product.columns, rowStride: product.aStride).transposed,
            MatrixView(product.b, rows: product.inner, columns: product.vectors * 16, rowStride: product.bStride),
            into: MutableMatrixView(
                product.c, rows: product.columns, columns: product.vectors * 16, rowStride: product.cStride),
            beta: product.overwrite != 0 ? 0 : 1)
    }

    /// The products of a step, then the gates of the level's own kernel. A C function has no context: one for each level.
    static func forwardStep(_ level: VectorBackend.Level) -> @convention(c) (UnsafePointer<VKForwardStep>?) -> Void {
        switch level {
        case .baseline: { step in unsafe OpenBLASKernels.forward(step, VKLevelBaseline) }
        case .avx2: { step in unsafe OpenBLASKernels.forward(step, VKLevelAVX2) }
        case .avx512: { step in unsafe OpenBLASKernels.forward(step, VKLevelAVX512) }
        }
    }

    private static func forward(_ step: UnsafePointer<VKForwardStep>?, _ level: VKLevel) {
        guard let step = unsafe step?.pointee, let kernels = unsafe VKKernelsForLevel(level) else { return }
        let count = unsafe step.rows * step.blocks * 64
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { scratch in
            guard let base = scratch.baseAddress else { return }
            for block in 0..<(unsafe step.blocks) {
                let z = unsafe base + block * step.rows * 64
                for row in 0..<(unsafe step.rows) {
                    unsafe (z + row * 64).update(
                        from: step.initial + block * step.initialBlockStride + row * step.initialRowStride, count: 64)
                }
                let place = unsafe block * step.weightBlockStride
                unsafe add(
                    step.x, step.xStride, rows: step.rows, inner: step.inputs, step.xWeights + place, columns: 64, z, 64
                )
                unsafe add(
                    step.h, step.hStride, rows: step.rows, inner: step.hidden, step.hWeights + place, columns: 64, z, 64
                )
            }
            var gates = unsafe step
            unsafe gates.inputs = 0
            unsafe gates.hidden = 0
            unsafe gates.initial = UnsafePointer(base)
            unsafe gates.initialBlockStride = step.rows * 64
            unsafe gates.initialRowStride = 64
            unsafe kernels.pointee.forwardStep(&gates)
        }
    }

    /// `c += a · b` with b contiguous.
    private static func add(
        _ a: UnsafePointer<Float>, _ aStride: Int, rows: Int, inner: Int, _ b: UnsafePointer<Float>, columns: Int,
        _ c: UnsafeMutablePointer<Float>, _ cStride: Int
    ) {
        guard inner > 0 else { return }
        unsafe multiply(
            MatrixView(a, rows: rows, columns: inner, rowStride: max(aStride, inner)),
            MatrixView(b, rows: inner, columns: columns),
            into: MutableMatrixView(c, rows: rows, columns: columns, rowStride: cStride),
            beta: 1)
    }
}
