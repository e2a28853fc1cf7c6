import Glibc
internal import Numerics

/// What is usual of each metric at a time of day: the harmonics of 24 hours that its normal samples follow. Load that
/// people make comes and goes with the day; what is ordinary at noon may be odd at four in the morning.
package struct DailyRhythm: Codable, Sendable {
    /// What each harmonic adds to each metric, in its own units, `[2·K × F]`, row-major; sine before cosine.
    package let amplitudes: [Double]

    /// K: the shortest wave is three hours long.
    package static let harmonics = 8
    /// The training part spans at least so many days: fewer do not tell a rhythm from a course of events.
    package static let leastDays = 3.0
    /// A rhythm is not learned from samples of a part of the day only: the mean of the unit vectors that point at their
    /// times of day is at most so long (.25: all but five hours).
    static let mostUneven = 0.25
    /// Columns that ``write(at:to:)`` fills, and the constant.
    static let columns = 2 * harmonics + 1
    private static let day = 86_400.0

    /// Sine and cosine of each harmonic at a time.
    ///
    /// - Parameters:
    ///   - time: seconds.
    ///   - waves: `[2·K]`.
    @inline(__always)
    static func write(at time: Double, to waves: inout [Double]) {
        let angle = 2 * Double.pi * (time / day - (time / day).rounded(.down))
        let (first, second) = (sin(angle), cos(angle))
        var (sine, cosine) = (first, second)
        for harmonic in 0..<harmonics {
            waves[2 * harmonic] = sine
            waves[2 * harmonic + 1] = cosine
            (sine, cosine) = (sine * second + cosine * first, cosine * second - sine * first)
        }
    }

    /// The least squares that mean products give, each wave shrunk as if by one more day without any.
    ///
    /// - Parameters:
    ///   - products: mean products of n scaled metrics, the waves and the constant, in this order.
    ///   - spread: what a scaled unit is in each of the n metrics' own.
    ///   - days: that the training part spans.
    /// - Returns: `[2·K × n]`; `nil` where the samples do not cover the day.
    /// - Throws: ``DetectionError`` (`invalidData`) when they cannot be solved.
    static func amplitudes(
        _ products: Tensor<Double>, spread: [Double], days: Double
    ) throws(DetectionError) -> [Double]? {
        let count = spread.count
        let constant = count + columns - 1
        let (sine, cosine) = (products[constant, count], products[constant, count + 1])
        guard (sine * sine + cosine * cosine).squareRoot() <= mostUneven else { return nil }
        var system = Tensor<Double>(shape: [columns, columns])
        var targets = Tensor<Double>(shape: [columns, count])
        for row in 0..<columns {
            for column in 0..<columns { system[row, column] = products[count + row, count + column] }
            // A wave's mean square is one half.
            system[row, row] += row < columns - 1 ? 0.5 / days : 1e-9
            for metric in 0..<count { targets[row, metric] = products[count + row, metric] }
        }
        let solution: Tensor<Double>
        do { solution = try solvePositiveDefinite(system, targets) } catch {
            throw DetectionError(.invalidData, "fitting a daily rhythm", "\(error)")
        }
        var result: [Double] = []
        result.reserveCapacity((columns - 1) * count)
        for row in 0..<columns - 1 {
            for metric in 0..<count { result.append(solution[row, metric] * spread[metric]) }
        }
        return result
    }

    /// Takes off each value what is usual at the time.
    func remove(_ waves: [Double], from values: inout [Double]) {
        let width = values.count
        amplitudes.withUnsafeBufferPointer { amplitudes in
            values.withUnsafeMutableBufferPointer { values in
                for (wave, size) in waves.enumerated() {
                    let base = wave * width
                    for metric in 0..<width { values[metric] -= size * amplitudes[base + metric] }
                }
            }
        }
    }
}
