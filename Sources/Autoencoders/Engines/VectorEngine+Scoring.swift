import CVectorKernels
import Numerics

extension VectorEngine {
    func reconstruct(_ batch: WindowBatch) throws -> Tensor<Float> {
        let (steps, features) = (shape.window, shape.features)
        var result = Tensor<Float>(shape: [batch.count, steps, features])
        let stride = layout.outputWidth
        try unsafe score(batch, into: &result) { pass, target, first in
            unsafe pass.linear(from: 0)
            let (rows, output) = unsafe (pass.rows, pass.workspace.output)
            for row in 0..<rows {
                for t in 0..<steps {
                    let source = unsafe output + (t * rows + row) * stride
                    unsafe (target + ((first + row) * steps + t) * features).update(from: source, count: features)
                }
            }
        }
        return result
    }

    func windowErrors(_ batch: WindowBatch) throws -> Tensor<Float> {
        var result = Tensor<Float>(shape: [batch.count])
        let elements = Double(shape.window) * Double(shape.features)
        try unsafe score(batch, into: &result) { pass, target, first in
            unsafe pass.linear(from: 0)
            unsafe pass.residuals(scale: 1)
            for row in 0..<(unsafe pass.rows) {
                unsafe target[first + row] = Float(pass.workspace.errors.base[row] / elements)
            }
        }
        return result
    }

    func lastResiduals(_ batch: WindowBatch) throws -> Tensor<Float> {
        let features = shape.features
        var result = Tensor<Float>(shape: [batch.count, features])
        let (stride, last) = (layout.outputWidth, shape.window - 1)
        try unsafe score(batch, into: &result, from: last) { pass, target, first in
            unsafe pass.linear(from: last)
            let rows = unsafe pass.rows
            let place = last * rows * stride
            let (output, input) = unsafe (pass.workspace.output + place, pass.workspace.input + place)
            for row in 0..<rows {
                for feature in 0..<features {
                    unsafe target[(first + row) * features + feature] =
                        output[row * stride + feature] - input[row * stride + feature]
                }
            }
        }
        return result
    }

    /// Runs the layers over all windows, shard by shard; `finish(pass, target, firstWindow)` writes a shard's part and
    /// may look at the input of the steps from `first` on.
    private func score(
        _ batch: WindowBatch, into result: inout Tensor<Float>, from first: Int = 0,
        _ finish: (VectorPass, UnsafeMutablePointer<Float>, Int) -> Void
    ) throws {
        check(batch)
        guard batch.count > 0 else { return }
        let rows = Self.shardRows
        let shards = (batch.count + rows - 1) / rows
        let workspaceRows = min(rows, batch.count)
        if scoringWorkspaces.contains(where: { $0.rows < workspaceRows }) { scoringWorkspaces = [] }
        while scoringWorkspaces.count < min(pool.count, shards) {
            scoringWorkspaces.append(try EngineWorkspace(layout: layout, rows: workspaceRows, training: false))
        }
        unsafe batch.samples.withUnsafeBufferPointer { samples in
            unsafe result.withUnsafeMutableBufferPointer { result in
                guard let base = samples.baseAddress, let target = result.baseAddress else { return }
                pool.forEach(shards) { shard, worker in
                    let place = batch.starts.startIndex + shard * rows
                    let starts = batch.starts[place..<min(place + rows, batch.starts.endIndex)]
                    let pass = unsafe self.pass(scoringWorkspaces[worker], rows: starts.count)
                    // A stream's windows follow each other: each sample is in T of them.
                    if projectsInputs, zip(starts, starts.dropFirst()).allSatisfy({ $1 == $0 + 1 }) {
                        unsafe pass.gather(base, starts: starts, from: first)
                        unsafe pass.forward(training: false, run: base + starts[place] * shape.features)
                    } else {
                        unsafe pass.gather(base, starts: starts)
                        unsafe pass.forward(training: false, strips: projectsInputs)
                    }
                    unsafe finish(pass, target, shard * rows)
                }
            }
        }
    }
}
