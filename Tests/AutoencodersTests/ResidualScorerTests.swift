import Autoencoders
import Numerics
import Testing

@Suite struct ResidualScorerTests {
    /// The oracle, and the CPU engine at every level that this CPU has.
    static let backends: [String] =
        ["reference"] + VectorBackend.Level.allCases.filter { $0 <= .best }.map { "\($0)" }

    private func backend(_ name: String) throws -> any AcceleratorBackend {
        guard let level = VectorBackend.Level.allCases.first(where: { "\($0)" == name }) else {
            return ReferenceBackend()
        }
        return try VectorBackend(threads: 2, level: level)
    }

    private func scorer(_ name: String = "\(VectorBackend.Level.best)", features: Int = 5, hidden: [Int] = [33, 17])
        throws -> ResidualScorer
    {
        let shape = AutoencoderShape(features: features, window: 6, hidden: hidden)
        return try ResidualScorer(
            shape: shape, parameters: shape.initialParameters(seed: 2, group: "g"),
            backend: backend(name))
    }

    static let segments = [0..<3, 3..<4, 4..<80, 80..<211]

    /// Scoring a file at once and scoring its rows as they come gives the same bits.
    @Test(arguments: backends, [1, 5, 17, 150])
    func offlineIsOnline(backend: String, features: Int) throws {
        let rows = Samples.series(rows: 211, features: features)
        let scorer = try scorer(backend, features: features)
        let bulk = try scorer.residuals(of: rows, segments: Self.segments).elements
        let values = rows.elements
        let begins = Set(Self.segments.map(\.lowerBound))
        var history = SampleHistory()
        var online: [Float] = []
        for row in 0..<211 {
            online += try scorer.residual(
                of: Array(values[row * features..<(row + 1) * features]), beginsSegment: begins.contains(row),
                in: &history)
        }
        #expect(online.map(\.bitPattern) == bulk.map(\.bitPattern))
    }

    /// A sample's residual is that of the window that ends with it; in the warm-up the first sample is repeated.
    @Test(arguments: backends)
    func residualIsThatOfTheWindow(backend: String) throws {
        let rows = Samples.series(rows: 211, features: 5)
        let scorer = try scorer(backend)
        let bulk = try scorer.residuals(of: rows, segments: Self.segments)
        let oracle = ReferenceAutoencoder<Double>(shape: scorer.shape)
        let parameters = scorer.shape.initialParameters(seed: 2, group: "g").widened
        let values = rows.elements
        for segment in Self.segments {
            for row in segment {
                let window = (row - 5...row).flatMap { index -> [Double] in
                    let source = max(index, segment.lowerBound) * 5
                    return values[source..<source + 5].map(Double.init)
                }
                let expected = oracle.lastResiduals(
                    parameters: parameters, windows: Tensor(window, shape: [1, 6, 5])
                ).elements
                let found = (0..<5).map { Double(bulk[row, $0]) }
                #expect(largestDifference(found, expected) < 1e-5)
            }
        }
        #expect(bulk.elements.allSatisfy { $0.isFinite })
    }

    /// What comes later changes no residual.
    @Test func residualsAreCausal() throws {
        let rows = Samples.series(rows: 300, features: 5)
        var changed = rows
        for row in 150..<300 { changed[row, 2] = 100 }
        let scorer = try scorer()
        let before = try scorer.residuals(of: rows, segments: [0..<300]).elements
        let after = try scorer.residuals(of: changed, segments: [0..<300]).elements
        #expect(before[..<(150 * 5)] == after[..<(150 * 5)])
        #expect(before[(150 * 5)...] != after[(150 * 5)...])
    }

    /// Pieces of a long series fit together.
    @Test func longSeriesAreScoredInPieces() throws {
        let rows = Samples.series(rows: 9000, features: 2)
        let scorer = try scorer(features: 2, hidden: [3])
        let whole = try scorer.residuals(of: rows, segments: [0..<9000])
        let tail = Tensor(rows.elements[(4000 * 2)...], shape: [5000, 2])
        let part = try scorer.residuals(of: tail, segments: [0..<5000])
        for row in 5..<5000 { #expect(whole[4000 + row, 1] == part[row, 1]) }
    }

    @Test func exportSpreadsItsWindows() throws {
        let rows = Samples.series(rows: 211, features: 5)
        let scorer = try scorer()
        let export = try WindowExport(of: rows, segments: Self.segments, count: 40, scorer: scorer)
        #expect(export.windows.shape == [40, 6, 5])
        #expect(export.windowBytes.count == 40 * 6 * 5 * 4)
        let oracle = ReferenceAutoencoder<Double>(shape: scorer.shape)
        let expected = oracle.windowErrors(
            parameters: scorer.shape.initialParameters(seed: 2, group: "g").widened,
            windows: export.windows.widened
        ).elements
        for (found, wanted) in zip(export.errors, expected) { #expect(abs(Double(found) / wanted - 1) < 1e-5) }
        let all = try WindowExport(of: rows, segments: Self.segments, count: 10_000, scorer: scorer)
        #expect(all.errors.count == (76 - 5) + (131 - 5))
        #expect(String(decoding: try export.errorsJSON(), as: UTF8.self).hasPrefix("{\"errors\":["))
        let error = #expect(throws: ModelError.self) {
            try WindowExport(of: rows, segments: [0..<3], count: 4, scorer: scorer)
        }
        #expect(error?.code == .notEnoughData)
    }
}
