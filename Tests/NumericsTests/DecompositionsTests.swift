import Numerics
import Testing

@Suite struct DecompositionsTests {
    @Test(arguments: [1, 2, 7, 40])
    func eigenvectorsRebuildTheMatrix(_ extent: Int) throws {
        let matrix = gramMatrix(random([extent + 3, extent], extent))
        let eigen = try symmetricEigen(matrix)
        #expect(eigen.values.elements == eigen.values.elements.sorted(by: >))
        var scaled = eigen.vectors
        for row in 0..<extent {
            for column in 0..<extent { scaled[row, column] *= eigen.values[row] }
        }
        #expect(distance(loops(transpose(eigen.vectors), scaled), matrix) < 1e-11)
        #expect(distance(loops(eigen.vectors, transpose(eigen.vectors)), identity(extent)) < 1e-12)
    }

    @Test func eigenvaluesOfAKnownMatrix() throws {
        let eigen = try symmetricEigen(Tensor([2, 1, 1, 2], shape: [2, 2]))
        #expect(distance(eigen.values, Tensor([3, 1], shape: [2])) < 1e-14)
        #expect(eigen.vectors[0, 0] > 0 && eigen.vectors[0, 1] > 0)
    }

    @Test(arguments: [(5, 3), (3, 5), (1, 4), (4, 1), (20, 20)])
    func singularVectorsRebuildTheMatrix(_ rows: Int, _ columns: Int) throws {
        let matrix = random([rows, columns], rows)
        let result = try singularValues(matrix)
        let rank = min(rows, columns)
        #expect(result.values.elements == result.values.elements.sorted(by: >))
        var scaled = result.right
        for row in 0..<rank {
            for column in 0..<columns { scaled[row, column] *= result.values[row] }
        }
        #expect(distance(loops(transpose(result.left), scaled), matrix) < 1e-12)
        #expect(distance(loops(result.left, transpose(result.left)), identity(rank)) < 1e-12)
    }

    @Test(arguments: [1, 2, 9, 33])
    func choleskyAndSolutions(_ extent: Int) throws {
        var matrix = gramMatrix(random([extent + 5, extent], 50 + extent))
        for index in 0..<extent { matrix[index, index] += 0.5 }
        let factor = try choleskyFactor(matrix)
        #expect(distance(loops(factor, transpose(factor)), matrix) < 1e-12)
        let right = random([extent, 3], 90)
        #expect(distance(loops(matrix, try solvePositiveDefinite(matrix, right)), right) < 1e-10)
        let general = random([extent, extent], 91)
        #expect(distance(loops(general, try solve(general, right)), right) < 1e-9)
    }

    @Test func failuresAreNamed() {
        let singular = Tensor<Double>([1, 2, 2, 4], shape: [2, 2])
        let one = Tensor<Double>(repeating: 1, shape: [2, 1])
        #expect(code { _ = try solve(singular, one) } == .singular)
        #expect(code { _ = try choleskyFactor(Tensor([1, 2, 2, 1], shape: [2, 2])) } == .notPositiveDefinite)
        #expect(
            code { _ = try solvePositiveDefinite(Tensor([1, 2, 2, 1], shape: [2, 2]), one) } == .notPositiveDefinite)
        for value in [Double.nan, .infinity] {
            let broken = Tensor<Double>([1, value, value, 1], shape: [2, 2])
            #expect(code { _ = try symmetricEigen(broken) } == .notFinite)
            #expect(code { _ = try singularValues(broken) } == .notFinite)
            #expect(code { _ = try choleskyFactor(broken) } == .notFinite)
            #expect(code { _ = try solve(broken, one) } == .notFinite)
            #expect(code { _ = try solve(singular, Tensor([1, value], shape: [2, 1])) } == .notFinite)
        }
    }

    private func code(_ body: () throws -> Void) -> LinearAlgebraError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? LinearAlgebraError)?.code }
    }

    private func identity(_ extent: Int) -> Tensor<Double> {
        var result = Tensor<Double>(shape: [extent, extent])
        for index in 0..<extent { result[index, index] = 1 }
        return result
    }
}
