import Glibc
import Numerics

extension OpenCLEngine {
    func trainStep(_ batch: WindowBatch, adam: AdamConfiguration) throws -> Double {
        try trainSteps(batch, size: batch.count, adam: adam)[0]
    }

    /// All steps are enqueued before the first result is waited for.
    func trainSteps(_ windows: WindowBatch, size: Int, adam: AdamConfiguration) throws -> [Double] {
        precondition(windows.count > 0 && size > 0, "the mean over no window is undefined")
        try send(windows)
        for first in stride(from: 0, to: windows.count, by: size) {
            let gradients = try accumulate(first: first, count: min(size, windows.count - first))
            try update(gradients, adam: adam)
            try queue.flush()
        }
        return try losses(windows.count, size: size)
    }

    func lossAndGradient(_ batch: WindowBatch) throws -> (loss: Double, gradient: Tensor<Float>) {
        precondition(batch.count > 0, "the mean over no window is undefined")
        try send(batch)
        let gradients = try accumulate(first: 0, count: batch.count)
        return (try losses(batch.count, size: batch.count)[0], try read(gradients.gradient))
    }

    /// The mean of the errors of each batch.
    private func losses(_ count: Int, size: Int) throws -> [Double] {
        var values = [Float](repeating: 0, count: count)
        try unsafe values.withUnsafeMutableBufferPointer { try unsafe queue.read(errors, into: $0) }
        return stride(from: 0, to: count, by: size).map { first in
            let part = values[first..<min(first + size, count)]
            return part.reduce(0.0) { $0 + Double($1) } / Double(part.count)
        }
    }

    /// The gradient of one batch, added up over its passes.
    private func accumulate(first: Int, count: Int) throws -> OpenCLGradients {
        let blocks = (count + rows - 1) / rows
        let workspace = try workspace(for: blocks)
        let gradients = try gradients(for: workspace.blocks)
        let passBlocks = min(blocks, blockLimit)
        let slots = min(slotLimit, passBlocks)
        let scale = Float(2 / (Double(count) * Double(shape.window) * Double(shape.features)))
        for start in stride(from: 0, to: count, by: passBlocks * rows) {
            let part = min(passBlocks * rows, count - start)
            try forward(workspace, first: first + start, count: part, training: true)
            try linear(workspace, from: 0, count: part)
            try residuals(workspace, first: first + start, count: part, scale: scale)
            try backward(workspace, gradients, count: part, slots: slots, adds: start > 0)
        }
        try queue.launch(
            .addSlots, groups: gradients.groups,
            [
                .buffer(gradients.partials), .buffer(gradients.gradient), .number(shape.parameterCount), .number(slots),
                .buffer(gradients.norms), .localBytes(2 * queue.groupItems * 4),
            ])
        return gradients
    }

    private func update(_ gradients: OpenCLGradients, adam: AdamConfiguration) throws {
        step += 1
        let correction1 = 1 - pow(Double(adam.beta1), Double(step))
        let correction2 = 1 - pow(Double(adam.beta2), Double(step))
        try queue.launch(
            .clipFactor, groups: 1,
            [
                .buffer(gradients.norms), .number(gradients.groups), .real(adam.clipNorm ?? 0),
                .buffer(gradients.factor), .localBytes(2 * queue.groupItems * 4),
            ])
        try queue.launch(
            .adam, items: [shape.parameterCount],
            [
                .buffer(theta), .buffer(transposed), .buffer(transposedPlaces), .buffer(firstMoment),
                .buffer(secondMoment), .buffer(gradients.gradient), .buffer(gradients.factor),
                .number(shape.parameterCount), .real(adam.beta1), .real(adam.beta2),
                .real(Float(Double(adam.learningRate) / correction1)), .real(Float(1 / correction2.squareRoot())),
                .real(adam.epsilon),
            ])
    }
}
