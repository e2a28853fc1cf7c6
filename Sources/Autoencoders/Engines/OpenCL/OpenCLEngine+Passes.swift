import Numerics

extension OpenCLEngine {
    /// A matrix of vectors: `[block][step]`, each `width` long.
    private struct Operand {
        var buffer: OpenCLBuffer
        var offset = 0
        var block: Int
        var step: Int

        var arguments: [OpenCLQueue.Argument] { [.buffer(buffer), .number(offset), .number(block), .number(step)] }
    }

    private var depth: Int { shape.hidden.count }
    private var steps: Int { shape.window }

    private func blocks(_ count: Int) -> Int { (count + rows - 1) / rows }

    /// `c = a · b + biases` for each step of each block.
    private func product(
        _ a: Operand, _ weights: OpenCLBuffer, at offset: Int, inner: Int, columns: Int, biases: (Int, Int) = (-1, -1),
        into c: Operand, steps: Int, blocks: Int
    ) throws {
        let tile = 4
        try queue.launch(
            .product, items: [columns, (blocks * steps + tile - 1) / tile],
            a.arguments + [.buffer(weights), .number(offset), .buffer(theta), .number(biases.0), .number(biases.1)]
                + c.arguments
                + [.number(steps), .number(blocks * steps), .number(inner), .number(columns)])
    }

    /// What a layer reads: the windows, or the hidden states below; the latent is one step for all.
    private func input(of index: Int, _ workspace: OpenCLWorkspace) -> Operand {
        let width = places.layers[index].inputs
        if index == 0 { return Operand(buffer: workspace.input, block: steps * width, step: width) }
        let below = workspace.layers[index - 1].hidden
        let block = (steps + 1) * width
        return index == depth
            ? Operand(buffer: below, offset: steps * width, block: block, step: 0)
            : Operand(buffer: below, offset: width, block: block, step: width)
    }

    /// The state of a layer in bytes of local memory, where it lies there.
    private func state(_ vectors: Int) -> [OpenCLQueue.Argument] {
        usesLocalState ? [.localBytes(vectors * rows * 4)] : []
    }

    /// Runs the layers over the windows `first ..< first + count` of the call.
    func forward(_ workspace: OpenCLWorkspace, first: Int, count: Int, training: Bool) throws {
        let (steps, blocks) = (self.steps, blocks(count))
        let elements = steps * shape.features
        try queue.launch(
            .gatherWindows, items: [elements, blocks],
            [
                .buffer(samples), .buffer(starts), .buffer(workspace.input), .number(first), .number(count),
                .number(shape.features), .number(elements),
            ])
        for (index, layer) in places.layers.enumerated() {
            let memory = workspace.layers[index]
            let gates = 4 * layer.units
            // The latent is the same at every step: it is projected once.
            let isLatent = index == depth
            let projection =
                isLatent
                ? Operand(buffer: workspace.latent, block: gates, step: 0)
                : Operand(buffer: memory.gates, block: steps * gates, step: gates)
            try product(
                input(of: index, workspace), transposed, at: layer.weightsX, inner: layer.inputs, columns: gates,
                biases: (layer.biasX, layer.biasH), into: projection, steps: isLatent ? 1 : steps, blocks: blocks)
            try queue.launch(
                .layerForward, groups: blocks,
                [
                    .buffer(projection.buffer), .number(projection.block), .number(projection.step),
                    .buffer(transposed),
                    .number(layer.weightsH), .buffer(memory.gates), .buffer(memory.cells), .buffer(memory.hidden),
                ] + state(layer.units) + [.number(layer.units), .number(steps), .number(training ? 1 : 0)])
        }
    }

    /// The linear layer for the steps from `first` on, to the same steps of the output.
    func linear(_ workspace: OpenCLWorkspace, from first: Int, count: Int) throws {
        let (width, features) = (shape.hidden[0], shape.features)
        let top = workspace.layers[workspace.layers.count - 1].hidden
        try product(
            Operand(buffer: top, offset: (first + 1) * width, block: (steps + 1) * width, step: width), transposed,
            at: places.outputWeights, inner: width, columns: features, biases: (places.outputBias, -1),
            into: Operand(
                buffer: workspace.output, offset: first * features, block: steps * features, step: features),
            steps: steps - first, blocks: blocks(count))
    }

    /// Turns the output into `scale · (output − input)` and writes the mean square of each window before that.
    func residuals(_ workspace: OpenCLWorkspace, first: Int, count: Int, scale: Float) throws {
        try queue.launch(
            .residuals, groups: blocks(count),
            [
                .buffer(workspace.output), .buffer(workspace.input), .buffer(errors), .number(first), .number(count),
                .number(steps * shape.features), .real(scale), .localBytes(queue.groupItems * rows * 4),
            ])
    }

    /// Gradients of the weights from the output's gradient, into the slots; added to what is there if `adds`.
    func backward(
        _ workspace: OpenCLWorkspace, _ gradients: OpenCLGradients, count: Int, slots: Int, adds: Bool
    ) throws {
        let (steps, blocks, features) = (self.steps, blocks(count), shape.features)
        func weightGradient(
            _ z: OpenCLBuffer, width: Int, x: Operand, inputs: Int, h: OpenCLBuffer, units: Int, places: [Int]
        ) throws {
            try queue.launch(
                .weightGradient, items: [inputs + units + 1, (width + 3) / 4, slots],
                [.buffer(z), .number(width)] + x.arguments
                    + [.number(inputs), .buffer(h), .number((steps + 1) * units), .number(units), .buffer(ones)]
                    + [.buffer(gradients.partials), .number(shape.parameterCount)] + places.map { .number($0) }
                    + [.number(blocks), .number(slots), .number(steps), .number(adds ? 1 : 0)])
        }
        let width = shape.hidden[0]
        let top = workspace.layers[workspace.layers.count - 1].hidden
        try weightGradient(
            workspace.output, width: features,
            x: Operand(buffer: top, offset: width, block: (steps + 1) * width, step: width), inputs: width, h: top,
            units: 0, places: [places.outputWeights, 0, places.outputBias, -1])
        try product(
            Operand(buffer: workspace.output, block: steps * features, step: features), theta, at: places.outputWeights,
            inner: features, columns: width,
            into: Operand(buffer: gradients.above, block: steps * width, step: width), steps: steps, blocks: blocks)
        for (index, layer) in places.layers.enumerated().reversed() {
            let memory = workspace.layers[index]
            let gates = 4 * layer.units
            try queue.launch(
                .layerBackward, groups: blocks,
                [
                    .buffer(gradients.above), .number(index == depth - 1 ? 1 : 0), .buffer(memory.gates),
                    .buffer(memory.cells), .buffer(theta), .number(layer.weightsH), .buffer(gradients.carriedHidden),
                    .buffer(gradients.carriedCell),
                ] + state(gates) + [.number(layer.units), .number(steps)])
            try weightGradient(
                memory.gates, width: gates, x: input(of: index, workspace), inputs: layer.inputs, h: memory.hidden,
                units: layer.units, places: [layer.weightsX, layer.weightsH, layer.biasX, layer.biasH])
            if index == 0 { break }
            if index == depth {
                // Of the encoder's last layer only the last step was used, at every step.
                try queue.launch(
                    .sumSteps, items: [gates, blocks],
                    [.buffer(memory.gates), .buffer(gradients.latent), .number(gates), .number(steps)])
                try product(
                    Operand(buffer: gradients.latent, block: gates, step: 0), theta, at: layer.weightsX, inner: gates,
                    columns: layer.inputs, into: Operand(buffer: gradients.below, block: layer.inputs, step: 0),
                    steps: 1, blocks: blocks)
            } else {
                try product(
                    Operand(buffer: memory.gates, block: steps * gates, step: gates), theta, at: layer.weightsX,
                    inner: gates, columns: layer.inputs,
                    into: Operand(buffer: gradients.below, block: steps * layer.inputs, step: layer.inputs),
                    steps: steps, blocks: blocks)
            }
            gradients.descend()
        }
    }
}
