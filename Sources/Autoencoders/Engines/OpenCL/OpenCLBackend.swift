import Glibc
public import Numerics

/// The backend that computes on a device of the OpenCL library: a graphics card or, through PoCL, the CPU.
public struct OpenCLBackend: AcceleratorBackend {
    private let context: OpenCLContext

    /// A backend on one device.
    ///
    /// - Throws: ``AcceleratorError`` when the device gives no context.
    package init(_ device: OpenCLDevice) throws {
        context = try OpenCLContext(device: device)
    }

    /// The device.
    public var device: DeviceDescription { DeviceDescription(context.device) }

    /// Its number in the library's list.
    var index: Int { context.device.index }

    /// An engine with zero weights.
    public func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine {
        try OpenCLEngine(context: context, shape: shape, maximumBatch: maximumBatch)
    }

    /// Whether the device computes the gradient of a small network as the reference does.
    package func isHealthy() -> Bool {
        let shape = AutoencoderShape(features: 3, window: 4, hidden: [5, 2])
        var generator = CounterBasedGenerator(seed: 0, purpose: "health")
        let parameters = Tensor<Float>(
            (0..<shape.parameterCount).map { _ in Float(generator.uniform() - 0.5) }, shape: [shape.parameterCount])
        let samples = Tensor<Float>((0..<60).map { _ in Float(generator.uniform()) }, shape: [20, 3])
        let batch = WindowBatch(samples: samples, starts: (0..<17).map { $0 }[...])
        func gradient(_ backend: some AcceleratorBackend) throws -> [Float] {
            let engine = try backend.makeEngine(shape: shape, maximumBatch: 17)
            try engine.setParameters(parameters)
            return try engine.lossAndGradient(batch).gradient.elements
        }
        guard let found = try? gradient(self), let expected = try? gradient(ReferenceBackend()) else { return false }
        let scale = expected.reduce(0) { max($0, $1.magnitude) }
        return zip(found, expected).allSatisfy { ($0 - $1).magnitude <= 1e-3 * scale }
    }
}

extension DeviceDescription {
    init(_ device: OpenCLDevice) {
        self.init(
            backend: "opencl", name: device.name, memoryBytes: device.memoryBytes, threads: device.units,
            precision: "float32")
    }
}

extension OpenCLDevice {
    /// Whether the system shows a device file that a graphics card's driver makes.
    static var mayHaveGraphicsCard: Bool {
        let files: [String] = ["/dev/dri/renderD128", "/dev/nvidiactl", "/dev/kfd", "/dev/mali0", "/dev/dxg"]
        return files.contains { unsafe access($0, F_OK) == 0 }
    }
}
