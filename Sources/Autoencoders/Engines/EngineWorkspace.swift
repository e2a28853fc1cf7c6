import CVectorKernels

/// One thread's memory for the forward and backward pass of up to `rows` windows.
///
/// A step's matrices are `[rows, width]`; arrays over time hold one after the other, those of h and c with a zero
/// one before the first step.
@safe
final class EngineWorkspace {
    /// Most windows of one pass.
    let rows: Int
    /// What one layer keeps; arrays over all steps when training, else only what the next step and layer need.
    @unsafe
    struct Layer {
        let gates: UnsafeMutablePointer<Float>
        let cells: UnsafeMutablePointer<Float>
        let cellTanh: UnsafeMutablePointer<Float>
        let hidden: UnsafeMutablePointer<Float>
        /// h with rows in pairs, dL/dz as rows and in pairs. In float, a row is its own pair: the arrays above.
        let hiddenPairs: UnsafeMutablePointer<Float>
        let gradientRows: UnsafeMutablePointer<Float>
        let gradientPairs: UnsafeMutablePointer<Float>
    }
    /// One matrix as products take it: rows for sums along a row, pairs of rows for sums down the columns.
    @unsafe
    struct Operand {
        let rows: UnsafeMutablePointer<Float>
        let pairs: UnsafeMutablePointer<Float>
    }
    /// The input, the output's gradient and the projection's gradient for products.
    private(set) var inputOperand: Operand
    private(set) var outputOperand: Operand
    private(set) var projectionOperand: Operand
    private(set) var layers: [Layer] = unsafe []
    /// Windows, `[T, rows, F]`, F padded.
    private(set) var input: UnsafeMutablePointer<Float>
    /// Reconstruction, then its gradient, `[T, rows, F]`.
    private(set) var output: UnsafeMutablePointer<Float>
    /// dL/dh of the layer at hand and of the one below, `[T, rows, width]`.
    private(set) var above: UnsafeMutablePointer<Float>
    private(set) var below: UnsafeMutablePointer<Float>
    /// dL/dh and dL/dc that the step after hands to the step before, `[rows, width]`.
    private(set) var recurrent: UnsafeMutablePointer<Float>
    private(set) var cellGradient: UnsafeMutablePointer<Float>
    /// Projected input: of the latent `[blocks, rows, 64]`, or of all steps for a few windows.
    private(set) var projection: UnsafeMutablePointer<Float>
    /// Gradient of the latent's projection, `[blocks, rows, 64]`.
    private(set) var projectionGradient: UnsafeMutablePointer<Float>
    /// Σ (y − x)² of each window.
    let errors: AlignedBuffer<Double>
    private let storage: AlignedBuffer<Float>

    /// Windows of one pass that take the path for a few windows: their input is projected for all steps at once.
    static let few = 3

    /// - Throws: ``AcceleratorError`` when there is not that much memory.
    init(layout: PackedLayout, rows: Int, training: Bool, short: Bool = false) throws {
        // Pairs of rows: an odd one gets a partner of zeros.
        let rows = short ? (rows + 1) & ~1 : rows
        self.rows = rows
        let steps = layout.shape.window
        let widest = layout.layers.reduce(0) { max($0, $1.width) }
        let blocks = widest / 16
        let features = layout.outputWidth
        // Sizes in the order in which they are laid out, each a multiple of 16 elements.
        var sizes: [Int] = []
        for layer in layout.layers {
            let width = layer.width * rows
            sizes.append(training ? 4 * width * steps : 0)
            sizes.append(training ? width * (steps + 1) : 2 * width)
            sizes.append(training ? width * steps : 0)
            sizes.append(width * (steps + 1))
            sizes += short ? [width * (steps + 1) / 2, 2 * width * steps, 2 * width * steps] : []
        }
        let wide = widest * rows
        sizes += [features * rows * steps, features * rows * steps]
        sizes += training ? [wide * steps, wide * steps, wide, wide] : [0, 0, 0, 0]
        // The latent's; of scored windows also the inputs' of all steps, or of all samples of a run of windows.
        let isWide = layout.layers.contains { $0.inputs > PackedLayout.widest }
        let projected =
            training ? rows : max(rows + steps - 1, (isWide ? rows : min(rows, Self.few)) * steps)
        sizes += [blocks * 64 * projected, training ? blocks * 64 * rows : 0]
        if short {
            let features = features * rows * steps / 2
            sizes += [features, features, features, features, blocks * 32 * rows, blocks * 32 * rows]
        }
        storage = try AlignedBuffer(count: sizes.reduce(0, +), "workspace of \(rows) windows")
        errors = try AlignedBuffer(count: rows, "errors")
        var next = unsafe storage.base
        var remaining = sizes[...]
        func take() -> UnsafeMutablePointer<Float> {
            defer { unsafe next += remaining.removeFirst() }
            return unsafe next
        }
        for _ in layout.layers {
            let (gates, cells, cellTanh, hidden) = unsafe (take(), take(), take(), take())
            unsafe layers.append(
                Layer(
                    gates: gates, cells: cells, cellTanh: cellTanh, hidden: hidden,
                    hiddenPairs: short ? take() : hidden, gradientRows: short ? take() : gates,
                    gradientPairs: short ? take() : gates))
        }
        unsafe input = take()
        unsafe output = take()
        unsafe above = take()
        unsafe below = take()
        unsafe recurrent = take()
        unsafe cellGradient = take()
        unsafe projection = take()
        unsafe projectionGradient = take()
        unsafe inputOperand = Operand(rows: short ? take() : input, pairs: short ? take() : input)
        unsafe outputOperand = Operand(rows: short ? take() : output, pairs: short ? take() : output)
        unsafe projectionOperand = Operand(
            rows: short ? take() : projectionGradient, pairs: short ? take() : projectionGradient)
    }

    /// Exchanges ``above`` and ``below``.
    func descend() { unsafe swap(&above, &below) }

    /// Bytes held.
    var bytes: Int { storage.count * 4 + errors.count * 8 }
}
