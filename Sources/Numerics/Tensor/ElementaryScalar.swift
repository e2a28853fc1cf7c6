import Glibc

/// A floating-point type with the elementary functions that the reference kernels need, each as the C library rounds
/// it.
public protocol ElementaryScalar: BinaryFloatingPoint, Sendable {
    /// e to the power of `x`.
    static func exponential(_ x: Self) -> Self
    /// The hyperbolic tangent of `x`.
    static func hyperbolicTangent(_ x: Self) -> Self
}

extension ElementaryScalar {
    /// The logistic function 1 / (1 + e⁻ˣ). Saturates without overflow: e⁻ˣ may be infinite, its reciprocal is 0.
    @inlinable
    public static func sigmoid(_ x: Self) -> Self { 1 / (1 + exponential(-x)) }
}

extension Float: ElementaryScalar {
    /// e to the power of `x`.
    public static func exponential(_ x: Float) -> Float { expf(x) }
    /// The hyperbolic tangent of `x`.
    public static func hyperbolicTangent(_ x: Float) -> Float { tanhf(x) }
}

extension Double: ElementaryScalar {
    /// e to the power of `x`.
    public static func exponential(_ x: Double) -> Double { exp(x) }
    /// The hyperbolic tangent of `x`.
    public static func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
}
