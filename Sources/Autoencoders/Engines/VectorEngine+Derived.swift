import CVectorKernels

extension VectorEngine {
    /// Brings everything that follows from the parameters up to date: summed biases, transposed weights and, when
    /// training multiplies in bfloat16, the weights in that precision.
    func refreshDerived() {
        let count = layout.layers.count
        pool.forEach(count + 1) { part, _ in
            if part == count { refreshOutput() } else { refresh(part) }
        }
    }

    private func refresh(_ index: Int) {
        let layer = layout.layers[index]
        for block in 0..<layer.blocks {
            let start = unsafe UnsafePointer(theta.base + layer.offset + block * layer.blockStride)
            let bias = unsafe derived.base + layer.summedBias + block * 64
            for lane in 0..<64 {
                unsafe bias[lane] = start[layer.biasRows + lane] + start[layer.biasRows + 64 + lane]
            }
            let short = unsafe shortWeights.base + layer.shortOffset + block * layer.shortBlockStride
            unsafe derive(
                start, rows: layer.inputs, width: 64, panels: layer.inputPanels, inner: block * 64, short,
                scratch: index)
            unsafe derive(
                start + layer.hiddenRows, rows: layer.hidden, width: 64, panels: layer.hiddenPanels, inner: block * 64,
                short + layer.inputs.halvedUp * 64, scratch: index)
        }
    }

    private func refreshOutput() {
        for (panel, short) in zip(layout.outputPanels, layout.shortOutputOffsets) {
            unsafe derive(
                UnsafePointer(theta.base + panel.offset), rows: shape.hidden[0], width: panel.vectors * 16,
                panels: layout.outputBackPanels, inner: panel.column, shortWeights.base + short,
                scratch: layout.layers.count)
        }
    }

    /// Transposes `source[rows, width]` into rows `inner...` of the panels, whose columns are `source`'s rows; in
    /// bfloat16 also writes it as pairs of rows.
    private func derive(
        _ source: UnsafePointer<Float>, rows: Int, width: Int, panels: [PackedLayout.Panel], inner: Int,
        _ pairs: UnsafeMutablePointer<Float>, scratch: Int
    ) {
        guard let short = unsafe shortKernels else {
            unsafe transpose(source, rows: rows, width: width, panels: panels, inner: inner, unit: 1, derived.base)
            return
        }
        // A row of bfloat16 is half as wide; two of its columns are transposed as one element.
        let halves = unsafe shortRows[scratch].base
        unsafe short.convert(source, rows, width, halves, pairs)
        unsafe transpose(
            halves, rows: rows, width: width / 2, panels: panels, inner: inner / 2, unit: 2, shortTransposed.base)
    }

    private func transpose(
        _ source: UnsafePointer<Float>, rows: Int, width: Int, panels: [PackedLayout.Panel], inner: Int, unit: Int,
        _ base: UnsafeMutablePointer<Float>
    ) {
        for panel in panels {
            let stride = panel.vectors * 16
            for vector in 0..<panel.vectors {
                let row = panel.column + vector * 16
                for column in Swift.stride(from: 0, to: width, by: 16) {
                    let target = unsafe base + panel.offset / unit + (inner + column) * stride + vector * 16
                    let from = unsafe source + row * width + column
                    if row + 16 <= rows, column + 16 <= width {
                        unsafe kernels.transpose16(from, width, target, stride)
                        continue
                    }
                    // Columns past the last row are padding and stay zero.
                    for r in 0..<max(0, min(16, rows - row)) {
                        for c in 0..<min(16, width - column) { unsafe target[c * stride + r] = from[r * width + c] }
                    }
                }
            }
        }
    }
}
