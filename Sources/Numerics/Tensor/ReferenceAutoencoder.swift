/// The LSTM autoencoder as its equations say, one window after the other: slow, clear, and the oracle that every
/// faster engine is held against.
///
/// Encoder stack → last hidden state (the latent) → repeated T times → decoder stack, mirrored → linear layer; the
/// loss is the mean squared error over B, T and F. Parameters are one flat vector in the order of
/// ``AutoencoderShape/parameters``; windows are `[B, T, F]`. In `Double` the gradients agree with finite differences
/// to about nine digits.
public struct ReferenceAutoencoder<Scalar: ElementaryScalar>: Sendable {
    /// The sizes, and with them the place of every parameter.
    public let shape: AutoencoderShape

    /// An autoencoder of the given sizes; it holds no parameters.
    public init(shape: AutoencoderShape) {
        self.shape = shape
    }

    /// The reconstruction of each window, `[B, T, F] → [B, T, F]`.
    ///
    /// - Precondition: `parameters` has P elements and `windows` the shape `[B, T, F]`.
    @inlinable
    public func reconstruct(parameters: Tensor<Scalar>, windows: Tensor<Scalar>) -> Tensor<Scalar> {
        check(parameters, windows)
        let network = Network(shape: shape, parameters: parameters.elements)
        let output = network.split(windows).flatMap { network.forward($0).output }
        return Tensor(output, shape: windows.shape)
    }

    /// The mean squared error of all windows and its gradient, `[P]`.
    ///
    /// - Precondition: as for ``reconstruct(parameters:windows:)``, and there is at least one window.
    @inlinable
    public func lossAndGradient(
        parameters: Tensor<Scalar>, windows: Tensor<Scalar>
    ) -> (loss: Double, gradient: Tensor<Scalar>) {
        check(parameters, windows)
        precondition(windows.count > 0, "the mean over no window is undefined")
        let network = Network(shape: shape, parameters: parameters.elements)
        var gradient = [Scalar](repeating: 0, count: shape.parameterCount)
        var squares = 0.0
        for window in network.split(windows) {
            let pass = network.forward(window)
            var outputGradient = [Scalar](repeating: 0, count: window.count)
            for element in window.indices {
                let residual = pass.output[element] - window[element]
                squares += Double(residual) * Double(residual)
                outputGradient[element] = 2 * residual / Scalar(windows.count)
            }
            network.backward(outputGradient, pass: pass, gradient: &gradient)
        }
        return (squares / Double(windows.count), Tensor(gradient, shape: [gradient.count]))
    }

    /// The mean squared error of each window, `[B, T, F] → [B]`, summed in double precision.
    ///
    /// - Precondition: as for ``reconstruct(parameters:windows:)``.
    @inlinable
    public func windowErrors(parameters: Tensor<Scalar>, windows: Tensor<Scalar>) -> Tensor<Scalar> {
        let output = reconstruct(parameters: parameters, windows: windows).elements
        let input = windows.elements
        let size = shape.window * shape.features
        let errors = (0..<windows.shape[0]).map { window in
            var squares = 0.0
            for element in window * size..<(window + 1) * size {
                let residual = Double(output[element]) - Double(input[element])
                squares += residual * residual
            }
            return Scalar(squares / Double(size))
        }
        return Tensor(errors, shape: [errors.count])
    }

    /// Reconstruction minus input at the last position of each window, `[B, T, F] → [B, F]`.
    ///
    /// - Precondition: as for ``reconstruct(parameters:windows:)``.
    @inlinable
    public func lastResiduals(parameters: Tensor<Scalar>, windows: Tensor<Scalar>) -> Tensor<Scalar> {
        let output = reconstruct(parameters: parameters, windows: windows).elements
        let input = windows.elements
        let (steps, features, count) = (shape.window, shape.features, windows.shape[0])
        let residuals = (0..<count * features).map { index in
            let element = (index / features * steps + steps - 1) * features + index % features
            return output[element] - input[element]
        }
        return Tensor(residuals, shape: [count, features])
    }

    @usableFromInline
    func check(_ parameters: Tensor<Scalar>, _ windows: Tensor<Scalar>) {
        precondition(
            parameters.count == shape.parameterCount,
            "\(parameters.count) parameters for a shape with \(shape.parameterCount)")
        precondition(
            windows.shape.count == 3 && windows.shape[1] == shape.window && windows.shape[2] == shape.features,
            "windows of shape \(windows.shape) for [B, \(shape.window), \(shape.features)]")
    }
}
