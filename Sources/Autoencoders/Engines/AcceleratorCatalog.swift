import Synchronization

/// The accelerators by the names that users give them.
public enum AcceleratorCatalog {
    /// The names that ``backend(named:threads:)`` knows; `opencl` may be followed by a device.
    public static let names = ["auto", "cpu", "cpu-bfloat16", "openblas", "opencl[:DEVICE]", "reference"]

    /// The backend of a name: `cpu`, `cpu-bfloat16` (training multiplies in bfloat16), `openblas`, `reference`, `opencl`
    /// (a graphics card where there is one, else the first device), `opencl:N` (the Nth, from 0), `opencl:TEXT` (the
    /// first whose name contains the text), or `auto`.
    ///
    /// `auto` follows a fixed rule, so that the same machine always gives the same bits: a graphics card that OpenCL
    /// offers and that computes a small network rightly, else `cpu`. Nothing is timed.
    ///
    /// - Throws: ``AcceleratorError`` when there is none of that name or it is not on this machine.
    /// - Precondition: `threads` is positive.
    public static func backend(named name: String, threads: Int = 1) throws -> any AcceleratorBackend {
        switch name {
        case "auto": return try graphicsCard() ?? VectorBackend(threads: threads)
        case "cpu": return try VectorBackend(threads: threads)
        case "cpu-bfloat16": return try VectorBackend(threads: threads, precision: .bfloat16)
        case "openblas": return try OpenBLASBackend(threads: threads)
        case "reference": return ReferenceBackend()
        case "opencl": return try openCL(choosing: nil)
        case _ where name.hasPrefix("opencl:"): return try openCL(choosing: String(name.dropFirst("opencl:".count)))
        default:
            throw AcceleratorError(
                .notAvailable, "accelerator `\(name)`", found: "the known ones are \(names.joined(separator: ", "))")
        }
    }

    /// The same, but when a device other than the CPU fails in the middle of its work, the CPU takes over and nothing is
    /// lost; see ``ResilientBackend``.
    ///
    /// - Parameter onFailure: hears one line of it; called on the thread that computes.
    /// - Throws: as ``backend(named:threads:)``.
    /// - Precondition: `threads` is positive.
    public static func backend(
        named name: String, threads: Int = 1, onFailure: @escaping @Sendable (String) -> Void
    ) throws -> any AcceleratorBackend {
        let chosen = try backend(named: name, threads: threads)
        guard chosen is OpenCLBackend else { return chosen }
        return ResilientBackend(chosen, spare: { try VectorBackend(threads: threads) }, onFailure: onFailure)
    }

    /// A device of this machine and the name that ``backend(named:threads:)`` takes for it.
    public struct Entry: Sendable {
        /// Such as `cpu` or `opencl:0`.
        public var name: String
        /// What it says of itself.
        public var device: DeviceDescription
    }

    /// Every device found here.
    ///
    /// - Precondition: `threads` is positive.
    public static func entries(threads: Int = 1) -> [Entry] {
        let processor = ["cpu", "cpu-bfloat16", "openblas", "reference"].compactMap { name in
            (try? backend(named: name, threads: threads).device).map { Entry(name: name, device: $0) }
        }
        let others = ((try? OpenCLLibrary.load().devices()) ?? []).map { device in
            Entry(name: "opencl:\(device.index)", device: DeviceDescription(device))
        }
        return processor + others
    }

    /// The name of the device that `auto` takes.
    public static func automaticName() -> String {
        guard let card = graphicsCard() else { return "cpu" }
        return "opencl:\(card.index)"
    }

    /// Backends on OpenCL devices: their kernels are compiled once a process.
    private static let made = Mutex<[Int: OpenCLBackend]>([:])

    private static func openCL(_ device: OpenCLDevice) throws -> OpenCLBackend {
        try made.withLock { made in
            if let backend = made[device.index] { return backend }
            let backend = try OpenCLBackend(device)
            made[device.index] = backend
            return backend
        }
    }

    private static func openCL(choosing text: String?) throws -> OpenCLBackend {
        let devices = try OpenCLLibrary.load().devices()
        let list = devices.map { "opencl:\($0.index) (\($0.name))" }.joined(separator: ", ")
        let chosen: OpenCLDevice?
        if let text, let number = Int(text) {
            chosen = devices.first { $0.index == number }
        } else if let text {
            chosen = text.isEmpty ? nil : devices.first { $0.name.lowercased().contains(text.lowercased()) }
        } else {
            chosen = devices.first { $0.kind == .gpu } ?? devices.first
        }
        guard let chosen else {
            throw AcceleratorError(
                .notAvailable, "accelerator `opencl:\(text ?? "")`", found: "there is no such device; here are \(list)")
        }
        return try openCL(chosen)
    }

    /// The graphics card that `auto` takes; looked for once.
    private static let card: OpenCLBackend? = {
        // A look at the system's device files first: without a card there is no need to load OpenCL, whose drivers may
        // bring a whole compiler into memory.
        guard OpenCLDevice.mayHaveGraphicsCard, let devices = try? OpenCLLibrary.load().devices() else { return nil }
        for device in devices where device.kind == .gpu {
            if let backend = try? openCL(device), backend.isHealthy() { return backend }
        }
        return nil
    }()

    private static func graphicsCard() -> OpenCLBackend? { card }
}
