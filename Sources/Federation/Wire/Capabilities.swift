/// What a worker can do and what it sees.
package struct Capabilities: Equatable, Sendable {
    /// What a worker computes with, and how fast that is.
    package struct Device: Equatable, Sendable {
        /// The device's own name.
        package var name: String
        /// What its training multiplies in, such as `float32`.
        package var precision: String
        /// Threads that it computes with.
        package var threads: UInt16
        /// Training windows a second of the standard autoencoder on this device; 0 when not measured.
        package var windowsPerSecond: Double
        /// The same on the CPU; equal where the CPU is the device. Their ratio is the α of placement.
        package var cpuWindowsPerSecond: Double

        /// A device with every field given.
        package init(
            name: String, precision: String, threads: UInt16, windowsPerSecond: Double = 0,
            cpuWindowsPerSecond: Double = 0
        ) {
            self.name = name
            self.precision = precision
            self.threads = threads
            self.windowsPerSecond = windowsPerSecond
            self.cpuWindowsPerSecond = cpuWindowsPerSecond
        }

        /// What is not known.
        package static let unknown = Device(name: "", precision: "", threads: 0)
    }

    /// CPU cores that it may use.
    package var cores: UInt16
    /// Its accelerator's backend, such as `cpu`.
    package var accelerator: String
    /// What stands behind that name.
    package var device: Device
    /// Rows of the training part by group, over the entities that it reaches by itself; empty before they are counted.
    package var samplesPerGroup: [String: UInt64]
    /// Names the columns that it reads (64 hexadecimal digits or empty).
    package var schemaHash: String

    /// Capabilities with every field given.
    package init(
        cores: UInt16, accelerator: String, device: Device = .unknown, samplesPerGroup: [String: UInt64],
        schemaHash: String
    ) {
        self.cores = cores
        self.accelerator = accelerator
        self.device = device
        self.samplesPerGroup = samplesPerGroup
        self.schemaHash = schemaHash
    }
}

extension Capabilities {
    /// Whether what it computes with is more than the CPU in single precision.
    package var namesAccelerator: Bool { !["", "cpu", "openblas", "reference"].contains(accelerator) }

    /// Time on its device over time on its CPU, below 1 where the device is an accelerator; `nil` where it is none, is no
    /// faster, or was not measured.
    package var accelerationFactor: Double? {
        guard namesAccelerator, device.windowsPerSecond > device.cpuWindowsPerSecond, device.cpuWindowsPerSecond > 0
        else { return nil }
        return device.cpuWindowsPerSecond / device.windowsPerSecond
    }

    func encode(into writer: inout WireWriter) {
        writer.put(cores)
        writer.put(accelerator)
        writer.put(device.name)
        writer.put(device.precision)
        writer.put(device.threads)
        writer.put(device.windowsPerSecond)
        writer.put(device.cpuWindowsPerSecond)
        writer.put(schemaHash)
        writer.put(samplesPerGroup.sorted { $0.key < $1.key }) { writer, pair in
            writer.put(pair.key)
            writer.put(pair.value)
        }
    }

    init(from reader: inout WireReader) throws(FederationError) {
        cores = try reader.integer("cores")
        accelerator = try reader.string("accelerator", limit: WireLimits.name)
        device = Device(
            name: try reader.string("device", limit: WireLimits.name),
            precision: try reader.string("precision", limit: WireLimits.name),
            threads: try reader.integer("threads"), windowsPerSecond: try reader.amount("windows a second"),
            cpuWindowsPerSecond: try reader.amount("windows a second on the CPU"))
        schemaHash = try reader.string("schema hash", limit: 64)
        let samples = try reader.array("samples per group", limit: WireLimits.groups) {
            reader throws(FederationError) -> (String, UInt64) in
            (try reader.string("group", limit: WireLimits.group), try reader.integer("samples"))
        }
        samplesPerGroup = Dictionary(samples, uniquingKeysWith: { first, _ in first })
    }
}
