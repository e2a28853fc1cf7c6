import CVectorKernels
import Numerics

/// The forward and the backward pass of a few windows on one thread. Holds nothing; runs over a workspace.
@unsafe
struct VectorPass {
    let layout: PackedLayout
    let kernels: VKKernels
    /// Packed parameters.
    let parameters: UnsafePointer<Float>
    /// What follows from them; see ``PackedLayout/derivedCount``.
    let derived: UnsafePointer<Float>
    /// Weights as the products of `kernels` take them: the parameters, or pairs of bfloat16.
    let weights: UnsafePointer<Float>
    /// Their transposes: `derived`, or pairs of bfloat16 at half its offsets.
    let transposed: UnsafePointer<Float>
    /// Elements that a product takes as one: 1, or 2 for pairs of bfloat16.
    let unit: Int
    let workspace: EngineWorkspace
    /// Windows of this pass; a multiple of `unit`, the last one perhaps only a partner of zeros.
    let rows: Int
    /// Windows that count.
    let validRows: Int

    private var steps: Int { unsafe layout.shape.window }
    private var depth: Int { unsafe layout.shape.hidden.count }

    /// Copies the windows into the workspace, time first: `[T, rows, F]`, F padded with zeros; the steps from `first`
    /// on.
    func gather(_ samples: UnsafePointer<Float>, starts: ArraySlice<Int>, from first: Int = 0) {
        let (steps, features, stride) = unsafe (self.steps, layout.shape.features, layout.outputWidth)
        let (rows, input) = unsafe (self.rows, workspace.input)
        for (row, start) in starts.enumerated() {
            var source = unsafe samples + (start + first) * features
            var target = unsafe input + (first * rows + row) * stride
            for _ in first..<steps {
                unsafe target.update(from: source, count: features)
                unsafe (target + features).update(repeating: 0, count: stride - features)
                unsafe source += features
                unsafe target += rows * stride
            }
        }
        if unsafe unit == 2 {
            unsafe clearPartner(input)
            unsafe convert(input, count: steps * rows, width: stride, workspace.inputOperand)
        }
    }

    /// Zeroes the row that only makes the number of rows even, at each step of `[T, rows, F]`.
    private func clearPartner(_ array: UnsafeMutablePointer<Float>) {
        let (rows, stride) = unsafe (self.rows, layout.outputWidth)
        guard unsafe validRows < rows else { return }
        for t in 0..<(unsafe steps) {
            unsafe (array + (t * rows + rows - 1) * stride).update(repeating: 0, count: stride)
        }
    }

    /// Rounds rows to bfloat16.
    func convert(_ source: UnsafePointer<Float>, count: Int, width: Int, _ target: EngineWorkspace.Operand) {
        unsafe kernels.convert(source, count, width, target.rows, target.pairs)
    }

    /// Runs the layers; fills the workspace's hidden states and, when `training`, what the backward pass needs.
    ///
    /// - Parameters:
    ///   - run: the first sample of windows that follow each other sample by sample, `[rows + T − 1, F]`: each sample is
    ///     projected once for all windows it is in. `nil`: the windows were gathered.
    ///   - strips: whether wide inputs are projected in strips.
    func forward(training: Bool, run: UnsafePointer<Float>? = nil, strips: Bool = true) {
        let (layout, rows, steps) = unsafe (self.layout, self.rows, self.steps)
        let projectsFirst = !training && rows <= EngineWorkspace.few
        let unit = unsafe self.unit
        var x = unsafe UnsafePointer(workspace.inputOperand.rows)
        for (index, layer) in layout.layers.enumerated() {
            let memory = unsafe workspace.layers[index]
            let width = layer.width
            let weights = unsafe self.weights + (unit == 1 ? layer.offset : layer.shortOffset)
            let inputs = (layer.inputs + unit - 1) / unit
            let bias = unsafe derived + layer.summedBias
            unsafe memory.cells.update(repeating: 0, count: rows * width)
            let isLatent = unsafe index == depth
            let isRun = unsafe index == 0 && run != nil
            let isProjected = isLatent || isRun || projectsFirst || (strips && layer.inputs > PackedLayout.widest)
            // The gates' own place, where there is one, holds their inputs first.
            let projection = unsafe training && !isLatent ? memory.gates : workspace.projection
            var projected = steps * rows
            if isLatent {
                // The latent is the same at every step: it is projected once.
                projected = rows
                unsafe project(
                    layer, x + (steps - 1) * rows * layer.inputStride / unit, layer.inputStride / unit, count: rows,
                    weights, bias, into: projection)
            } else if index == 0, let run = unsafe run {
                projected = rows + steps - 1
                unsafe project(
                    layer, run, layout.shape.features, count: projected, weights, bias, into: projection)
            } else if isProjected {
                unsafe project(
                    layer, x, layer.inputStride / unit, count: projected, weights, bias, into: projection)
            }
            /// Projected rows from one step to the next.
            let ahead = isLatent ? 0 : isRun ? 1 : rows
            var step = unsafe VKForwardStep()
            unsafe step.inputs = isProjected ? 0 : inputs
            unsafe step.xStride = layer.inputStride / unit
            unsafe step.hStride = width / unit
            unsafe step.xWeights = weights
            unsafe step.hWeights = weights + inputs * 64
            unsafe step.weightBlockStride = unit == 1 ? layer.blockStride : layer.shortBlockStride
            unsafe step.initialBlockStride = isProjected ? projected * 64 : 64
            unsafe step.initialRowStride = isProjected ? 64 : 0
            unsafe step.gateBlockStride = steps * rows * 64
            unsafe step.rows = rows
            unsafe step.blocks = layer.blocks
            for t in 0..<steps {
                unsafe step.x = x + t * rows * layer.inputStride / unit
                unsafe step.h = UnsafePointer(memory.hidden + t * rows * width / unit)
                unsafe step.hidden = t == 0 ? 0 : (layer.hidden + unit - 1) / unit
                unsafe step.initial = isProjected ? UnsafePointer(projection + t * ahead * 64) : bias
                unsafe step.hiddenOut = memory.hidden + (t + 1) * rows * width / unit
                unsafe step.hiddenPairs = memory.hiddenPairs + (t + 1) * rows / 2 * width
                if training {
                    unsafe step.cellBefore = UnsafePointer(memory.cells + t * rows * width)
                    unsafe step.cell = memory.cells + (t + 1) * rows * width
                    unsafe step.cellTanh = memory.cellTanh + t * rows * width
                    unsafe step.gates = memory.gates + t * rows * 64
                } else {
                    unsafe step.cellBefore = UnsafePointer(memory.cells)
                    unsafe step.cell = memory.cells
                }
                unsafe kernels.forwardStep(&step)
            }
            unsafe x = UnsafePointer(memory.hidden + rows * width / unit)
        }
    }

    /// `projection[block][row] = bias + x · W_ih`, one chain of multiply-adds for each element, whatever the strips.
    private func project(
        _ layer: PackedLayout.Layer, _ x: UnsafePointer<Float>, _ stride: Int, count: Int,
        _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, into projection: UnsafeMutablePointer<Float>
    ) {
        let inputs = unsafe (layer.inputs + unit - 1) / unit
        for block in 0..<layer.blocks {
            let target = unsafe projection + block * count * 64
            let panel = unsafe weights + block * (unit == 1 ? layer.blockStride : layer.shortBlockStride)
            for first in Swift.stride(from: 0, to: inputs, by: PackedLayout.strip) {
                var product = unsafe VKPanelProduct()
                unsafe product.a = x + first
                unsafe product.aStride = stride
                unsafe product.inner = min(PackedLayout.strip, inputs - first)
                unsafe product.segments = 1
                unsafe product.panel = panel + first * 64
                unsafe product.vectors = 4
                unsafe product.initial = first == 0 ? bias + block * 64 : UnsafePointer(target)
                unsafe product.initialStride = first == 0 ? 0 : 64
                unsafe product.c = target
                unsafe product.cStride = 64
                unsafe product.rows = count
                unsafe kernels.panelProduct(&product)
            }
        }
    }

    /// The linear layer for steps `first..<T`, into the same steps of the workspace's output.
    func linear(from first: Int) {
        let (layout, rows, steps) = unsafe (self.layout, self.rows, self.steps)
        let top = layout.layers[layout.layers.count - 1]
        let unit = unsafe self.unit
        let hidden = unsafe workspace.layers[layout.layers.count - 1].hidden + (first + 1) * rows * top.width / unit
        for (panel, short) in zip(layout.outputPanels, layout.shortOutputOffsets) {
            var product = unsafe VKPanelProduct()
            unsafe product.a = UnsafePointer(hidden)
            unsafe product.aStride = top.width / unit
            unsafe product.inner = (top.hidden + unit - 1) / unit
            unsafe product.segments = 1
            unsafe product.panel = weights + (unit == 1 ? panel.offset : short)
            unsafe product.vectors = panel.vectors
            unsafe product.initial = parameters + panel.offset + top.hidden * panel.vectors * 16
            unsafe product.c = workspace.output + first * rows * layout.outputWidth + panel.column
            unsafe product.cStride = layout.outputWidth
            unsafe product.rows = (steps - first) * rows
            unsafe kernels.panelProduct(&product)
        }
    }

    /// Turns the output into `scale · (output − input)` and adds up the squares of each window.
    func residuals(scale: Float) {
        let (layout, rows, steps) = unsafe (self.layout, self.rows, self.steps)
        let errors = unsafe workspace.errors.base
        unsafe errors.update(repeating: 0, count: rows)
        for t in 0..<steps {
            let place = t * rows * layout.outputWidth
            unsafe kernels.residuals(
                workspace.output + place, workspace.input + place, rows, layout.outputWidth, scale, errors)
        }
        if unsafe unit == 2 {
            unsafe clearPartner(workspace.output)
            unsafe convert(workspace.output, count: steps * rows, width: layout.outputWidth, workspace.outputOperand)
        }
    }
}
