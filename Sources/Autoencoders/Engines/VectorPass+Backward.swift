import CVectorKernels
import Numerics

/// Rows of the inner axis that a weight gradient takes at a time: their gates, 32 KiB, stay in the first-level cache
/// while all inputs pass by.
private let chunk = 128

extension VectorPass {
    /// Adds the parameters' gradient, packed, to `gradient`, or writes it when `overwrites`. The workspace's output
    /// holds dL/doutput.
    func backward(into gradient: UnsafeMutablePointer<Float>, overwrites: Bool) {
        let (layout, rows, steps, unit) = unsafe (self.layout, self.rows, layout.shape.window, self.unit)
        let depth = layout.shape.hidden.count
        unsafe linearBackward(into: gradient, overwrites: overwrites)
        for index in layout.layers.indices.reversed() {
            let layer = layout.layers[index]
            let memory = unsafe workspace.layers[index]
            unsafe throughTime(index, layer, memory)
            let x =
                unsafe index == 0
                ? workspace.inputOperand.pairs
                : workspace.layers[index - 1].hiddenPairs + rows / unit * layer.inputStride
            if index == depth { unsafe sumSteps(layer, memory) }
            for block in 0..<layer.blocks {
                let target = unsafe gradient + layer.offset + block * layer.blockStride
                let dz = unsafe UnsafePointer(memory.gradientPairs + block * steps * rows / unit * 64)
                if index == depth {
                    let sum = unsafe UnsafePointer(workspace.projectionOperand.pairs + block * rows / unit * 64)
                    let latent = unsafe x + (steps - 1) * rows / unit * layer.inputStride
                    unsafe outer(
                        latent, layer.inputStride, columns: layer.inputs, sum, 64, vectors: 4, inner: rows / unit,
                        into: target, 64, overwrites: overwrites)
                }
                unsafe weightGradients(
                    layer, unsafe index == depth ? nil : UnsafePointer(x), unsafe UnsafePointer(memory.hiddenPairs), dz,
                    into: unsafe target, overwrites: overwrites)
            }
            if index == depth { unsafe latentGradient(layer) }
            unsafe workspace.descend()
        }
    }

    /// Adds up the gradients of all steps, which had the same input.
    private func sumSteps(_ layer: PackedLayout.Layer, _ memory: EngineWorkspace.Layer) {
        let (rows, steps, unit) = unsafe (self.rows, layout.shape.window, self.unit)
        for block in 0..<layer.blocks {
            let sum = unsafe workspace.projectionGradient + block * rows * 64
            let dz = unsafe UnsafePointer(memory.gradientRows + block * steps * rows * 64 / unit)
            if unit == 1 {
                unsafe sum.update(from: dz, count: rows * 64)
                for t in 1..<max(1, steps) { unsafe kernels.add(sum, dz + t * rows * 64, rows * 64) }
            } else {
                unsafe sum.update(repeating: 0, count: rows * 64)
                for t in 0..<steps { unsafe kernels.addShort(sum, dz + t * rows * 32, rows * 64) }
            }
        }
        if unit == 2 {
            unsafe convert(
                workspace.projectionGradient, count: layer.blocks * rows, width: 64, workspace.projectionOperand)
        }
    }

    /// Gradients of the linear layer, and dL/dh of the top layer into `above`.
    private func linearBackward(into gradient: UnsafeMutablePointer<Float>, overwrites: Bool) {
        let (layout, rows, steps) = unsafe (self.layout, self.rows, layout.shape.window)
        let top = layout.layers[layout.layers.count - 1]
        let unit = unsafe self.unit
        let hidden = unsafe workspace.layers[layout.layers.count - 1].hiddenPairs + rows / unit * top.width
        let dy = unsafe workspace.outputOperand
        let all = steps * rows / unit
        for panel in layout.outputPanels {
            let width = panel.vectors * 16
            let target = unsafe gradient + panel.offset
            for start in stride(from: 0, to: all, by: chunk) {
                let count = min(chunk, all - start)
                let source = unsafe UnsafePointer(dy.pairs + start * layout.outputWidth + panel.column)
                let first = overwrites && start == 0
                unsafe outer(
                    hidden + start * top.width, top.width, columns: top.hidden, source, layout.outputWidth,
                    vectors: panel.vectors, inner: count, into: target, width, overwrites: first)
                unsafe kernels.sumRows(
                    target + top.hidden * width, source, layout.outputWidth, count, panel.vectors, first ? 1 : 0)
            }
        }
        for panel in layout.outputBackPanels {
            var product = unsafe VKPanelProduct()
            unsafe product.a = UnsafePointer(dy.rows)
            unsafe product.aStride = layout.outputWidth / unit
            unsafe product.inner = layout.outputWidth / unit
            unsafe product.segments = 1
            unsafe product.panel = transposed + panel.offset / unit
            unsafe product.vectors = panel.vectors
            unsafe product.c = workspace.above + panel.column
            unsafe product.cStride = top.width
            unsafe product.rows = steps * rows
            unsafe kernels.panelProduct(&product)
        }
    }

    /// Carries the gradient of one layer back through time: gates become gradients before the non-linearities, and
    /// `below` receives dL/dx where a layer below wants it.
    private func throughTime(_ index: Int, _ layer: PackedLayout.Layer, _ memory: EngineWorkspace.Layer) {
        let (rows, steps, unit) = unsafe (self.rows, layout.shape.window, self.unit)
        let depth = unsafe layout.shape.hidden.count
        let size = rows * layer.width
        unsafe workspace.cellGradient.update(repeating: 0, count: size)
        var step = unsafe VKBackwardStep()
        unsafe step.cellGradient = workspace.cellGradient
        unsafe step.gateBlockStride = steps * rows * 64
        unsafe step.rows = rows
        unsafe step.blocks = layer.blocks
        for t in (0..<steps).reversed() {
            // Of the encoder's last layer only the last step was used.
            let isUsed = index != depth - 1 || t == steps - 1
            unsafe step.above = isUsed ? UnsafePointer(workspace.above + t * size) : nil
            unsafe step.recurrent = t == steps - 1 ? nil : UnsafePointer(workspace.recurrent)
            unsafe step.cellBefore = UnsafePointer(memory.cells + t * size)
            unsafe step.cellTanh = UnsafePointer(memory.cellTanh + t * size)
            unsafe step.gates = memory.gates + t * rows * 64
            unsafe step.gradientRows = memory.gradientRows + t * rows * 32
            unsafe step.gradientPairs = memory.gradientPairs + t * rows * 32
            unsafe kernels.backwardStep(&step)
            let dz = unsafe UnsafePointer(memory.gradientRows + t * rows * 64 / unit)
            if t > 0 {
                unsafe throughWeights(
                    layer, layer.hiddenPanels, dz, steps * rows * 64 / unit, workspace.recurrent, layer.width)
            }
            if index > 0, index != depth {
                unsafe throughWeights(
                    layer, layer.inputPanels, dz, steps * rows * 64 / unit,
                    workspace.below + t * rows * layer.inputStride,
                    layer.inputStride)
            }
        }
    }

    /// `target[rows, …] = dz · Wᵀ` over the given panels of the transposed weights.
    private func throughWeights(
        _ layer: PackedLayout.Layer, _ panels: [PackedLayout.Panel], _ dz: UnsafePointer<Float>, _ blockStride: Int,
        _ target: UnsafeMutablePointer<Float>, _ targetStride: Int
    ) {
        for panel in panels {
            var product = unsafe VKPanelProduct()
            unsafe product.a = dz
            unsafe product.aStride = 64 / unit
            unsafe product.inner = 64 / unit
            unsafe product.segments = layer.blocks
            unsafe product.segmentStride = blockStride
            unsafe product.panel = transposed + panel.offset / unit
            unsafe product.vectors = panel.vectors
            unsafe product.c = target + panel.column
            unsafe product.cStride = targetStride
            unsafe product.rows = rows
            unsafe kernels.panelProduct(&product)
        }
    }

    /// Gradients of one block: of W_ih unless `x` is nil, of W_hh and of both biases.
    private func weightGradients(
        _ layer: PackedLayout.Layer, _ x: UnsafePointer<Float>?, _ hidden: UnsafePointer<Float>,
        _ dz: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, overwrites: Bool
    ) {
        let rows = unsafe self.rows / unit
        let all = unsafe layout.shape.window * rows
        let recurrent = unsafe target + layer.hiddenRows
        let bias = unsafe target + layer.biasRows
        if overwrites && all == rows { unsafe recurrent.update(repeating: 0, count: layer.hidden * 64) }
        for start in stride(from: 0, to: all, by: chunk) {
            let count = min(chunk, all - start)
            let source = unsafe dz + start * 64
            let first = overwrites && start == 0
            if let x = unsafe x {
                unsafe outer(
                    x + start * layer.inputStride, layer.inputStride, columns: layer.inputs, source, 64, vectors: 4,
                    inner: count, into: target, 64, overwrites: first)
            }
            // h before the first step is zero.
            let skipped = max(0, rows - start)
            if count > skipped {
                unsafe outer(
                    hidden + (start + skipped) * layer.width, layer.width, columns: layer.hidden, source + skipped * 64,
                    64, vectors: 4, inner: count - skipped, into: recurrent, 64,
                    overwrites: overwrites && start + skipped == rows)
            }
            unsafe kernels.sumRows(bias, source, 64, count, 4, first ? 1 : 0)
        }
        unsafe (bias + 64).update(from: bias, count: 64)
    }

    /// dL/dlatent into the last step of `below`.
    private func latentGradient(_ layer: PackedLayout.Layer) {
        let (rows, steps) = unsafe (self.rows, layout.shape.window)
        unsafe throughWeights(
            layer, layer.inputPanels, UnsafePointer(workspace.projectionOperand.rows), rows * 64 / unit,
            workspace.below + (steps - 1) * rows * layer.inputStride, layer.inputStride)
    }

    private func outer(
        _ a: UnsafePointer<Float>, _ aStride: Int, columns: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        vectors: Int, inner: Int, into target: UnsafeMutablePointer<Float>, _ targetStride: Int, overwrites: Bool
    ) {
        var product = unsafe VKOuterProduct()
        unsafe product.a = a
        unsafe product.aStride = aStride
        unsafe product.columns = columns
        unsafe product.b = b
        unsafe product.bStride = bStride
        unsafe product.vectors = vectors
        unsafe product.inner = inner
        unsafe product.c = target
        unsafe product.cStride = targetStride
        unsafe product.overwrite = overwrites ? 1 : 0
        unsafe kernels.outerProduct(&product)
    }
}
