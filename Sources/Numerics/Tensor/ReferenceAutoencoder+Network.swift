extension ReferenceAutoencoder {
    /// The layers with one set of parameters; works on one window at a time.
    @usableFromInline
    struct Network {
        @usableFromInline let shape: AutoencoderShape
        @usableFromInline let parameters: [Scalar]
        @usableFromInline let layers: [ReferenceLSTM<Scalar>]
        /// Where the linear layer's weights and biases begin.
        @usableFromInline let outputWeight: Int
        @usableFromInline let outputBias: Int

        @inlinable
        init(shape: AutoencoderShape, parameters: [Scalar]) {
            self.shape = shape
            self.parameters = parameters
            let places = shape.parameters
            layers = shape.layers.enumerated().map { index, layer in
                ReferenceLSTM(layer: layer, parameters: places[4 * index..<4 * index + 4])
            }
            outputWeight = places[places.count - 2].offset
            outputBias = places[places.count - 1].offset
        }

        /// Number of layers of the encoder, and of the decoder.
        @inlinable var depth: Int { shape.hidden.count }

        /// The windows of a batch, each `[T, F]`.
        @inlinable
        func split(_ windows: Tensor<Scalar>) -> [[Scalar]] {
            let elements = windows.elements
            let size = shape.window * shape.features
            return (0..<windows.shape[0]).map { Array(elements[$0 * size..<($0 + 1) * size]) }
        }

        /// What one forward pass leaves behind.
        @usableFromInline
        struct Pass {
            @usableFromInline var traces: [ReferenceLSTM<Scalar>.Trace]
            /// The reconstruction, `[T, F]`.
            @usableFromInline var output: [Scalar]

            @inlinable
            init(traces: [ReferenceLSTM<Scalar>.Trace], output: [Scalar]) {
                self.traces = traces
                self.output = output
            }
        }

        @inlinable
        func forward(_ window: [Scalar]) -> Pass {
            let (steps, features, width) = (shape.window, shape.features, shape.hidden[0])
            var sequence = window
            var traces: [ReferenceLSTM<Scalar>.Trace] = []
            for (index, layer) in layers.enumerated() {
                if index == depth {
                    let latent = Array(sequence.suffix(shape.hidden[depth - 1]))
                    sequence = (0..<steps).flatMap { _ in latent }
                }
                let trace = layer.forward(sequence, steps: steps, parameters: parameters)
                sequence = trace.hidden
                traces.append(trace)
            }
            var output = [Scalar](repeating: 0, count: steps * features)
            for t in 0..<steps {
                for feature in 0..<features {
                    var sum = parameters[outputBias + feature]
                    for k in 0..<width {
                        sum += parameters[outputWeight + feature * width + k] * sequence[t * width + k]
                    }
                    output[t * features + feature] = sum
                }
            }
            return Pass(traces: traces, output: output)
        }

        /// Adds the parameters' gradient of one window to `gradient`, given ∂L/∂output, `[T, F]`.
        @inlinable
        func backward(_ outputGradient: [Scalar], pass: Pass, gradient: inout [Scalar]) {
            let (steps, features, width) = (shape.window, shape.features, shape.hidden[0])
            let top = pass.traces[pass.traces.count - 1].hidden
            var carried = [Scalar](repeating: 0, count: steps * width)
            for t in 0..<steps {
                for feature in 0..<features {
                    let d = outputGradient[t * features + feature]
                    gradient[outputBias + feature] += d
                    for k in 0..<width {
                        gradient[outputWeight + feature * width + k] += d * top[t * width + k]
                        carried[t * width + k] += d * parameters[outputWeight + feature * width + k]
                    }
                }
            }
            for index in layers.indices.reversed() {
                carried = layers[index].backward(
                    carried, trace: pass.traces[index], steps: steps, parameters: parameters, gradient: &gradient)
                if index == depth { carried = gradientOfLatent(carried) }
            }
        }

        /// The latent was repeated T times, so its gradients add up; of the encoder's last layer only the last step
        /// was used, so all others have none. `[T, L] → [T, L]`.
        @inlinable
        func gradientOfLatent(_ repeated: [Scalar]) -> [Scalar] {
            let (steps, latent) = (shape.window, shape.hidden[depth - 1])
            var result = [Scalar](repeating: 0, count: steps * latent)
            for t in 0..<steps {
                for unit in 0..<latent { result[(steps - 1) * latent + unit] += repeated[t * latent + unit] }
            }
            return result
        }
    }
}
