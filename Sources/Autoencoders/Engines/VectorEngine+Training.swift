import CVectorKernels
import Glibc
import Numerics

extension VectorEngine {
    func trainStep(_ batch: WindowBatch, adam: AdamConfiguration) throws -> Double {
        let (loss, used) = try accumulate(batch)
        step += 1
        let correction1 = 1 - pow(Double(adam.beta1), Double(step))
        let correction2 = 1 - pow(Double(adam.beta2), Double(step))
        var factor: Float = 1
        if let clip = adam.clipNorm {
            let norm = sumSlots(used, norm: true).squareRoot()
            factor = Float(min(1, Double(clip) / (norm + 1e-6)))
        }
        let isSummed = adam.clipNorm != nil
        let chunks = chunkCount
        pool.forEach(chunks) { chunk, _ in
            let (start, count) = chunkRange(chunk)
            if !isSummed { addSlots(used, start, count) }
            var update = unsafe VKAdam()
            unsafe update.parameters = theta.base + start
            unsafe update.firstMoment = firstMoment.base + start
            unsafe update.secondMoment = secondMoment.base + start
            unsafe update.gradient = UnsafePointer(slots[0].base + start)
            unsafe update.count = count
            unsafe update.factor = factor
            unsafe update.beta1 = adam.beta1
            unsafe update.beta2 = adam.beta2
            unsafe update.stepSize = Float(Double(adam.learningRate) / correction1)
            unsafe update.rootCorrection = Float(correction2.squareRoot())
            unsafe update.epsilon = adam.epsilon
            unsafe kernels.adam(&update)
        }
        refreshDerived()
        return loss
    }

    func lossAndGradient(_ batch: WindowBatch) throws -> (loss: Double, gradient: Tensor<Float>) {
        let (loss, used) = try accumulate(batch)
        _ = sumSlots(used, norm: false)
        return (loss, unpack(slots[0]))
    }

    /// Gradients of a batch into the slots. Returns the loss and the number of slots used.
    private func accumulate(_ batch: WindowBatch) throws -> (loss: Double, slots: Int) {
        precondition(batch.count > 0, "the mean over no window is undefined")
        check(batch)
        let rows = Self.shardRows
        let shards = (batch.count + rows - 1) / rows
        let used = min(shards, slotLimit)
        while slots.count < used { slots.append(try AlignedBuffer(count: layout.count, "gradient")) }
        let workers = min(pool.count, used)
        let workspaceRows = min(rows, batch.count)
        if trainingWorkspaces.contains(where: { $0.rows < workspaceRows }) { trainingWorkspaces = [] }
        while trainingWorkspaces.count < pool.count, trainingWorkspaces.count < max(workers, 1) || pool.count > 1 {
            trainingWorkspaces.append(
                try EngineWorkspace(
                    layout: layout, rows: workspaceRows, training: true, short: unsafe shortKernels != nil))
        }
        if errors.count < batch.count { errors = [Double](repeating: 0, count: batch.count) }
        let elements = Double(batch.count) * Double(shape.window) * Double(shape.features)
        let scale = Float(2 / elements)
        unsafe batch.samples.withUnsafeBufferPointer { samples in
            unsafe errors.withUnsafeMutableBufferPointer { errors in
                guard let base = samples.baseAddress, let errors = errors.baseAddress else { return }
                pool.forEach(used) { slot, worker in
                    let workspace = trainingWorkspaces[worker]
                    for shard in slot * shards / used..<(slot + 1) * shards / used {
                        let first = batch.starts.startIndex + shard * rows
                        let starts = batch.starts[first..<min(first + rows, batch.starts.endIndex)]
                        let pass = unsafe trainingPass(workspace, rows: starts.count)
                        unsafe pass.gather(base, starts: starts)
                        unsafe pass.forward(training: true, strips: projectsInputs)
                        unsafe pass.linear(from: 0)
                        unsafe pass.residuals(scale: scale)
                        unsafe (errors + shard * rows).update(from: workspace.errors.base, count: starts.count)
                        unsafe pass.backward(
                            into: slots[slot].base, overwrites: shard == slot * shards / used)
                    }
                }
            }
        }
        return (errors[0..<batch.count].reduce(0, +) / elements, used)
    }

    /// The pass over one workspace with the parameters as they are, in float.
    @unsafe
    func pass(_ workspace: EngineWorkspace, rows: Int) -> VectorPass {
        unsafe VectorPass(
            layout: layout, kernels: kernels, parameters: UnsafePointer(theta.base),
            derived: UnsafePointer(derived.base), weights: UnsafePointer(theta.base),
            transposed: UnsafePointer(derived.base), unit: 1, workspace: workspace, rows: rows, validRows: rows)
    }

    /// The same in the precision that training multiplies in.
    @unsafe
    private func trainingPass(_ workspace: EngineWorkspace, rows: Int) -> VectorPass {
        guard let short = unsafe shortKernels else { return unsafe pass(workspace, rows: rows) }
        return unsafe VectorPass(
            layout: layout, kernels: short, parameters: UnsafePointer(theta.base),
            derived: UnsafePointer(derived.base), weights: UnsafePointer(shortWeights.base),
            transposed: UnsafePointer(shortTransposed.base), unit: 2, workspace: workspace, rows: (rows + 1) & ~1,
            validRows: rows)
    }

    /// Most slots of a batch: as many threads can share it. Fewer for large networks, whose slots would need
    /// more than about 64 MiB; decided by the shape alone, for it decides the order of the sums.
    var slotLimit: Int { max(2, min(16, (16 << 20) / max(1, layout.count))) }

    private var chunkCount: Int { (layout.count + Self.parameterChunk - 1) / Self.parameterChunk }

    private func chunkRange(_ chunk: Int) -> (start: Int, count: Int) {
        let start = chunk * Self.parameterChunk
        return (start, min(Self.parameterChunk, layout.count - start))
    }

    private func addSlots(_ used: Int, _ start: Int, _ count: Int) {
        for slot in 1..<max(1, used) {
            unsafe kernels.add(slots[0].base + start, slots[slot].base + start, count)
        }
    }

    /// Adds the slots up into the first; returns the squared norm of the sum if it is wanted.
    private func sumSlots(_ used: Int, norm: Bool) -> Double {
        let chunks = chunkCount
        if norms.count < chunks { norms = [Double](repeating: 0, count: chunks) }
        unsafe norms.withUnsafeMutableBufferPointer { norms in
            pool.forEach(chunks) { chunk, _ in
                let (start, count) = chunkRange(chunk)
                addSlots(used, start, count)
                if norm { unsafe norms[chunk] = kernels.squaredNorm(slots[0].base + start, count) }
            }
        }
        return norm ? norms[0..<chunks].reduce(0, +) : 0
    }

    /// Stops a caller whose windows are not inside its samples.
    func check(_ batch: WindowBatch) {
        let rows = batch.samples.shape[0]
        precondition(
            batch.samples.shape[1] == shape.features,
            "samples of \(batch.samples.shape[1]) metrics for \(shape.features)")
        for start in batch.starts {
            precondition(
                start >= 0 && start <= rows - shape.window, "window \(start) is not inside \(rows) samples")
        }
    }
}
