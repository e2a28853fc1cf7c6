import Numerics

extension OpenCLEngine {
    func windowErrors(_ batch: WindowBatch) throws -> Tensor<Float> {
        var result = Tensor<Float>(shape: [batch.count])
        try score(batch) { workspace, first, count in
            try linear(workspace, from: 0, count: count)
            try residuals(workspace, first: first, count: count, scale: 1)
        }
        guard batch.count > 0 else { return result }
        try unsafe result.withUnsafeMutableBufferPointer { try unsafe queue.read(errors, into: $0) }
        return result
    }

    func reconstruct(_ batch: WindowBatch) throws -> Tensor<Float> {
        let values = try spread(batch, from: 0, minus: false)
        return Tensor(values, shape: [batch.count, shape.window, shape.features])
    }

    func lastResiduals(_ batch: WindowBatch) throws -> Tensor<Float> {
        let values = try spread(batch, from: shape.window - 1, minus: true)
        return Tensor(values, shape: [batch.count, shape.features])
    }

    /// The output of the steps from `first` on, one window after the other; minus the input if asked for.
    private func spread(_ batch: WindowBatch, from first: Int, minus: Bool) throws -> [Float] {
        let elements = shape.window * shape.features
        let skipped = first * shape.features
        var values: [Float] = []
        values.reserveCapacity(batch.count * (elements - skipped))
        try score(batch) { workspace, _, count in
            try linear(workspace, from: first, count: count)
            try queue.launch(
                .spreadWindows, items: [elements - skipped, (count + rows - 1) / rows],
                [
                    .buffer(workspace.output), .buffer(workspace.input), .number(minus ? 1 : 0),
                    .buffer(workspace.result), .number(0), .number(count), .number(skipped), .number(elements),
                ])
            var part = [Float](repeating: 0, count: count * (elements - skipped))
            try unsafe part.withUnsafeMutableBufferPointer { try unsafe queue.read(workspace.result, into: $0) }
            values += part
        }
        return values
    }

    /// Runs the layers over all windows, pass by pass; `finish(workspace, firstWindow, count)` does the rest of a pass.
    private func score(_ batch: WindowBatch, _ finish: (OpenCLWorkspace, Int, Int) throws -> Void) throws {
        guard batch.count > 0 else { return }
        try send(batch)
        let workspace = try workspace(for: (batch.count + rows - 1) / rows)
        let windows = workspace.blocks * rows
        for first in stride(from: 0, to: batch.count, by: windows) {
            let count = min(windows, batch.count - first)
            try forward(workspace, first: first, count: count, training: false)
            try finish(workspace, first, count)
        }
    }
}
