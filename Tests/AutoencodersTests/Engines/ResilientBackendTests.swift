import Autoencoders
import COpenCL
import Numerics
import Synchronization
import TestSupport
import Testing

/// The real functions of the library behind those that a test makes fail, and launches until then.
private enum FaultyDriver {
    static let real = try? OpenCLLibrary.load()
    static let launchesLeft = Atomic<Int>(Int.max)

    /// The library with kernels that fail, with the error of a device that ran out of resources, once launches run out.
    static func library() throws -> OpenCLLibrary {
        var library = try OpenCLLibrary.load()
        library.functions.enqueueNDRangeKernel = {
            queue, kernel, dimensions, offset, global, local, count, wait, event in
            guard FaultyDriver.launchesLeft.subtract(1, ordering: .relaxed).newValue >= 0,
                let real = FaultyDriver.real?.functions.enqueueNDRangeKernel
            else { return -5 }
            return real(queue, kernel, dimensions, offset, global, local, count, wait, event)
        }
        return library
    }
}

@Suite(.serialized) struct ResilientBackendTests {
    private let problem = Problem(features: 5, window: 4, hidden: [9, 4], count: 40)

    private func train(_ backend: some AcceleratorBackend, epochs: Int = 3) throws -> (
        Tensor<Float>, AdamState, [Double]
    ) {
        let engine = try backend.makeEngine(shape: problem.shape, maximumBatch: 8)
        try engine.setParameters(problem.parameters)
        try engine.setOptimizerState(AdamState(parameterCount: problem.shape.parameterCount))
        var losses: [Double] = []
        for _ in 0..<epochs {
            losses += try engine.trainSteps(problem.batch, size: 8, adam: AdamConfiguration())
            _ = try engine.parameters()
            _ = try engine.optimizerState()
            losses += try engine.windowErrors(problem.batch).elements.map(Double.init)
        }
        return (try engine.parameters(), try engine.optimizerState(), losses)
    }

    /// Wherever it fails, the result is that of a run that never did: both devices here compute the same bits.
    @Test(arguments: [-1, 0, 1, 4, 5, 7, 14, 15], [AcceleratorError.Code.deviceFailed, .outOfMemory])
    func nothingIsLost(_ batches: Int, _ code: AcceleratorError.Code) throws {
        let told = Told()
        let backend = ResilientBackend(
            FailingBackend(inner: try VectorBackend(), batches: batches, code: code),
            spare: { try VectorBackend() }, onFailure: { told.add($0) })
        let found = try train(backend)
        let expected = try train(try VectorBackend())
        #expect(found.0 == expected.0 && found.1 == expected.1 && found.2 == expected.2)
        #expect(told.all.count == (batches == 15 ? 0 : 1))
    }

    /// Parameters set between two batches, as a proximal term does, are part of what is remembered.
    @Test func parametersSetInTheMiddleAreKept() throws {
        func run(_ backend: some AcceleratorBackend) throws -> Tensor<Float> {
            let engine = try backend.makeEngine(shape: problem.shape, maximumBatch: 40)
            try engine.setParameters(problem.parameters)
            for _ in 0..<4 {
                _ = try engine.trainStep(problem.batch, adam: AdamConfiguration())
                let halved = try engine.parameters().elements.map { $0 / 2 }
                try engine.setParameters(Tensor(halved, shape: [halved.count]))
            }
            return try engine.parameters()
        }
        let backend = ResilientBackend(
            FailingBackend(inner: try VectorBackend(), batches: 2), spare: { try VectorBackend() }, onFailure: { _ in })
        #expect(try run(backend) == run(try VectorBackend()))
    }

    /// A device that failed is not used by later engines; one that had no memory is.
    @Test func aLostDeviceIsLeftAlone() throws {
        for (code, count) in [(AcceleratorError.Code.deviceFailed, 1), (.outOfMemory, 1)] {
            let told = Told()
            let backend = ResilientBackend(
                FailingBackend(inner: try VectorBackend(), batches: 0, code: code), spare: { ReferenceBackend() },
                onFailure: { told.add($0) })
            for _ in 0..<2 { _ = try train(backend, epochs: 1) }
            #expect(told.all.count == count)
            #expect(told.all.allSatisfy { $0.contains("made to fail") && $0.contains("going on with reference") })
        }
    }

    /// Errors that are not the device's are not swallowed.
    @Test func otherErrorsComeThrough() throws {
        let backend = ResilientBackend(
            FailingBackend(inner: try VectorBackend(), batches: 1, code: .threads), spare: { ReferenceBackend() },
            onFailure: { _ in })
        #expect(throws: AcceleratorError.self) { try train(backend) }
    }

    /// A real OpenCL device whose driver begins to fail, at any point: training ends as on the CPU, within rounding.
    @Test(
        .enabled(if: (try? OpenCLLibrary.load().devices()) != nil, "needs an OpenCL device (pocl-opencl-icd)"),
        arguments: [1, 40, 150, 400])
    func aFailingDriver(_ launches: Int) throws {
        let told = Told()
        let device = try #require(try FaultyDriver.library().devices().first)
        let backend = ResilientBackend(
            try OpenCLBackend(device), spare: { try VectorBackend() }, onFailure: { told.add($0) })
        FaultyDriver.launchesLeft.store(launches, ordering: .relaxed)
        defer { FaultyDriver.launchesLeft.store(Int.max, ordering: .relaxed) }
        let found = try train(backend)
        let expected = try train(try VectorBackend())
        #expect(told.all.count == 1 && told.all[0].contains("OpenCL error -5 (out of resources)"))
        #expect(found.1.step == expected.1.step)
        for (a, b) in zip(found.2, expected.2) { #expect(abs(a / b - 1) < 1e-3) }
    }

    /// A network that the device's memory cannot hold is its own error, by the library's word.
    @Test(.enabled(if: (try? OpenCLLibrary.load().devices()) != nil, "needs an OpenCL device (pocl-opencl-icd)"))
    func noMemoryOnTheDevice() throws {
        var library = try OpenCLLibrary.load()
        library.functions.createBuffer = { _, _, _, _, status in
            status?.pointee = -4
            return nil
        }
        let device = try #require(try library.devices().first)
        let backend = try OpenCLBackend(device)
        let error = #expect(throws: AcceleratorError.self) {
            try backend.makeEngine(shape: problem.shape, maximumBatch: 8)
        }
        #expect(error?.code == .outOfMemory)
        let told = Told()
        let resilient = ResilientBackend(backend, spare: { try VectorBackend() }, onFailure: { told.add($0) })
        #expect(try train(resilient).0 == train(try VectorBackend()).0)
        #expect(told.all.count == 1 && told.all[0].contains("OpenCL error -4"))
    }
}
