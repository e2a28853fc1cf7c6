import Autoencoders
import Numerics
import Testing

@Suite struct TrainingSetTests {
    /// The windows themselves, without where they lie.
    private func contents(_ set: TrainingSet, _ starts: [Int], window: Int) -> [[Float]] {
        let values = set.samples.elements
        return starts.map { Array(values[$0 * set.features..<($0 + window) * set.features]) }
    }

    /// Rows whose only value is their number.
    private func numbered(_ rows: Int, from first: Int = 0) -> Tensor<Float> {
        Tensor((first..<first + rows).map { Float($0) }, shape: [rows, 1])
    }

    private func configuration(window: Int, stride: Int, share: Double) -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = window
        configuration.stride = stride
        configuration.heldOutShare = share
        return configuration
    }

    /// Every window that fits a segment and one side of the cut is there, once, and no other.
    @Test(arguments: [(4, 1, 0.2), (4, 3, 0.2), (1, 1, 0.5), (3, 7, 0.0), (10, 2, 0.1)])
    func windowsAreThoseOfTheSegments(window: Int, stride: Int, share: Double) throws {
        let segments = [0..<700, 700..<703, 703..<1600]
        var builder = TrainingSetBuilder(
            group: "g", features: 1,
            configuration: configuration(window: window, stride: stride, share: share))
        builder.append(numbered(1600), segments: segments, series: "a")
        let set = try builder.finish()
        let cut = TrainingSetBuilder.firstHeldOutRow(rows: 1600, share: share)
        let all = segments.flatMap { segment in
            Swift.stride(from: segment.lowerBound, through: segment.upperBound - window, by: stride)
        }
        let expected = (all.filter { $0 + window <= cut }, all.filter { $0 >= cut })
        func first(_ starts: [Int]) -> [Int] { contents(set, starts, window: window).map { Int($0[0]) } }
        #expect(first(set.trainingStarts) == expected.0)
        #expect(first(set.heldOutStarts) == expected.1)
        for rows in contents(set, set.trainingStarts + set.heldOutStarts, window: window) {
            #expect(zip(rows, rows.dropFirst()).allSatisfy { $0 + 1 == $1 })
        }
        #expect(set.offeredWindows == all.count)
    }

    /// Chunks of any size, also of one row, give the same set as the whole.
    @Test(arguments: [1, 7, 100, 511])
    func chunksChangeNothing(chunk: Int) throws {
        let configuration = configuration(window: 5, stride: 2, share: 0.1)
        var whole = TrainingSetBuilder(group: "g", features: 1, configuration: configuration)
        whole.append(numbered(1500), segments: [0..<900, 900..<1500], series: "a")
        var pieces = TrainingSetBuilder(group: "g", features: 1, configuration: configuration)
        for first in Swift.stride(from: 0, to: 1500, by: chunk) {
            let end = min(first + chunk, 1500)
            var bounds = [0]
            if first < 900, 900 < end { bounds.append(900 - first) }
            bounds.append(end - first)
            pieces.append(
                numbered(end - first, from: first), segments: zip(bounds, bounds.dropFirst()).map { $0..<$1 },
                series: "a", continuing: first != 0 && first != 900)
        }
        #expect(try whole.finish().checksum == pieces.finish().checksum)
    }

    /// Small samples are of many pieces too, and have windows that are held out.
    @Test(arguments: [1, 100, 300, 1_000]) func smallSamplesAreBoundedToo(maximum: Int) throws {
        var configuration = configuration(window: 4, stride: 1, share: 0.3)
        configuration.maximumWindows = maximum
        var builder = TrainingSetBuilder(group: "g", features: 2, configuration: configuration)
        for number in 0..<4 {
            builder.append(
                Samples.series(rows: 5_000, features: 2, seed: UInt64(number)), segments: [0..<5_000],
                series: "series \(number)")
        }
        guard maximum > 1 else { return _ = try? builder.finish() }
        let set = try builder.finish()
        let kept = set.trainingStarts.count + set.heldOutStarts.count
        #expect(kept <= maximum && Double(kept) > 0.8 * Double(maximum))
        #expect(!set.heldOutStarts.isEmpty)
    }

    /// A sample of the windows stays within the maximum, does not depend on the order of the series, and takes
    /// about as many from each of two equal series.
    @Test func samplingIsBoundedAndOrderless() throws {
        var configuration = configuration(window: 4, stride: 1, share: 0.1)
        configuration.maximumWindows = 10_000
        let series = (0..<4).map { ("series \($0)", Samples.series(rows: 20_000, features: 2, seed: UInt64($0))) }
        func build(_ order: [Int]) throws -> TrainingSet {
            var builder = TrainingSetBuilder(group: "g", features: 2, configuration: configuration)
            for index in order {
                builder.append(series[index].1, segments: [0..<20_000], series: series[index].0)
            }
            return try builder.finish()
        }
        let set = try build([0, 1, 2, 3])
        #expect(set.offeredWindows == 4 * 19_997)
        let kept = set.trainingStarts.count + set.heldOutStarts.count
        #expect(kept <= 10_000 && kept > 9_000)
        #expect(try build([3, 1, 0, 2]).checksum == set.checksum)
        let share = Double(set.heldOutStarts.count) / Double(kept)
        #expect(share > 0.02 && share < 0.25)
    }

    @Test func tooFewSamplesAreNamed() {
        var builder = TrainingSetBuilder(
            group: "physical.cpu", features: 1, configuration: configuration(window: 20, stride: 1, share: 0.1))
        builder.append(numbered(19), segments: [0..<19], series: "a")
        let filled = builder
        let error = #expect(throws: ModelError.self) { try filled.finish() }
        #expect(error?.code == .notEnoughData)
        #expect(error?.description.contains("physical.cpu") == true)
    }
}

@Suite struct InitializationTests {
    @Test func weightsAreUniformWithinTheBound() {
        let shape = AutoencoderShape(features: 9, window: 4, hidden: [16, 4])
        let values = shape.initialParameters(seed: 1, group: "g").elements
        let layers = shape.layers
        for (index, parameter) in shape.parameters.enumerated() {
            let width = index / 4 < layers.count ? layers[index / 4].outputs : 16
            let bound = 1 / Float(width).squareRoot()
            let part = values[parameter.offset..<parameter.offset + parameter.count]
            #expect(part.allSatisfy { abs($0) <= bound })
            #expect((part.map { abs($0) }.max() ?? 0) > 0.6 * bound, "\(parameter.name)")
        }
    }

    @Test func seedAndGroupDecide() {
        let shape = AutoencoderShape(features: 2, window: 4, hidden: [3])
        let first = shape.initialParameters(seed: 1, group: "a")
        #expect(shape.initialParameters(seed: 1, group: "a") == first)
        #expect(shape.initialParameters(seed: 2, group: "a") != first)
        #expect(shape.initialParameters(seed: 1, group: "b") != first)
    }
}

@Suite struct TrainingSetShareTests {
    @Test(arguments: [1, 2, 3, 7]) func sharesAreAPartition(count: Int) throws {
        var configuration = TrainingConfiguration()
        configuration.window = 4
        var builder = TrainingSetBuilder(group: "g", features: 1, configuration: configuration)
        builder.append(
            Tensor(Array(stride(from: Float(0), to: 100, by: 1)), shape: [100, 1]), segments: [0..<100], series: "s",
            continuing: false)
        let whole = try builder.finish()
        let parts = (0..<count).map { whole.share($0, of: count) }
        #expect(parts.flatMap(\.trainingStarts) == whole.trainingStarts)
        #expect(parts.flatMap(\.heldOutStarts) == whole.heldOutStarts)
        let sizes = parts.map(\.trainingStarts.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        #expect(Set(parts.map(\.checksum)).count == count)
        let first = whole.prefix(windows: 10)
        #expect(first.trainingStarts == Array(whole.trainingStarts.prefix(10)))
        #expect(first.heldOutStarts.count == 1)
        #expect(whole.prefix(windows: 1_000).trainingStarts == whole.trainingStarts)
    }
}
