import COpenCL

/// One device of the OpenCL library and what it says of itself.
///
/// Unchecked: the identifier names a device for as long as the process lives, and is only handed to OpenCL, which
/// allows that from any thread.
@safe
package struct OpenCLDevice: @unchecked Sendable {
    /// Where it computes.
    package enum Kind: String, Sendable {
        /// A processor of the machine, such as PoCL's.
        case cpu
        /// A graphics card.
        case gpu
        /// Anything else.
        case accelerator
    }

    /// The library it belongs to.
    package let library: OpenCLLibrary
    let id: UnsafeMutableRawPointer
    /// Its number in the library's list: N of `opencl:N`.
    package let index: Int
    /// Its own name, without control characters.
    package let name: String
    /// Version of its driver, likewise.
    package let driver: String
    /// Where it computes.
    package let kind: Kind
    /// Bytes of its memory.
    package let memoryBytes: UInt64
    /// Most bytes of one buffer; a test may lower it.
    package var largestBuffer: UInt64
    /// Bytes of local memory of a work-group; a test may lower it.
    package var localBytes: Int
    /// Compute units.
    package let units: Int
    /// Floats that it prefers to compute at a time; 1 where that is not a matter of vectors. A test may change it.
    package var vectorWidth: Int
    /// Most work-items of a work-group.
    let largestGroup: Int

    /// What a device says; `nil` for one that cannot compile kernels of OpenCL 1.2 or is not available now.
    init?(library: OpenCLLibrary, id: UnsafeMutableRawPointer, index: Int) {
        func number<Value: FixedWidthInteger>(_ name: Int, as: Value.Type) -> Value? {
            var value: Value = 0
            let status = unsafe library.functions.getDeviceInfo(
                id, UInt32(name), MemoryLayout<Value>.size, &value, nil)
            return status == 0 ? value : nil
        }
        func text(_ name: Int) -> String {
            var size = 0
            guard unsafe library.functions.getDeviceInfo(id, UInt32(name), 0, nil, &size) == 0, size > 0, size < 65_536
            else { return "" }
            var bytes = [UInt8](repeating: 0, count: size)
            guard unsafe library.functions.getDeviceInfo(id, UInt32(name), size, &bytes, nil) == 0 else { return "" }
            return Self.printable(bytes)
        }
        guard number(OCLDeviceAvailable, as: UInt32.self) == 1,
            number(OCLDeviceCompilerAvailable, as: UInt32.self) == 1,
            Self.isRecent(text(OCLDeviceVersion)), let type = number(OCLDeviceType, as: UInt64.self),
            let memory = number(OCLDeviceGlobalMemorySize, as: UInt64.self),
            let largest = number(OCLDeviceMaxMemoryAllocation, as: UInt64.self),
            let group = number(OCLDeviceMaxWorkGroupSize, as: Int.self), group > 0
        else { return nil }
        self.library = library
        unsafe self.id = unsafe id
        self.index = index
        let name = text(OCLDeviceName)
        self.name = name.isEmpty ? "device \(index)" : name
        driver = text(OCLDriverVersion)
        kind =
            type & UInt64(OCLTypeGPU) != 0
            ? .gpu : type & UInt64(OCLTypeCPU) != 0 ? .cpu : .accelerator
        memoryBytes = memory
        largestBuffer = largest
        localBytes = Int(clamping: number(OCLDeviceLocalMemorySize, as: UInt64.self) ?? 0)
        units = Int(clamping: number(OCLDeviceMaxComputeUnits, as: UInt32.self) ?? 1)
        vectorWidth = Int(clamping: number(OCLDeviceNativeVectorWidthFloat, as: UInt32.self) ?? 1)
        largestGroup = group
    }

    /// `OpenCL 1.2 …` or later.
    private static func isRecent(_ version: String) -> Bool {
        let parts = version.split(separator: " ")
        guard parts.count >= 2, parts[0] == "OpenCL" else { return false }
        let numbers = parts[1].split(separator: ".").compactMap { Int($0) }
        return numbers.count >= 2 && (numbers[0], numbers[1]) >= (1, 2)
    }

    /// A driver's text as one line of at most 100 characters, without control characters: it goes to terminals and
    /// logs.
    package static func printable(_ bytes: [UInt8]) -> String {
        var line = String.UnicodeScalarView()
        for scalar in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(String(line).split(separator: " ").joined(separator: " ").prefix(100))
    }
}
