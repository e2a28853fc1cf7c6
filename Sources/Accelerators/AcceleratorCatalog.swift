/// The accelerators by the names that users give them.
public enum AcceleratorCatalog {
    /// The names that ``backend(named:threads:)`` knows.
    public static let names = ["auto", "cpu", "cpu-bfloat16", "reference"]

    /// The backend of a name: `cpu`, `cpu-bfloat16` (training multiplies in bfloat16), `reference`, or `auto` for the
    /// fastest one in single precision.
    ///
    /// - Throws: ``AcceleratorError`` when there is none of that name or it is not on this machine.
    /// - Precondition: `threads` is positive.
    public static func backend(named name: String, threads: Int = 1) throws -> any AcceleratorBackend {
        switch name {
        case "auto", "cpu": return try VectorBackend(threads: threads)
        case "cpu-bfloat16": return try VectorBackend(threads: threads, precision: .bfloat16)
        case "reference": return ReferenceBackend()
        default:
            throw AcceleratorError(
                .notAvailable, "accelerator `\(name)`", found: "the known ones are \(names.joined(separator: ", "))")
        }
    }

    /// Every device found here, the one that `auto` takes first.
    public static func devices(threads: Int = 1) -> [DeviceDescription] {
        ["cpu", "cpu-bfloat16", "reference"].compactMap { try? backend(named: $0, threads: threads).device }
    }
}
