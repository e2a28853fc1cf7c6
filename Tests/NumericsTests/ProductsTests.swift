import Numerics
import Testing

@Suite struct ProductsTests {
    /// Products of odd sizes, plain and transposed, against three nested loops.
    @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 1, 33), (40, 64, 31), (2, 100, 2)])
    func agreesWithLoops(_ rows: Int, _ inner: Int, _ columns: Int) {
        let a = random([rows, inner], 1)
        let b = random([inner, columns], 2)
        let expected = loops(a, b)
        #expect(distance(product(a, b), expected) < 1e-12)
        #expect(distance(product(transpose(a), b, transposingFirst: true), expected) < 1e-12)
        #expect(distance(product(a, transpose(b), transposingSecond: true), expected) < 1e-12)
        #expect(
            distance(product(transpose(a), transpose(b), transposingFirst: true, transposingSecond: true), expected)
                < 1e-12)
        let single = product(
            Tensor<Float>(a.elements.map(Float.init), shape: a.shape),
            Tensor<Float>(b.elements.map(Float.init), shape: b.shape))
        #expect(zip(single.elements, expected.elements).allSatisfy { abs(Double($0) - $1) < 1e-4 })
    }

    @Test func viewsReachIntoLargerMatrices() {
        let a = random([4, 6], 3)
        var c = Tensor<Double>(repeating: 1, shape: [3, 5])
        a.withUnsafeBufferPointer { source in
            c.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                let left = MatrixView(from, rows: 2, columns: 3, rowStride: 6)
                let right = MatrixView(from + 6, rows: 3, columns: 2, rowStride: 6)
                multiply(left, right, into: MutableMatrixView(to, rows: 2, columns: 2, rowStride: 5), alpha: 2, beta: 3)
            }
        }
        for row in 0..<2 {
            for column in 0..<2 {
                let sum = (0..<3).reduce(0.0) { $0 + a[row, $1] * a[$1 + 1, column] }
                #expect(abs(c[row, column] - (2 * sum + 3)) < 1e-12)
            }
        }
        #expect(c[0, 2] == 1 && c[2, 0] == 1)
    }

    @Test func gramMatrixIsTheSymmetricProduct() {
        let a = random([23, 9], 4)
        let gram = gramMatrix(a)
        #expect(distance(gram, loops(transpose(a), a)) < 1e-12)
        #expect(gram == transpose(gram))
        #expect(gramMatrix(Tensor<Double>(shape: [0, 2])) == Tensor<Double>(shape: [2, 2]))
    }

    @Test func emptyProducts() {
        #expect(product(Tensor<Double>(shape: [2, 0]), Tensor<Double>(shape: [0, 3])) == Tensor(shape: [2, 3]))
        #expect(product(Tensor<Double>(shape: [0, 2]), Tensor<Double>(shape: [2, 3])).count == 0)
    }

    @Test func libraryComputesOnItsCallersThread() {
        #expect(BLASThreads.count == 1)
        #expect(BLASThreads.libraryDescription.contains("OpenBLAS"))
    }
}

/// Uniform numbers in [-1, 1).
func random(_ shape: [Int], _ index: Int) -> Tensor<Double> {
    var generator = CounterBasedGenerator(seed: 7, purpose: "linear algebra tests", index)
    return Tensor((0..<shape.reduce(1, *)).map { _ in 2 * generator.uniform() - 1 }, shape: shape)
}

func loops(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Tensor<Double> {
    var result = Tensor<Double>(shape: [a.shape[0], b.shape[1]])
    for row in 0..<a.shape[0] {
        for column in 0..<b.shape[1] {
            result[row, column] = (0..<a.shape[1]).reduce(0) { $0 + a[row, $1] * b[$1, column] }
        }
    }
    return result
}

/// The largest difference of two tensors of one shape; infinite when the shapes differ.
func distance(_ a: Tensor<Double>, _ b: Tensor<Double>) -> Double {
    guard a.shape == b.shape else { return .infinity }
    return zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
