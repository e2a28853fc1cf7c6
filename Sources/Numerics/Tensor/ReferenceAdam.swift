/// Adam with clipping of the gradient's norm, element by element: the oracle for fused optimisers.
///
/// ```
/// g ← g · min(1, clip / (‖g‖ + 1e-6))                 only with a clipping norm, as PyTorch's clip_grad_norm_
/// m ← β₁ m + (1 − β₁) g         v ← β₂ v + (1 − β₂) g²
/// θ ← θ − α / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
/// ```
/// Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1; ε outside the root of
/// the bias-corrected second moment, as there and in PyTorch.
public struct ReferenceAdam<Scalar: ElementaryScalar>: Sendable {
    /// α: step size.
    public var learningRate: Double
    /// β₁: decay of the first moment.
    public var beta1: Double
    /// β₂: decay of the second moment.
    public var beta2: Double
    /// ε: keeps the divisor away from zero.
    public var epsilon: Double
    /// Largest Euclidean norm of the whole gradient; `nil`: no clipping.
    public var clipNorm: Double?
    /// t: steps taken.
    public var stepCount = 0
    /// m, `[P]`.
    public var firstMoment: Tensor<Scalar>
    /// v, `[P]`.
    public var secondMoment: Tensor<Scalar>

    /// The state before the first step.
    public init(
        parameterCount: Int, learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, clipNorm: Double? = nil
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.clipNorm = clipNorm
        firstMoment = Tensor(shape: [parameterCount])
        secondMoment = Tensor(shape: [parameterCount])
    }

    /// The factor that brings a gradient down to the clipping norm; 1 for a shorter one. The norm is summed in double
    /// precision.
    @inlinable
    public static func clippingFactor(of gradient: Tensor<Scalar>, norm: Double?) -> Double {
        guard let norm else { return 1 }
        let length = gradient.elements.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return min(1, norm / (length + 1e-6))
    }

    /// Moves `parameters` one step along `gradient`, both `[P]`.
    ///
    /// - Precondition: both have the size that the state was made for.
    @inlinable
    public mutating func step(_ parameters: inout Tensor<Scalar>, gradient: Tensor<Scalar>) {
        precondition(
            parameters.count == firstMoment.count && gradient.count == firstMoment.count,
            "parameters, gradient and optimiser state differ in size")
        stepCount += 1
        let factor = Scalar(Self.clippingFactor(of: gradient, norm: clipNorm))
        let (b1, b2) = (Scalar(beta1), Scalar(beta2))
        let stepSize = Scalar(learningRate / (1 - raise(beta1, to: stepCount)))
        let rootCorrection = Scalar((1 - raise(beta2, to: stepCount)).squareRoot())
        let g = gradient.elements
        unsafe firstMoment.withUnsafeMutableBufferPointer { m in
            unsafe secondMoment.withUnsafeMutableBufferPointer { v in
                unsafe parameters.withUnsafeMutableBufferPointer { theta in
                    for index in g.indices {
                        let d = g[index] * factor
                        unsafe m[index] = b1 * m[index] + (1 - b1) * d
                        unsafe v[index] = b2 * v[index] + (1 - b2) * d * d
                        unsafe theta[index] -=
                            stepSize * m[index] / (v[index].squareRoot() / rootCorrection + Scalar(epsilon))
                    }
                }
            }
        }
    }
}
